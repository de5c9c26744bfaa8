#include "app/cli/output.hpp"

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <filesystem>
#include <iostream>

#include "crypto/secret.hpp"
#include "tahoe/json.hpp"

extern char** environ;  // NOLINT: POSIX names it so

namespace cybexd::app::cli {
namespace {

/// What a person can do about each kind of failure of a command. Nothing is waited for by those that make
/// files, and `status` knows nothing of what hinders a start; what is damaged in a backup `verify` does not
/// see.
std::string_view next_step(std::string_view command, failure kind) {
  const bool alone = command == "init" || command == "keygen" || command == "run" || command == "restore" ||
                     command == "seal" || command == "open" || command == "hash";
  if (alone && (kind == failure::unavailable || kind == failure::corrupt)) return {};
  switch (kind) {
    case failure::overloaded:
      return "The server has too much to do: try again in a moment.";
    case failure::timed_out:
      return "It took too long: `cybexd status` shows what the server is doing.";
    case failure::unavailable:
      return "It may come back: `cybexd status` shows what is missing; then try again.";
    case failure::corrupt:
      return "`cybexd verify` shows what else is damaged.";
    case failure::internal:
      return "This is a fault of cybexd itself: please report it with this message.";
    default:
      return {};
  }
}

tahoe::value as_value(const mistake& m) {
  return tahoe::object{
      {"file", m.source},   {"line", std::int64_t{m.line}}, {"column", std::int64_t{m.column}},
      {"key", m.key},       {"problem", m.problem},         {"was", m.was},
      {"may_be", m.may_be}, {"message", to_text(m)}};
}

}  // namespace

const std::map<std::string, std::string>& environment() {
  static const auto all = [] {
    std::map<std::string, std::string> found;
    for (char** one = environ; one && *one; ++one) {
      const std::string_view line(*one);
      const auto equals = line.find('=');
      if (equals != std::string_view::npos) found.emplace(line.substr(0, equals), line.substr(equals + 1));
    }
    return found;
  }();
  return all;
}

tl::expected<configuration, int> configuration_of(const invocation& call, bool may_lack_file) {
  config_request request;
  request.file = call.config;
  request.sets = call.sets;
  request.environment = environment();
  request.may_lack_file = may_lack_file;
  std::error_code problem;
  request.folder = std::filesystem::current_path(problem).string();
  return configuration_from(call, request);
}

tl::expected<configuration, int> configuration_from(const invocation& call, const config_request& request) {
  auto config = read_config(request);
  if (config) return std::move(*config);
  return tl::unexpected(tell_mistakes(call, config.error()));
}

int tell_mistakes(const invocation& call, const std::vector<mistake>& mistakes) {
  for (const auto& m : mistakes) std::cerr << to_text(m) << "\n";
  std::cerr << "cybexd " << call.name << ": " << mistakes.size()
            << (mistakes.size() == 1 ? " mistake" : " mistakes")
            << " in the configuration. `cybexd config check` checks it again.\n";
  if (call.json) {
    tahoe::array all;
    for (const auto& m : mistakes) all.push_back(as_value(m));
    std::cout << tahoe::to_json(tahoe::object{{"ok", false},
                                              {"error", "mistakes in the configuration"},
                                              {"kind", "bad input"},
                                              {"mistakes", std::move(all)}})
              << std::endl;
  }
  return wrong_usage;
}

void print_error(const error& e) {
  std::cout << tahoe::to_json(tahoe::object{{"error", e.text}, {"kind", to_string(e.kind)}}) << std::endl;
}

int tell(const invocation& call, const error& e) {
  std::cerr << "cybexd " << call.name << ": " << e.text << "\n";
  if (const auto next = next_step(call.name, e.kind); !next.empty()) std::cerr << next << "\n";
  if (call.json) print_error(e);
  return failed;
}

int tell_usage(const invocation& call, std::string_view text) {
  std::cerr << "cybexd " << call.name << ": " << text << "\nSee `cybexd " << call.name << " --help`.\n";
  if (call.json) print_error({failure::bad_input, std::string(text)});
  return wrong_usage;
}

int output_lost(const invocation& call, std::string_view what_stands) {
  // A reader that has seen enough (`| head -1`) is no fault.
  if (errno != EPIPE) std::cerr << "cybexd " << call.name << ": standard output cannot be written\n";
  if (!what_stands.empty()) std::cerr << what_stands << "\n";
  return failed;
}

int answer(const invocation& call, const tahoe::value& machine, std::string_view people,
           std::string_view what_stands) {
  if (call.json)
    std::cout << tahoe::to_json(machine) << "\n";
  else
    std::cout << people;
  if (!call.json && !people.empty() && people.back() != '\n') std::cout << "\n";
  std::cout.flush();
  return std::cout ? done : output_lost(call, what_stands);
}

std::string table_text(const std::vector<std::string>& head,
                       const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& cell : head) widths.push_back(cell.size());
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size() && i < widths.size(); ++i)
      widths[i] = std::max(widths[i], row[i].size());
  }
  std::string out;
  const auto add = [&](const std::vector<std::string>& row) {
    for (std::size_t i = 0; i < row.size() && i < widths.size(); ++i) {
      out += row[i];
      if (i + 1 < row.size()) out.append(widths[i] - row[i].size() + 2, ' ');
    }
    out += '\n';
  };
  add(head);
  for (const auto& row : rows) add(row);
  return out;
}

