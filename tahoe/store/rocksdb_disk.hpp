#pragma once
// The file system below the embedded home. Internal to tahoe/store/.
#include <cstddef>
#include <string>

#include "crypto/error.hpp"

namespace rocksdb {
class Env;
}

namespace cybexd::store {

/// The machine's files, but every way in which a file may not grow (disk full, quota, limit on the size of
/// files) is told as a full disk, which RocksDB can recover from by itself; other errors of writing it holds
/// for the end. Lives as long as the process.
[[nodiscard]] rocksdb::Env* disk_that_may_fill();

/// Whether so many bytes may be written below the directory: what is free beyond them must be an eighth of
/// the disk or 64 MiB, so that RocksDB still can clean up, and the process may write files of 64 MiB. Asked
/// before every write, since a log that was cut off in the middle of a record is more than RocksDB always
/// recovers from. Errors: unavailable, with the numbers.
[[nodiscard]] expected<void> room_to_write(const std::string& directory, std::size_t bytes);

}  // namespace cybexd::store
