#pragma once
// Counters that add up inside RocksDB, so that writers need not wait for each other. Internal to
// tahoe/store/.
#include <memory>

namespace rocksdb {
class MergeOperator;
}

namespace cybexd::store {

/// Rows are lists of 8-byte big-endian two's complement numbers; merging adds them place by place, and the
/// longer list wins where one is shorter. Its name is stored with the data.
[[nodiscard]] std::shared_ptr<rocksdb::MergeOperator> make_sums_merge();

}  // namespace cybexd::store