std::string text_of(const tahoe::value& v, std::string_view key) {
  const auto* found = v.find(key);
  const auto* text = found ? found->text() : nullptr;
  return text ? *text : std::string{};
}

std::string shown(const tahoe::value& v, std::string_view key) {
  const auto* found = v.find(key);
  if (!found || found->is_null()) return {};
  if (const auto* text = found->text()) return *text;
  return tahoe::to_json(*found);
}

std::int64_t integer_of(const tahoe::value& v, std::string_view key) {
  const auto* found = v.find(key);
  const auto* number = found ? found->get_if<std::int64_t>() : nullptr;
  return number ? *number : 0;
}

progress::progress(std::string what, std::chrono::steady_clock::time_point began)
    : what_(std::move(what)), on_(::isatty(STDERR_FILENO) == 1), began_(began), last_(began) {}

progress::~progress() {
  if (written_) std::fputs("\r\x1b[K", stderr);
}

void progress::at(std::uint64_t done, std::uint64_t total, std::uint64_t errors) {
  const auto now = std::chrono::steady_clock::now();
  constexpr std::chrono::milliseconds between{200};
  if (!on_ || (written_ && now - last_ < between)) return;
  last_ = now;
  written_ = true;
  const std::chrono::duration<double> passed = now - began_;
  std::fprintf(stderr, "\r\x1b[K%s: %" PRIu64 " done", what_.c_str(), done);
  if (total > done) std::fprintf(stderr, ", %" PRIu64 " remaining", total - done);
  if (passed >= between) std::fprintf(stderr, ", %.0f a second", static_cast<double>(done) / passed.count());
  std::fprintf(stderr, ", %" PRIu64 " errors", errors);
  std::fflush(stderr);
}

progress_of_parts::progress_of_parts(std::string what)
    : what_(std::move(what)), asked_(std::chrono::steady_clock::now()), shown_(what_) {}

void progress_of_parts::at(std::string_view part, std::uint64_t done, std::uint64_t total,
                           std::uint64_t errors) {
  if (part != part_) {
    part_ = part;
    shown_.emplace(what_ + ", " + part_, asked_);
  }
  asked_ = std::chrono::steady_clock::now();
  shown_->at(done, total, errors);
}

std::optional<std::string> ask_password(const std::string& prompt) {
  const int terminal = ::open("/dev/tty", O_RDWR | O_CLOEXEC);
  if (terminal < 0) return std::nullopt;
  termios before{};
  if (::tcgetattr(terminal, &before) != 0) {
    ::close(terminal);
    return std::nullopt;
  }
  termios silent = before;
  silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  ::tcsetattr(terminal, TCSAFLUSH, &silent);
  std::optional<std::string> line;
  if (::write(terminal, prompt.data(), prompt.size()) >= 0) {
    char letter = 0;
    std::string text;
    while (text.size() < 1024 && ::read(terminal, &letter, 1) == 1 && letter != '\n') text += letter;
    line = std::move(text);
  }
  ::tcsetattr(terminal, TCSAFLUSH, &before);
  if (::write(terminal, "\n", 1) < 0) line.reset();
  ::close(terminal);
  return line;
}

}  // namespace cybexd::app::cli
