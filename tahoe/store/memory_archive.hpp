#pragma once
// The archive in memory: maps and linear scans, the simplest code that is right. For tests, and the oracle of
// the others.
#include <memory>

#include "tahoe/store/archive_store.hpp"

namespace cybexd::store {

/// An empty archive that lives as long as somebody holds it (or a view of it).
[[nodiscard]] std::shared_ptr<archive_store> make_memory_archive();

}  // namespace cybexd::store
