#pragma once
// The commit of the embedded home: documents and marks in one atomic, synced write. Internal to tahoe/store/.
#include <memory>

#include "tahoe/store/committer.hpp"
#include "tahoe/store/rocksdb_archive.hpp"
#include "tahoe/store/rocksdb_lake.hpp"

namespace cybexd::store {

/// Archive and lake are of the same home.
[[nodiscard]] std::shared_ptr<committer> make_rocksdb_committer(std::shared_ptr<rocksdb_home> home,
                                                                std::shared_ptr<rocksdb_archive> archive,
                                                                std::shared_ptr<rocksdb_lake> lake);

}  // namespace cybexd::store
