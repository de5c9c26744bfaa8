#pragma once
// One value of a configuration: from a TOML node into its place. Included by the reader only (it shows the
// TOML library).
#include <toml++/toml.h>

#include <string>
#include <vector>

#include "app/config/config.hpp"
#include "app/config/keys.hpp"

namespace cybexd::app {

/// Reads `node` into the place of `key`. The mistakes found have no `source`; line and column are the node's.
[[nodiscard]] std::vector<mistake> read_value(const setting_key& key, const toml::node& node, settings& into);

/// What stood there, short enough for a message.
[[nodiscard]] std::string was_text(const toml::node& node);

}  // namespace cybexd::app
