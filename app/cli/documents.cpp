// import, export, get, digest, verify.
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <iostream>

#include "app/cli/functions.hpp"
#include "app/cli/input.hpp"
#include "app/cli/watch.hpp"
#include "app/cli/with_backend.hpp"
#include "app/signals.hpp"
#include "crypto/digest.hpp"
#include "crypto/envelope.hpp"
#include "tahoe/json.hpp"

namespace cybexd::app::cli {
namespace {

constexpr std::size_t batch_lines = 1000, batch_bytes = 4u << 20;
constexpr std::size_t longest_line = 256u << 20;
constexpr std::size_t most_refused_shown = 10'000;

/// Sends the lines of all files in batches and adds up what became of them.
class importer {
 public:
  importer(const invocation& call, backend& to) : call_(call), to_(to), progress_("import") {}

  expected<void> add(const std::string& file, std::uint64_t number, std::string line) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) return {};
    if (!crypto::is_utf8(line)) {
      refuse(file, number, "the line is not UTF-8");
      return {};
    }
    bytes_ += line.size();
    lines_.emplace_back(std::move(line));
    places_.emplace_back(file, number);
    return lines_.size() >= batch_lines || bytes_ >= batch_bytes ? flush() : expected<void>{};
  }

  expected<void> flush() {
    if (lines_.empty()) return {};
    const auto done =
        to_.call("import", tahoe::object{{"store", call_.text("store")}, {"lines", std::move(lines_)}});
    if (!done) return fail(done.error());
    stored_ += integer_of(*done, "stored");
    known_ += integer_of(*done, "known");
    for (const auto& one : *done->find("refused")->get_if<tahoe::array>()) {
      const auto& [file, number] = places_[static_cast<std::size_t>(integer_of(one, "line"))];
      refuse(file, number, text_of(one, "error"));
    }
    lines_.clear();
    places_.clear();
    bytes_ = 0;
    progress_.at(static_cast<std::uint64_t>(stored_ + known_), 0, static_cast<std::uint64_t>(refused_));
    return {};
  }

  void refuse(const std::string& file, std::uint64_t number, const std::string& why) {
    ++refused_;
    if (details_.size() >= most_refused_shown) return;
    std::cerr << file << ":" << number << ": refused: " << why << "\n";
    details_.push_back(
        tahoe::object{{"file", file}, {"line", static_cast<std::int64_t>(number)}, {"error", why}});
  }

  int finish() {
    const auto text = std::to_string(stored_) + " stored, " + std::to_string(known_) + " known already, " +
                      std::to_string(refused_) + " refused";
    const int told = answer(
        call_,
        tahoe::object{
            {"stored", stored_}, {"known", known_}, {"refused", refused_}, {"details", std::move(details_)}},
        text);
    return refused_ > 0 ? failed : told;
  }

 private:
  const invocation& call_;
  backend& to_;
  progress progress_;
  tahoe::array lines_, details_;
  std::vector<std::pair<std::string, std::uint64_t>> places_;
  std::size_t bytes_ = 0;
  std::int64_t stored_ = 0, known_ = 0, refused_ = 0;
};

expected<void> import_file(importer& into, const input_file& file) {
  line_reader lines(file.number(), longest_line);
  std::string line;
  for (std::uint64_t number = 1;; ++number) {
    const auto got = lines.next(line);
    if (got == line_reader::outcome::end) return {};
    if (got == line_reader::outcome::broken) return fail(failure::unavailable, file.name + " cannot be read");
    if (got == line_reader::outcome::too_long) {
      into.refuse(file.name, number, "the line is longer than 256 MiB");
      continue;
    }
    if (auto added = into.add(file.name, number, std::move(line)); !added) return added;
    line.clear();
  }
}

}  // namespace

int import_documents(const invocation& call) {
  return with_backend(call, [&](backend& to) -> int {
    auto files = open_inputs(call.texts("file"));
    if (!files) return tell(call, files.error());
    importer all(call, to);
    for (const auto& file : *files) {
      if (auto read = import_file(all, file); !read) return tell(call, read.error());
    }
    if (auto last = all.flush(); !last) return tell(call, last.error());
    return all.finish();
  });
}

int export_documents(const invocation& call) {
  return with_backend(call, [&](backend& to) -> int {
    tahoe::value input = tahoe::object{{"store", call.text("store")},
                                       {"itype", call.text("itype")},
                                       {"sub_type", call.text("sub-type")},
                                       {"secrets", call.has("secrets")}};
    progress shown_progress("export");
    std::uint64_t documents = 0;
    while (true) {
      auto page = to.call("export", input);
      if (!page) return tell(call, page.error());
      for (const auto& line : *page->find("lines")->get_if<tahoe::array>()) {
        const auto& text = *line.text();
        if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() ||
            std::fputc('\n', stdout) == EOF) {
          return output_lost(call);
        }
        ++documents;
      }
      shown_progress.at(documents, 0);
      const auto cursor = text_of(*page, "cursor");
      if (cursor.empty()) break;
      input = tahoe::object{{"cursor", cursor}};
    }
    return std::fflush(stdout) == 0 ? done : output_lost(call);
  });
}

int get(const invocation& call) {
  if (!crypto::hash_from_hex(call.text("hash")))
    return tell_usage(call, "HASH: was \"" + call.text("hash") + "\"; may be 64 hexadecimal digits");
  return with_backend(call, [&](backend& to) -> int {
    const auto found = to.call("get", tahoe::object{{"hash", call.text("hash")}});
    if (!found) return tell(call, found.error());
    return answer(call, *found, tahoe::to_json(*found));
  });
}

int digest(const invocation& call) {
  hold_signals_that_are_heard();
  return with_backend(call, [&](backend& to) -> int {
    const auto made = call_watched(to, "digest", std::chrono::hours(24));
    if (!made) return tell(call, made.error());
    if (::isatty(STDOUT_FILENO) != 1) return answer(call, *made, tahoe::to_json(*made));
    std::vector<std::vector<std::string>> rows;
    for (const auto& [name, count] : *made->find("instances")->get_if<tahoe::object>())
      rows.push_back({name, tahoe::to_json(count)});
    return answer(call, *made,
                  table_text({"DOCUMENTS", "NUMBER"}, rows) + "sha256_of_sorted_hashes " +
                      text_of(*made, "sha256_of_sorted_hashes") + "\nsha256_of_sorted_parts  " +
                      text_of(*made, "sha256_of_sorted_parts"));
  });
}

int verify(const invocation& call) {
  hold_signals_that_are_heard();
  return with_backend(call, [&](backend& to) -> int {
    const auto made = call_watched(to, "verify", std::chrono::hours(24));
    if (!made) return tell(call, made.error());
    std::string text;
    for (const auto& one : *made->find("examples")->get_if<tahoe::array>())
      text += text_of(one, "store") + " " + text_of(one, "hash") + ": " + text_of(one, "problem") + "\n";
    text += shown(*made, "documents") + " documents, " + shown(*made, "problems") + " problems";
    const int told = answer(call, *made, text);
    return integer_of(*made, "problems") > 0 ? failed : told;
  });
}

}  // namespace cybexd::app::cli
