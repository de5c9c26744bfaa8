#pragma once
// Brings an open database back to writing after errors of the disk. Internal to tahoe/store/.
#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>

#include "crypto/error.hpp"

namespace rocksdb {
class ColumnFamilyHandle;
class DB;
class EventListener;
}  // namespace rocksdb

namespace cybexd::store {

/// After an error RocksDB refuses to write. It can go on, since all that was acknowledged is in its log or in
/// memory; but the log that failed must not be written again: its end is not known, and RocksDB may go on in
/// it when there is nothing in memory to flush. So nobody writes until a new log is there. Thread safe.
class rocksdb_recovery {
 public:
  rocksdb_recovery();
  rocksdb_recovery(const rocksdb_recovery&) = delete;
  rocksdb_recovery& operator=(const rocksdb_recovery&) = delete;
  ~rocksdb_recovery();

  /// For the options of the database: is told of errors in the background.
  [[nodiscard]] std::shared_ptr<rocksdb::EventListener> listener() const;
  /// The open database, and a family in which one row may be overwritten at any time.
  void watch(rocksdb::DB* db, rocksdb::ColumnFamilyHandle* scratch);

  /// Before each write: whether it may be made. After an error this tries to go on, at most once a second.
  /// Errors: unavailable.
  [[nodiscard]] expected<void> ready();
  /// A write has failed.
  void failed();
  [[nodiscard]] bool in_trouble() const;

 private:
  [[nodiscard]] expected<void> go_on();

  struct signal;
  std::shared_ptr<signal> signal_;
  rocksdb::DB* db_ = nullptr;
  rocksdb::ColumnFamilyHandle* scratch_ = nullptr;
  std::mutex mutex_;  // one tries, the others wait for its answer
  std::chrono::steady_clock::time_point next_try_;
  error trouble_;
};

}  // namespace cybexd::store
