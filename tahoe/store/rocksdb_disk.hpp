#pragma once
// The file system below the embedded home. Internal to tahoe/store/.
#include <cstddef>
#include <memory>
#include <string>

#include "crypto/error.hpp"

namespace rocksdb {
class Env;
class FileSystem;
}  // namespace rocksdb

namespace cybexd::store {

/// The files below, but what RocksDB would hold for the end of the database is told as what may pass: every
/// way in which a file may not grow (disk full, quota, limit on the size of files) as a full disk, every
/// other input/output error as one to try again. That is safe after a failed sync, too: RocksDB then writes
/// what it has in memory to new files, and never syncs the old log again (see rocksdb_recovery).
[[nodiscard]] std::unique_ptr<rocksdb::Env> disk_that_may_fail(std::shared_ptr<rocksdb::FileSystem> below);
/// The machine's own disk. Lives as long as the process.
[[nodiscard]] rocksdb::Env* own_disk();

/// Whether so many bytes may be written below the directory: what is free beyond them must be an eighth of
/// the disk or 64 MiB, so that RocksDB still can clean up, and the process may write files of 64 MiB. Asked
/// before every write, since a log that was cut off in the middle of a record is more than RocksDB always
/// recovers from. Errors: unavailable, with the numbers.
[[nodiscard]] expected<void> room_to_write(const std::string& directory, std::size_t bytes);

}  // namespace cybexd::store
