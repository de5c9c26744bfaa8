#include "tahoe/store/rocksdb_home.hpp"

#include <fcntl.h>
#include <rocksdb/cache.h>
#if __has_include(<rocksdb/advanced_cache.h>)
#include <rocksdb/advanced_cache.h>  // where newer libraries keep what a cache can do
#endif
#include <rocksdb/db.h>
#include <rocksdb/utilities/checkpoint.h>
#include <rocksdb/write_batch.h>
#include <rocksdb/write_buffer_manager.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <exception>
#include <filesystem>

#include "tahoe/store/rocksdb_disk.hpp"
#include "tahoe/store/rocksdb_families.hpp"
#include "tahoe/store/rocksdb_full_disk.hpp"
#include "tahoe/store/rocksdb_log.hpp"
#include "tahoe/store/rocksdb_snapshot.hpp"
#include "tahoe/store/write_health.hpp"

namespace cybexd::store {
namespace {

constexpr std::string_view format_key = "format";

rocksdb::Slice slice(std::string_view s) { return {s.data(), s.size()}; }

/// The process that holds RocksDB's lock file, as F_GETLK tells it.
std::string lock_holder(const std::string& directory, const std::string& message) {
  // Opening and closing the lock file would free the lock where this very process holds it (POSIX locks).
  if (message.find("current process") != std::string::npos) return "this process has it open already";
  const int file = ::open((directory + "/LOCK").c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return "another process holds its lock";
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  const bool known = ::fcntl(file, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK && lock.l_pid > 0;
  ::close(file);
  if (!known) return "another process holds its lock";
  return "process " + std::to_string(lock.l_pid) + " has it open";
}

error open_error(const std::string& directory, const rocksdb::Status& status) {
  const auto message = status.ToString();
  if (status.IsIOError() && message.find("lock") != std::string::npos &&
      message.find("LOCK") != std::string::npos)
    return {failure::unavailable, "store " + directory + ": " + lock_holder(directory, message)};
  return to_error(status, "store " + directory);
}

/// Parts of a cache, each with a lock of its own, as a power of two. A part must hold the largest block that
/// is read again and again with room to spare: one that fits into none is read from disk at every look-up.
int cache_parts(std::size_t cache_bytes) {
  constexpr std::size_t part_bytes = 32u << 20;
  int bits = 0;
  while (bits < 4 && cache_bytes >> (bits + 1) >= part_bytes) ++bits;
  return bits;
}

rocksdb::DBOptions database_options(std::size_t cache_bytes, const std::shared_ptr<rocksdb::Cache>& cache,
                                    rocksdb::Env* disk) {
  rocksdb::DBOptions options;
  options.env = disk;
  options.create_if_missing = true;
  options.create_missing_column_families = true;
  // Memtables are charged to the cache, so that both together stay within `cache_bytes`.
  options.write_buffer_manager = std::make_shared<rocksdb::WriteBufferManager>(
      std::max<std::size_t>(cache_bytes * 3 / 8, 16u << 20), cache);
  options.max_total_wal_size = 32u << 20;  // what is replayed after a kill: a few tenths of a second
  options.max_background_jobs = 2;
  options.max_open_files = 512;
  options.skip_stats_update_on_db_open = true;
  options.bytes_per_sync = 1u << 20;
  options.paranoid_checks = true;
  return options;
}

/// Whether there is a database already, and that it has no families that this version does not know.
expected<bool> exists(const std::string& directory, const rocksdb::DBOptions& options) {
  std::error_code trouble;
  if (!std::filesystem::exists(directory + "/CURRENT", trouble)) return false;
  std::vector<std::string> names;
  if (auto status = rocksdb::DB::ListColumnFamilies(options, directory, &names); !status.ok())
    return fail(open_error(directory, status));
  for (const auto& name : names) {
    bool known = false;
    for (std::size_t i = 0; i < family_count; ++i)
      known = known || name == family_name(static_cast<family>(i));
    if (!known)
      return fail(failure::corrupt,
                  "store " + directory + ": holds \"" + name + "\", so it is of another version or program");
  }
  return true;
}

}  // namespace

error to_error(const rocksdb::Status& status, std::string_view what) {
  const auto text = std::string(what) + ": " + status.ToString();
  switch (status.code()) {
    case rocksdb::Status::kCorruption:
      return {failure::corrupt, text};
    case rocksdb::Status::kNotFound:
      return {failure::not_found, text};
    case rocksdb::Status::kTimedOut:
      return {failure::timed_out, text};
    case rocksdb::Status::kIOError:
    case rocksdb::Status::kBusy:
    case rocksdb::Status::kTryAgain:
    case rocksdb::Status::kIncomplete:
    case rocksdb::Status::kAborted:
    case rocksdb::Status::kShutdownInProgress:
      return {failure::unavailable, text};
    default:
      return {failure::internal, text};
  }
}

struct rocksdb_home::impl {
  impl(rocksdb::Env* disk, const std::string& directory) : place(directory), health(disk, directory) {}

  const known_directory place;
  write_health health;
  std::optional<full_disk> full;
  std::shared_ptr<rocksdb::Cache> cache;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;  // RocksDB's; given back before `db` closes
  std::unique_ptr<rocksdb::DB> db;

  ~impl() {
    if (!db) return;
    if (!health.failing()) flush_what_is_much();  // on a broken disk it might not come to an end
    for (auto* handle : handles) (void)db->DestroyColumnFamilyHandle(handle);
    (void)db->Close();
  }

  /// Leaves no large log behind: it would be read again at the next start, and is not compressed. A small one
  /// is not worth a file for each family. Nothing is lost where this fails, since the log is there.
  void flush_what_is_much() {
    constexpr std::uint64_t much = 8u << 20;
    std::uint64_t unflushed = 0;
    if (!db->GetAggregatedIntProperty(rocksdb::DB::Properties::kCurSizeAllMemTables, &unflushed)) return;
    if (unflushed > much) (void)db->Flush(rocksdb::FlushOptions(), handles);
  }
};

rocksdb_home::rocksdb_home(std::string directory, std::unique_ptr<impl> inner)
    : directory_(std::move(directory)), impl_(std::move(inner)) {}
rocksdb_home::~rocksdb_home() = default;

expected<std::shared_ptr<rocksdb_home>> rocksdb_home::open(const embedded_options& options,
                                                           rocksdb::Env* disk) {
  if (auto made = options.read_only ? expected<void>() : make_directory(options.directory); !made)
    return fail(made.error());
  if (disk == nullptr) disk = own_disk();
  auto inner = std::make_unique<impl>(disk, options.directory);
  inner->cache = rocksdb::NewLRUCache(options.cache_bytes, cache_parts(options.cache_bytes));
  auto settings = database_options(options.cache_bytes, inner->cache, disk);
  if (!options.read_only) settings.info_log = make_database_log(options.directory);
  auto there = exists(options.directory, settings);
  if (!there) return fail(there.error());
  if (options.read_only && !*there)
    return fail(failure::not_found, "store " + options.directory + ": there is none");
  rocksdb::DB* opened = nullptr;
  const auto families = family_descriptors(inner->cache);
  rocksdb::Status status;
  if (!options.read_only)
    status = rocksdb::DB::Open(settings, options.directory, families, &inner->handles, &opened);
  if (*there && status.IsNoSpace()) inner->full.emplace(options.directory, status.ToString());
  if (options.read_only || inner->full)
    status = rocksdb::DB::OpenForReadOnly(settings, options.directory, families, &inner->handles, &opened);
  if (!status.ok()) return fail(open_error(options.directory, status));
  inner->db.reset(opened);
  std::shared_ptr<rocksdb_home> home(new rocksdb_home(options.directory, std::move(inner)));
  if (auto checked = home->check_format(!*there); !checked) return fail(checked.error());
  return home;
}

expected<void> rocksdb_home::check_format(bool made) {
  const auto current = std::to_string(home_format_version);
  auto found = get(family::meta, format_key, "store " + directory_);
  if (!found) return fail(found.error());
  if (found->has_value() && **found == current) return {};
  if (found->has_value()) {
    return fail(failure::corrupt, "store " + directory_ + ": has format version " + **found +
                                      ", this program reads version " + current);
  }
  // A crash between the first open and this write leaves a database without a single row.
  std::unique_ptr<rocksdb::Iterator> any(
      impl_->db->NewIterator(rocksdb::ReadOptions(), handle(family::lake_meta)));
  any->SeekToFirst();
  if (!made && any->Valid())
    return fail(failure::corrupt, "store " + directory_ + ": holds no format version");
  rocksdb::WriteBatch batch;
  if (auto status = batch.Put(handle(family::meta), slice(format_key), current); !status.ok())
    return fail(to_error(status, "store " + directory_));
  return write(batch, durability::synced, "store " + directory_);
}

expected<void> rocksdb_home::write(rocksdb::WriteBatch& batch, durability how, std::string_view what,
                                   std::size_t items) {
  if (auto room = impl_->place.room_to_write(batch.GetDataSize()); !room) return room;
  if (impl_->full) return fail(failure::unavailable, without_room());
  rocksdb::WriteOptions options;
  options.sync = how == durability::synced;
  const auto start = std::chrono::steady_clock::now();
  const auto status = impl_->db->Write(options, &batch);
  if (!status.ok()) {
    impl_->health.failed(status);
    auto why = to_error(status, what);
    // What is damaged is the home, and not what was to be written: that is tried again when the home is well.
    if (why.kind == failure::corrupt) why.kind = failure::unavailable;
    return fail(std::move(why));
  }
  impl_->health.succeeded();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  try {
    if (items != 0 && *on_commit_) (*on_commit_)(what.substr(0, what.find(':')), took.count(), items);
  } catch (const std::exception&) {
    // Who counts the writes is no reason to take for failed what is stored.
  }
  return {};
}

expected<std::optional<std::string>> rocksdb_home::get(family f, std::string_view key, std::string_view what,
                                                       const rocksdb::Snapshot* at) {
  rocksdb::ReadOptions options;
  options.snapshot = at;
  std::string found;
  const auto status = impl_->db->Get(options, handle(f), slice(key), &found);
  if (status.ok()) return std::optional<std::string>(std::move(found));
  if (status.IsNotFound()) return std::optional<std::string>();
  return fail(to_error(status, what));
}

rocksdb_snapshot::rocksdb_snapshot(rocksdb_home& home) : home_(home), snapshot_(home.db().GetSnapshot()) {}
rocksdb_snapshot::~rocksdb_snapshot() { home_.db().ReleaseSnapshot(snapshot_); }

bool rocksdb_home::needs_new_open() const {
  return impl_->health.needs_new_open() || (impl_->full && impl_->full->is_worth_a_new_open());
}

std::string rocksdb_home::without_room() const { return impl_->full ? impl_->full->why() : std::string(); }

rocksdb::DB& rocksdb_home::db() { return *impl_->db; }

rocksdb::ColumnFamilyHandle* rocksdb_home::handle(family f) const {
  return impl_->handles[static_cast<std::size_t>(f)];
}

expected<void> rocksdb_home::checkpoint(const std::string& directory) {
  std::error_code trouble;
  if (std::filesystem::exists(directory, trouble))
    return fail(failure::conflict, "backup " + directory + ": is there already");
  if (impl_->full) return link_files(directory_, directory);
  rocksdb::Checkpoint* made = nullptr;
  if (auto status = rocksdb::Checkpoint::Create(impl_->db.get(), &made); !status.ok())
    return fail(to_error(status, "backup " + directory));
  const std::unique_ptr<rocksdb::Checkpoint> maker(made);
  if (auto status = maker->CreateCheckpoint(directory); !status.ok())
    return fail(to_error(status, "backup " + directory));
  std::filesystem::permissions(directory, std::filesystem::perms::owner_all, trouble);  // as of a home
  return {};
}

std::vector<std::pair<std::string, double>> rocksdb_home::statistics() {
  // Properties that add up over the families, and those of the whole database.
  constexpr std::array summed{"rocksdb.cur-size-all-mem-tables", "rocksdb.estimate-live-data-size",
                              "rocksdb.estimate-num-keys",       "rocksdb.estimate-pending-compaction-bytes",
                              "rocksdb.live-sst-files-size",     "rocksdb.total-sst-files-size",
                              "rocksdb.num-immutable-mem-table", "rocksdb.estimate-table-readers-mem"};
  constexpr std::array whole{"rocksdb.background-errors",   "rocksdb.num-running-compactions",
                             "rocksdb.num-running-flushes", "rocksdb.num-snapshots",
                             "rocksdb.is-write-stopped",    "rocksdb.actual-delayed-write-rate"};
  std::vector<std::pair<std::string, double>> all;
  const auto add = [&](std::string name, std::uint64_t number) {
    std::replace_if(
        name.begin(), name.end(), [](char c) { return c == '.' || c == '-'; }, '_');
    all.emplace_back(std::move(name), static_cast<double>(number));
  };
  std::uint64_t number = 0;
  for (const auto* name : summed)
    if (impl_->db->GetAggregatedIntProperty(name, &number)) add(name, number);
  for (const auto* name : whole)
    if (impl_->db->GetIntProperty(name, &number)) add(name, number);
  add("rocksdb.block-cache-usage", impl_->cache->GetUsage());
  add("rocksdb.block-cache-capacity", impl_->cache->GetCapacity());
  add("rocksdb.block-cache-pinned-usage", impl_->cache->GetPinnedUsage());
  return all;
}

}  // namespace cybexd::store
