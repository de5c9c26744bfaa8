#pragma once
// The column families of the embedded home and their options. Internal to tahoe/store/.
#include <memory>
#include <string_view>
#include <vector>

#include "tahoe/store/rocksdb_home.hpp"

namespace rocksdb {
class Cache;
struct ColumnFamilyDescriptor;
}  // namespace rocksdb

namespace cybexd::store {

/// The name on disk.
[[nodiscard]] std::string_view family_name(family f);
/// One descriptor for each family, in the order of the enumeration.
[[nodiscard]] std::vector<rocksdb::ColumnFamilyDescriptor> family_descriptors(
    const std::shared_ptr<rocksdb::Cache>& cache);

}  // namespace cybexd::store
