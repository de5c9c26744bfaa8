#pragma once
// The embedded stores but for lake and archive, which have headers of their own. Internal to tahoe/store/.
#include <functional>
#include <memory>
#include <string>

#include "tahoe/store/identity_store.hpp"
#include "tahoe/store/report_store.hpp"
#include "tahoe/store/rocksdb_home.hpp"
#include "tahoe/store/stores.hpp"

namespace cybexd::store {

[[nodiscard]] std::shared_ptr<report_store> make_rocksdb_reports(std::shared_ptr<rocksdb_home> home);
[[nodiscard]] expected<std::shared_ptr<identity_store>> make_rocksdb_identity(
    std::shared_ptr<rocksdb_home> home);

/// Errors: unavailable, cancelled.
[[nodiscard]] expected<void> check_identity_rows(rocksdb_home& home, const check_listener& listener);
/// All stores over an open home. Errors: unavailable, corrupt.
[[nodiscard]] expected<stores> stores_of(const std::shared_ptr<rocksdb_home>& home,
                                         const embedded_options& options);

}  // namespace cybexd::store
