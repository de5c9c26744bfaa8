#pragma once
// Reading a configuration: the file (TOML 1.0), then the environment, then `--set`, each overriding what came
// before.
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "app/config/settings.hpp"

namespace cybexd::app {

/// One mistake in a configuration, told so that it can be mended without looking anything up.
struct mistake {
  std::string source;                  ///< File, `--set` or the name of the environment variable.
  std::uint32_t line = 0, column = 0;  ///< From 1; 0 where there are no lines.
  std::string key;                     ///< With its section; empty where the file is not TOML.
  std::string problem;                 ///< "unknown key", "wrong type", ...
  std::string was, may_be;
};

/// `D/cybexd.toml:12:8: http.lsten: unknown key, was "x"; did you mean "http.listen"?`
[[nodiscard]] std::string to_text(const mistake& m);

struct config_request {
  std::optional<std::string> file;  ///< `--config`.
  std::vector<std::string> sets;    ///< `section.key=value` each.
  std::map<std::string, std::string> environment;
  std::string folder;          ///< Current folder, absolute: where `./cybexd.toml` is looked for.
  bool may_lack_file = false;  ///< Then defaults hold, relative to the current folder.
};

struct configuration {
  settings values;
  std::string file;                            ///< Absolute; empty when there is none.
  std::string folder;                          ///< Absolute; relative paths were resolved against it.
  std::vector<std::string> warnings;           ///< What is no mistake, but hardly meant; a sentence each.
  std::map<std::string, std::string> origins;  ///< Key -> "default", "FILE:LINE", "--set", "$CYBEXD_...".
};

/// Finds (`--config`, $CYBEXD_CONFIG, ./cybexd.toml, /etc/cybexd/cybexd.toml), reads and checks. All mistakes
/// at once.
[[nodiscard]] tl::expected<configuration, std::vector<mistake>> read_config(const config_request& request);

/// The same for a text that is already there; `file` names it in mistakes and its folder resolves relative
/// paths.
[[nodiscard]] tl::expected<configuration, std::vector<mistake>> read_config_text(
    std::string_view text, const std::string& file, const config_request& request);

/// The commented example file: every setting at its default. What `init` writes and
/// deploy/cybexd.toml.example holds.
[[nodiscard]] std::string example_file();

/// The value of a key for people: passwords inside URLs are masked.
struct setting_key;
[[nodiscard]] std::string shown_value(const setting_key& key, const settings& from);

}  // namespace cybexd::app
