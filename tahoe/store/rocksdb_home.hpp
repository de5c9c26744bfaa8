#pragma once
// The one embedded database that the four embedded stores share, and the only place that knows how it is
// opened. Internal to tahoe/store/: include it in `.cpp` files of this folder and in tests only.
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "crypto/error.hpp"
#include "tahoe/store/stores.hpp"

namespace rocksdb {
class ColumnFamilyHandle;
class DB;
class Env;
class Snapshot;
class Status;
class WriteBatch;
}  // namespace rocksdb

namespace cybexd::store {

/// The column families. What each holds, and its options, stand in the table of `rocksdb_families.cpp`.
enum class family : std::uint8_t {
  meta,  ///< RocksDB's `default`: the format version.
  lake_entries,
  lake_waiting,
  lake_aside,
  lake_files,
  lake_meta,
  archive_docs,
  archive_ids,
  archive_events,
  archive_postings,
  archive_buckets,
  archive_sessions,
  archive_meta,
  report_docs,
  report_index,
  identity_docs,
  identity_index,
  identity_audit,
};
inline constexpr std::size_t family_count = 18;

/// How much a write waits for. A write that was not synced survives a crash of the process, not of the
/// machine.
enum class durability : std::uint8_t { in_order, synced };

/// RocksDB's answer as our error; `what` says what was tried ("lake: put"). The one place that translates.
/// unavailable: disk full, input/output, busy, stopped; corrupt: damaged data (names the file); not_found;
/// internal: wrong use.
[[nodiscard]] error to_error(const rocksdb::Status& status, std::string_view what);

/// Opened once for each directory, shared by the stores; closes when the last of them goes. Thread safe.
class rocksdb_home {
 public:
  /// Makes the directory (mode 0700) where it is absent. Errors: unavailable (held by another process, which
  /// is named; disk), corrupt (format version, damaged files), each naming the directory. One that is there,
  /// on a disk without room for what opening writes, can only be read, see `without_room`. `disk` outlives
  /// it; nothing: the machine's own.
  [[nodiscard]] static expected<std::shared_ptr<rocksdb_home>> open(const embedded_options& options,
                                                                    rocksdb::Env* disk = nullptr);
  rocksdb_home(const rocksdb_home&) = delete;
  rocksdb_home& operator=(const rocksdb_home&) = delete;
  ~rocksdb_home();

  /// All of the batch or nothing; `what` begins with the store's name and a colon. Where `items` is not 0,
  /// `on_commit` is told. While the disk is full or gone writes are unavailable; then they work by
  /// themselves. After another error of the disk they are so until a new open, see `needs_new_open`.
  [[nodiscard]] expected<void> write(rocksdb::WriteBatch& batch, durability how, std::string_view what,
                                     std::size_t items = 0);
  [[nodiscard]] expected<std::optional<std::string>> get(family f, std::string_view key,
                                                         std::string_view what,
                                                         const rocksdb::Snapshot* at = nullptr);

  /// Writing fails though the disk works (again): it goes on only when the home is closed and opened anew.
  [[nodiscard]] bool needs_new_open() const;
  /// Empty, or why the home can only be read: the disk was full when it was opened. With room again it needs
  /// a new open.
  [[nodiscard]] std::string without_room() const;

  [[nodiscard]] rocksdb::DB& db();
  [[nodiscard]] rocksdb::ColumnFamilyHandle* handle(family f) const;
  [[nodiscard]] const std::string& directory() const { return directory_; }
  /// Empty until somebody sets it, which must be before the first write.
  [[nodiscard]] const std::shared_ptr<std::function<void(std::string_view, double, std::size_t)>>& on_commit()
      const {
    return on_commit_;
  }

  /// A consistent copy of the running store in a directory that does not exist yet, by hard links where it is
  /// on the same file system. Errors: conflict (the directory is there), unavailable.
  [[nodiscard]] expected<void> checkpoint(const std::string& directory);
  /// Sizes and counters as RocksDB offers them: name (`rocksdb_...`), value.
  [[nodiscard]] std::vector<std::pair<std::string, double>> statistics();

 private:
  struct impl;
  rocksdb_home(std::string directory, std::unique_ptr<impl> inner);
  [[nodiscard]] expected<void> check_format(bool made);

  std::string directory_;
  std::shared_ptr<std::function<void(std::string_view, double, std::size_t)>> on_commit_ =
      std::make_shared<std::function<void(std::string_view, double, std::size_t)>>();
  std::unique_ptr<impl> impl_;
};

}  // namespace cybexd::store
