#pragma once
// The one table of settings. Reading, checking, showing, reloading and the example file are made from it.
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "app/config/settings.hpp"

namespace cybexd::app {

/// Where a setting lives. The type says how it is written.
using place = std::variant<bool& (*)(settings&), std::uint64_t& (*)(settings&), double& (*)(settings&),
                           duration& (*)(settings&), byte_size& (*)(settings&), std::string& (*)(settings&),
                           file_path& (*)(settings&), endpoint& (*)(settings&), text_list& (*)(settings&),
                           text_map& (*)(settings&)>;

enum class takes_effect { on_reload, on_restart };

struct setting_key {
  std::string_view name;  ///< With its section: `http.listen`, `store.cache.url`, `data_dir`.
  place where;
  std::string_view help;  ///< One or more sentences for the example file.
  takes_effect change = takes_effect::on_restart;
  double low = 0, high = 0;  ///< Inclusive; seconds for times, bytes for sizes. Equal: no bounds.
  std::vector<std::string_view> choices = {};  ///< Of a text or of a list's items. Empty: any.
  bool identifiers = false;  ///< Items of a list, or values of a table, must be identifiers.
  bool masked = false;       ///< May hold a password: shown without it.
};

/// In the order of the example file: by section.
[[nodiscard]] const std::vector<setting_key>& setting_keys();
[[nodiscard]] const setting_key* find_key(std::string_view name);

/// `store.cache` of `store.cache.url`; empty for a key at the top.
[[nodiscard]] std::string_view section_of(std::string_view name);
/// `url` of `store.cache.url`.
[[nodiscard]] std::string_view last_part(std::string_view name);

/// What a person who wrote `name` may have meant, in words: `did you mean "http.listen"?`, or the names there
/// are.
[[nodiscard]] std::string suggestion(std::string_view name);
/// The name of `names` that is nearest to what was written, when it is near at all; else empty.
[[nodiscard]] std::string_view nearest(std::string_view written, const std::vector<std::string_view>& names);

/// What the value of a key may be, in words: `a whole number from 1 to 64`.
[[nodiscard]] std::string may_be(const setting_key& key);
/// The value as it would be written in the file.
[[nodiscard]] std::string toml_text(const setting_key& key, const settings& from);
/// A text as comment lines of the file; what no comment may hold stands as `?`.
[[nodiscard]] std::string toml_comment(std::string_view text);
/// A text as a TOML basic string, with quotes.
[[nodiscard]] std::string toml_quoted(std::string_view text);

/// Names of the keys whose values differ, split by when a change takes effect.
struct setting_changes {
  std::vector<std::string> on_reload, on_restart;
};
[[nodiscard]] setting_changes differences(const settings& before, const settings& after);

}  // namespace cybexd::app
