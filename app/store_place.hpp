#pragma once
// Where a store of a configuration lives, as text that is equal for equal places.
#include <string>
#include <vector>

#include "app/config/settings.hpp"

namespace cybexd::app {

/// The sections of the four stores: cache, archive, report, identity.
[[nodiscard]] const std::vector<std::string>& store_sections();

/// `DIR/store` of an embedded one, with links followed; `mongodb://hosts/db.coll` of another, without
/// credentials, hosts in order, `localhost` as 127.0.0.1 and with their ports. Two names of one host are two
/// places.
[[nodiscard]] std::string place_of(const settings& from, const std::string& section);

}  // namespace cybexd::app
