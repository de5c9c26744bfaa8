#pragma once
// RocksDB's own log. Internal to tahoe/store/.
#include <memory>
#include <string>

namespace rocksdb {
class Logger;
}

namespace cybexd::store {

/// Warnings and errors as lines of `directory`/LOG, at most 4 MiB and as much again in LOG.old. A disk that
/// is full costs lines and nothing else: RocksDB's own logger ends the process then, where the library was
/// built with assertions (as Debian's is).
[[nodiscard]] std::shared_ptr<rocksdb::Logger> make_database_log(const std::string& directory);

}  // namespace cybexd::store
