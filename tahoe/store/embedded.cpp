#include "tahoe/store/rocksdb_archive.hpp"
#include "tahoe/store/rocksdb_committer.hpp"
#include "tahoe/store/rocksdb_home.hpp"
#include "tahoe/store/rocksdb_lake.hpp"
#include "tahoe/store/rocksdb_stores.hpp"
#include "tahoe/store/stores.hpp"

namespace cybexd::store {

expected<stores> stores_of(const std::shared_ptr<rocksdb_home>& home, const embedded_options& options) {
  auto lake = rocksdb_lake::open(home, options.keep_archived_files);
  if (!lake) return fail(lake.error());
  auto archive = rocksdb_archive::open(home);
  if (!archive) return fail(archive.error());
  auto identity = make_rocksdb_identity(home);
  if (!identity) return fail(identity.error());
  stores all;
  all.lake = *lake;
  all.archive = *archive;
  all.reports = make_rocksdb_reports(home);
  all.identity = std::move(*identity);
  all.commit = make_rocksdb_committer(home, *archive, *lake);
  all.statistics = [home] { return home->statistics(); };
  all.backup = [home](const std::string& directory) { return home->checkpoint(directory); };
  all.needs_new_open = [home] { return home->needs_new_open(); };
  if (!home->without_room().empty()) {
    all.opened_without_room = true;
    all.trouble = [home] { return home->without_room(); };
  }
  all.on_commit = home->on_commit();
  return all;
}

expected<stores> open_embedded(const embedded_options& options) {
  const auto home = rocksdb_home::open(options);
  return home ? stores_of(*home, options) : expected<stores>(fail(home.error()));
}

}  // namespace cybexd::store
