#pragma once
// The commands: one table with name, help, example, options and function. Parsing, help, completion and the
// manual page are made from it.
#include <cstdint>
#include <iosfwd>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cybexd::app::cli {

// What a command's exit status says.
inline constexpr int done = 0;
inline constexpr int failed = 1;
inline constexpr int wrong_usage = 2;

enum class shape : std::uint8_t { positional, positionals, flag, value, values };

struct option {
  std::string_view name;  ///< `email` of a positional, `admin` of `--admin`.
  shape kind = shape::flag;
  std::string_view metavar;  ///< EMAIL. FILE and DIR are completed from the disk; `a|b` are choices.
  std::string_view help;
  bool required = false;
  bool many_with_commas = false;  ///< Of choices.
};

/// One call of a command, as it was parsed.
struct invocation {
  std::map<std::string, std::vector<std::string>, std::less<>> given;
  std::optional<std::string> config;  ///< --config
  std::vector<std::string> sets;      ///< --set
  bool json = false;                  ///< --json
  std::string name;                   ///< Of the command, for messages: `user add`.

  [[nodiscard]] bool has(std::string_view option) const { return given.find(option) != given.end(); }
  /// The text of an option, or what stands in for it.
  [[nodiscard]] std::string text(std::string_view option, std::string_view otherwise = {}) const;
  [[nodiscard]] std::vector<std::string> texts(std::string_view option) const;
};

struct command {
  std::string_view group;  ///< `user` of `user add`; empty for a command at the top.
  std::string_view name;
  std::string_view help;     ///< One line.
  std::string_view example;  ///< One command that works.
  std::vector<option> options;
  int (*run)(const invocation& call);
};

/// In the order of the help text.
[[nodiscard]] const std::vector<command>& commands();
/// `user add`.
[[nodiscard]] std::string full_name(const command& c);
/// What `--help` says of a group.
[[nodiscard]] std::string_view group_help(std::string_view group);
/// The options that every command takes.
[[nodiscard]] const std::vector<option>& common_options();

/// Parses and runs. Answers the exit status. Writes to standard output and standard error.
[[nodiscard]] int run(int count, const char* const* words);

/// Completion for a shell ("bash" or "zsh"), and the manual page (troff).
[[nodiscard]] std::string completion_for(std::string_view shell);
[[nodiscard]] std::string manual_page();

}  // namespace cybexd::app::cli
