#pragma once
// Only one process at a time works in a data directory.
#include <cstdint>
#include <string>

#include "app/files.hpp"

namespace cybexd::app {

/// The lock of a data directory: flock(2) on `data_dir/lock`, which holds the process id. It ends with the
/// process, however that ends.
class directory_lock {
 public:
  /// Makes the directory where it is missing. Errors: conflict (naming the process that holds it),
  /// not_allowed (this is root, and the directory, or the nearest above it that is there, is another user's,
  /// who could not read what is written here, and who holds the lock is told first; or the lock is another
  /// user's), unavailable.
  [[nodiscard]] static expected<directory_lock> take(const std::string& data_dir);
  /// The same for a server that starts: a command has the lock for a moment, which is waited for, some
  /// seconds at the most; a server that answers is not.
  [[nodiscard]] static expected<directory_lock> take_for_server(const std::string& data_dir);
  /// The same with `data_dir/backup.lock`: one backup at a time, beside a running server. Who holds it owns
  /// `data_dir/checkpoint`. A lock that root has left in another user's directory is made anew.
  [[nodiscard]] static expected<directory_lock> take_for_backup(const std::string& data_dir);
  /// The process that took the lock for a backup last, or 0.
  [[nodiscard]] static std::int64_t last_backup(const std::string& data_dir);

 private:
  explicit directory_lock(descriptor file) : file_(std::move(file)) {}
  [[nodiscard]] static expected<directory_lock> take(const std::string& data_dir, const std::string& name,
                                                     const std::string& used);
  descriptor file_;
};

}  // namespace cybexd::app
