#pragma once
// The file system below the embedded home. Internal to tahoe/store/.
#include <memory>

namespace rocksdb {
class Env;
}

namespace cybexd::store {

/// The machine's files, but every way in which a file may not grow (disk full, quota, limit on the size of
/// files) is told as a full disk, which RocksDB can recover from by itself; other errors of writing it holds
/// for the end. Lives as long as the process.
[[nodiscard]] rocksdb::Env* disk_that_may_fill();

}  // namespace cybexd::store
