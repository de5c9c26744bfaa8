#pragma once
// The stores in memory, for tests and as the plainest statement of what a store does. Internal to
// tahoe/store/.
#include <memory>

#include "tahoe/store/stores.hpp"

namespace cybexd::store {

[[nodiscard]] std::shared_ptr<cache_lake> make_memory_lake(bool keep_archived_files = false);
[[nodiscard]] std::shared_ptr<report_store> make_memory_reports();
[[nodiscard]] std::shared_ptr<identity_store> make_memory_identity();

}  // namespace cybexd::store
