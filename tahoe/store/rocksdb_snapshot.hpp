#pragma once
// A consistent look at the embedded home. Internal to tahoe/store/.
#include "tahoe/store/rocksdb_home.hpp"

namespace cybexd::store {

/// Later writes do not show in reads that name it. Let it go soon: it keeps old rows on the disk.
class rocksdb_snapshot {
 public:
  explicit rocksdb_snapshot(rocksdb_home& home);
  rocksdb_snapshot(const rocksdb_snapshot&) = delete;
  rocksdb_snapshot& operator=(const rocksdb_snapshot&) = delete;
  ~rocksdb_snapshot();
  [[nodiscard]] const rocksdb::Snapshot* get() const { return snapshot_; }

 private:
  rocksdb_home& home_;
  const rocksdb::Snapshot* snapshot_;
};

}  // namespace cybexd::store
