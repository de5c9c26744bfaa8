#pragma once
// What an embedded home can do whose disk was too full to open it for writing: be read, be copied, and say
// when it is worth another try. Internal to tahoe/store/.
#include <chrono>
#include <string>

#include "crypto/error.hpp"
#include "tahoe/store/rocksdb_disk.hpp"

namespace cybexd::store {

class full_disk {
 public:
  /// `told`: by RocksDB, when it was opened.
  full_disk(const std::string& directory, std::string told);

  /// For people, as it is now.
  [[nodiscard]] std::string why() const;
  /// There is room. Where there seemed to be some from the first (a quota), only after a minute: each try
  /// cuts all connections.
  [[nodiscard]] bool is_worth_a_new_open() const;

 private:
  std::string directory_, told_;
  known_directory place_;
  std::chrono::steady_clock::time_point next_open_;
};

/// A copy of a home that is only read, which changes no file: links to all of them, which take no room. `to`
/// does not exist yet, and is on the same file system. Errors: unavailable.
[[nodiscard]] expected<void> link_files(const std::string& from, const std::string& to);

}  // namespace cybexd::store
