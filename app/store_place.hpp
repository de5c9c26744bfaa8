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

/// Two stores on MongoDB of which one would write into a collection of the other.
struct clash {
  std::string first,
      second;              ///< Sections, in the order of `store_sections`; the same one: a name of its own.
  std::string coll;        ///< That the second is told.
  std::string collection;  ///< The shared one: `db.coll`
};
/// One for each two stores at the most.
[[nodiscard]] std::vector<clash> clashes_of(const settings& from);

}  // namespace cybexd::app
