#pragma once
// What commands have in common: their configuration, their answers, their errors, progress on a terminal.
#include <chrono>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "app/cli/command.hpp"
#include "app/config/config.hpp"
#include "crypto/error.hpp"
#include "tahoe/value.hpp"

namespace cybexd::app::cli {

/// The configuration of this call, or the exit status after all mistakes were told.
[[nodiscard]] tl::expected<configuration, int> configuration_of(const invocation& call,
                                                                bool may_lack_file = false);

/// The same for a request of the caller's.
[[nodiscard]] tl::expected<configuration, int> configuration_from(const invocation& call,
                                                                  const config_request& request);

/// Tells mistakes of a configuration. Answers `wrong_usage`.
[[nodiscard]] int tell_mistakes(const invocation& call, const std::vector<mistake>& mistakes);

/// The process's environment, read once.
[[nodiscard]] const std::map<std::string, std::string>& environment();

/// Prints {"error", "kind"} on standard output.
void print_error(const error& e);
/// Tells a failure on standard error (and as {"error", "kind"} on standard output with --json) and what to do
/// next. Answers `failed`.
[[nodiscard]] int tell(const invocation& call, const error& e);
/// The same for wrong usage that the parser cannot see. Answers `wrong_usage`.
[[nodiscard]] int tell_usage(const invocation& call, std::string_view text);

/// Prints a value as one JSON document, with --json, else the text. Answers `done`, or `failed` when standard
/// output is closed or full; then `what_stands` says what was changed all the same.
[[nodiscard]] int answer(const invocation& call, const tahoe::value& machine, std::string_view people,
                         std::string_view what_stands = {});
/// Right after a write to standard output failed: says so, unless its reader has gone. Answers `failed`.
[[nodiscard]] int output_lost(const invocation& call, std::string_view what_stands = {});

/// Columns of a table for people.
[[nodiscard]] std::string table_text(const std::vector<std::string>& head,
                                     const std::vector<std::vector<std::string>>& rows);

/// A text member of an object, or empty.
[[nodiscard]] std::string text_of(const tahoe::value& v, std::string_view key);
/// A scalar member as people read it: a text without quotes, else JSON; empty where absent.
[[nodiscard]] std::string shown(const tahoe::value& v, std::string_view key);
[[nodiscard]] std::int64_t integer_of(const tahoe::value& v, std::string_view key);

/// A line on standard error that is written anew a few times a second, and only when that is a terminal.
class progress {
 public:
  explicit progress(std::string what,
                    std::chrono::steady_clock::time_point began = std::chrono::steady_clock::now());
  progress(const progress&) = delete;
  progress& operator=(const progress&) = delete;
  ~progress();
  /// `total` 0: not known.
  void at(std::uint64_t done, std::uint64_t total, std::uint64_t errors = 0);

 private:
  std::string what_;
  bool on_;
  bool written_ = false;
  std::chrono::steady_clock::time_point began_, last_;
};

/// The progress of work that has parts, one after the other, each counted by itself.
class progress_of_parts {
 public:
  explicit progress_of_parts(std::string what);
  /// `part` may be empty: work of one part.
  void at(std::string_view part, std::uint64_t done, std::uint64_t total, std::uint64_t errors);

 private:
  std::string what_, part_;
  std::chrono::steady_clock::time_point asked_;  // a part began after this
  std::optional<progress> shown_;
};

/// Answers a line typed without echo, from the terminal; nothing when there is none.
[[nodiscard]] std::optional<std::string> ask_password(const std::string& prompt);

}  // namespace cybexd::app::cli
