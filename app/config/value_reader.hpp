#pragma once
// One value of a configuration: from a TOML node into its place.
#include <string>
#include <vector>

#include "app/config/config.hpp"
#include "app/config/keys.hpp"
#include "app/config/toml_node.hpp"

namespace cybexd::app {

/// Reads `node` into the place of `key`. The mistakes found have no `source`; line and column are the node's.
[[nodiscard]] std::vector<mistake> read_value(const setting_key& key, const toml_node& node, settings& into);

}  // namespace cybexd::app
