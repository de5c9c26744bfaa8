#pragma once
// Whether the embedded home can be written again without a new open. Internal to tahoe/store/.
#include <atomic>
#include <chrono>
#include <mutex>
#include <optional>
#include <string>

namespace rocksdb {
class Env;
class Status;
}  // namespace rocksdb

namespace cybexd::store {

/// RocksDB recovers from a full disk by itself. After any other error of the disk it takes no write until it
/// is opened anew, however well the disk works by then: of a log whose sync has failed nobody knows how far
/// it reaches, and only reading it tells. What was acknowledged is in it. Thread safe.
class write_health {
 public:
  /// `disk` outlives it; `directory` is where the home lives.
  write_health(rocksdb::Env* disk, std::string directory) : disk_(disk), directory_(std::move(directory)) {}

  /// A write failed. Tries the disk with a small file of its own, in the thread that failed: where the disk
  /// hangs, that thread would have hung anyhow.
  void failed(const rocksdb::Status& status);
  void succeeded() {
    if (failing_.load(std::memory_order_relaxed)) clear();
  }
  /// The last write failed.
  [[nodiscard]] bool failing() const { return failing_; }
  /// Writing fails though the disk works: only a new open helps.
  [[nodiscard]] bool needs_new_open() const { return needs_new_open_; }

 private:
  void clear();
  [[nodiscard]] bool disk_works() const;

  rocksdb::Env* disk_;
  const std::string directory_;
  std::atomic<bool> failing_{false}, needs_new_open_{false};
  std::mutex mutex_;
  std::optional<std::chrono::steady_clock::time_point> since_;
};

}  // namespace cybexd::store
