#pragma once
// Only one process at a time works in a data directory.
#include <string>

#include "app/files.hpp"

namespace cybexd::app {

/// The lock of a data directory: flock(2) on `data_dir/lock`, which holds the process id. It ends with the
/// process, however that ends.
class directory_lock {
 public:
  /// Makes the directory where it is missing. Errors: conflict (naming the process that holds it),
  /// unavailable.
  [[nodiscard]] static expected<directory_lock> take(const std::string& data_dir);

 private:
  explicit directory_lock(descriptor file) : file_(std::move(file)) {}
  descriptor file_;
};

}  // namespace cybexd::app
