#pragma once
// What the archive in memory holds, and a look at it. Internal to tahoe/store/.
#include <map>
#include <memory>
#include <vector>

#include "tahoe/store/archive_store.hpp"

namespace cybexd::store {

/// Everything there is. Views share it; a write copies it first while a view holds it.
struct memory_contents {
  std::map<hash256, document> documents;
  std::vector<hash256> arrivals;  ///< Raw documents in order of arrival.

  const document* find(const hash256& hash) const {
    const auto found = documents.find(hash);
    return found == documents.end() ? nullptr : &found->second;
  }
};

/// `all` does not change as long as the view holds it.
[[nodiscard]] std::unique_ptr<archive_view> make_memory_view(std::shared_ptr<const memory_contents> all);

}  // namespace cybexd::store
