#pragma once
// The file system below the embedded home. Internal to tahoe/store/.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "crypto/error.hpp"

namespace rocksdb {
class Env;
class FileSystem;
}  // namespace rocksdb

namespace cybexd::store {

/// The files below, but every way in which a file may not grow (disk full, quota, limit on the size of files)
/// is told as a full disk, which RocksDB can recover from by itself; other errors of writing it holds until
/// it is opened anew (see `write_health`).
[[nodiscard]] std::unique_ptr<rocksdb::Env> disk_that_may_fill(std::shared_ptr<rocksdb::FileSystem> below);
/// The same of the machine's own files. Lives as long as the process.
[[nodiscard]] rocksdb::Env* own_disk();

/// Makes a directory that only its owner may enter, with those above it, so that no power failure takes it
/// away. Nothing where it is there. Errors: unavailable.
[[nodiscard]] expected<void> make_directory(const std::string& directory);

/// A directory as it was found once.
class known_directory {
 public:
  explicit known_directory(std::string path);

  /// Whether so many bytes may be written below it: it must still be there (a file system that is not mounted
  /// any more, a folder that was moved: RocksDB's open files would go on taking writes that nobody finds),
  /// what is free beyond them must be an eighth of the disk or 64 MiB, so that RocksDB still can clean up,
  /// and the process may write files of 64 MiB. Asked before every write, since a log that was cut off in the
  /// middle of a record is more than RocksDB always recovers from. Errors: unavailable, with the numbers.
  [[nodiscard]] expected<void> room_to_write(std::size_t bytes) const;

 private:
  std::string path_;
  std::uint64_t device_ = 0, number_ = 0;  ///< Of the file system, and on it; 0: not known.
};

}  // namespace cybexd::store
