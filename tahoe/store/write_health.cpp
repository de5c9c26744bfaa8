#include "tahoe/store/write_health.hpp"

#include <rocksdb/env.h>

namespace cybexd::store {

void write_health::failed(const rocksdb::Status& status) {
  if (!status.IsIOError() && !status.IsCorruption()) return;  // wrong use
  // RocksDB looks every few seconds whether a full disk has room again.
  constexpr auto time_to_recover = std::chrono::seconds(20);
  const auto now = std::chrono::steady_clock::now();
  {
    const std::scoped_lock alone(mutex_);
    if (!since_) since_ = now;
    failing_ = true;
    if (status.IsCorruption()) return;  // a new open does not mend it
    if (status.IsNoSpace() && now - *since_ < time_to_recover) return;
  }
  if (disk_works()) needs_new_open_ = true;
}

void write_health::clear() {
  const std::scoped_lock alone(mutex_);
  since_.reset();
  failing_ = needs_new_open_ = false;
}

bool write_health::disk_works() const {
  constexpr std::size_t some = 4096;
  const auto name = directory_ + "/write-test";
  const bool written = rocksdb::WriteStringToFile(disk_, std::string(some, 'x'), name, true).ok();
  return disk_->DeleteFile(name).ok() && written;
}

}  // namespace cybexd::store
