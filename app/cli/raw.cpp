// `raw put`.
#include <iostream>

#include "app/cli/functions.hpp"
#include "app/cli/input.hpp"
#include "app/cli/record_sink.hpp"
#include "app/cli/with_backend.hpp"
#include "crypto/envelope.hpp"

namespace cybexd::app::cli {
namespace {

constexpr std::size_t largest_record = 64u << 20;
constexpr std::size_t envelope_bytes = 4u << 20, envelope_records = 10'000;

/// Lines that cannot be put: each is told at once, and the others go on.
class left_out {
 public:
  void add(const std::string& file, std::uint64_t number, const std::string& why) {
    constexpr std::int64_t most_shown = 1000;
    if (++count_ > most_shown) return;
    std::cerr << file << ":" << number << ": not put: " << why << "\n";
    details_.push_back(
        tahoe::object{{"file", file}, {"line", static_cast<std::int64_t>(number)}, {"error", why}});
  }

  [[nodiscard]] std::int64_t count() const { return count_; }
  [[nodiscard]] tahoe::array details() && { return std::move(details_); }

 private:
  std::int64_t count_ = 0;
  tahoe::array details_;
};

/// Cuts a file of lines into records or envelopes of many. A line keeps its number: blank ones, and those
/// that go another way, stand as blank lines in the envelope; one that begins further down is named
/// `file:line`.
class line_sender {
 public:
  line_sender(record_sink& into, const input_file& file, bool many) : into_(into), file_(file), many_(many) {}

  expected<void> send(left_out& without) {
    progress shown("raw put");
    line_reader lines(file_.number(), largest_record);
    std::string line;
    for (;; ++number_) {
      const auto got = lines.next(line);
      if (got == line_reader::outcome::broken)
        return fail(failure::unavailable, file_.name + " cannot be read");
      if (got == line_reader::outcome::end) return end_envelope();
      if (got == line_reader::outcome::too_long) {
        without.add(file_.name, number_, "the line is longer than 64 MiB");
        line.clear();
      }
      if (auto added = add(line); !added) return added;
      shown.at(into_.records, 0);
    }
  }

 private:
  expected<void> add(const std::string& line) {
    const bool blank = line.find_first_not_of(" \t\r") == std::string::npos;
    // A line that is not UTF-8 would spoil the envelope it stands in: it gets one of its own.
    const bool alone = !blank && (!many_ || !crypto::is_utf8(line));
    if (alone) {
      if (auto put = into_.put({name_of(number_), line, false, 1}); !put) return put;
    }
    if (!many_) return {};
    if (!blank && !alone) {
      text_ += line;
      ++records_;
    }
    text_ += '\n';
    return text_.size() >= envelope_bytes || records_ >= envelope_records ? end_envelope() : expected<void>{};
  }

  [[nodiscard]] std::string name_of(std::uint64_t line) const {
    return file_.short_name() + ":" + std::to_string(line);
  }

  expected<void> end_envelope() {
    expected<void> sent;
    if (records_ > 0)
      sent = into_.put(
          {first_line_ == 1 ? file_.short_name() : name_of(first_line_), std::move(text_), true, records_});
    text_.clear();
    records_ = 0;
    first_line_ = number_ + 1;
    return sent;
  }

  record_sink& into_;
  const input_file& file_;
  const bool many_;
  std::uint64_t number_ = 1;      ///< Of the line that is read.
  std::uint64_t first_line_ = 1;  ///< Of `text_`.
  std::string text_;
  std::uint64_t records_ = 0;
};

expected<void> send_file(const invocation& call, const input_file& file, record_sink& into,
                         left_out& without) {
  if (call.has("lines") || call.has("ndjson"))
    return line_sender(into, file, call.has("ndjson")).send(without);
  auto text = read_all(file.number(), largest_record, file.name);
  if (!text) return fail(text.error());
  return into.put({file.short_name(), std::move(*text), false, 1, call.has("sealed")});
}

int send_all(const invocation& call, record_sink& into) {
  const auto files = open_inputs(call.texts("file"));
  if (!files) return tell(call, files.error());
  expected<void> sent;
  left_out without;
  for (const auto& file : *files) {
    sent = send_file(call, file, into, without);
    if (!sent) break;
  }
  if (sent) sent = into.flush();
  auto stored = std::to_string(into.records) + " records in " + std::to_string(into.entries) +
                (into.entries == 1 ? " envelope" : " envelopes");
  if (!sent) {
    return tell(call, {sent.error().kind, sent.error().text + "; stored before that: " + stored +
                                              " (sending them again does no harm)"});
  }
  tahoe::object made{{"records", static_cast<std::int64_t>(into.records)},
                     {"entries", static_cast<std::int64_t>(into.entries)}};
  if (without.count() == 0) return answer(call, std::move(made), stored);
  stored += ", " + std::to_string(without.count()) + " lines not put";
  made.emplace_back("not_put", without.count());
  made.emplace_back("details", std::move(without).details());
  const int told = answer(call, std::move(made), stored);
  return told == done ? failed : told;
}

}  // namespace

int raw_put(const invocation& call) {
  if (call.has("lines") && call.has("ndjson"))
    return tell_usage(call, "--lines and --ndjson exclude each other");
  if (call.has("sealed") && (call.has("lines") || call.has("ndjson") || call.has("server")))
    return tell_usage(call, "--sealed goes with none of --lines, --ndjson and --server");
  if (call.has("server") != call.has("token-file"))
    return tell_usage(call, "--server and --token-file go together");
  if (call.has("ca-file") && !call.has("server"))
    return tell_usage(call, "--ca-file is for --server https://...");
  if (call.has("server")) {
    auto into = server_sink(call);
    return into ? send_all(call, **into) : tell(call, into.error());
  }
  return with_backend(call, [&](backend& to) -> int { return send_all(call, *lake_sink(call, to)); });
}

}  // namespace cybexd::app::cli
