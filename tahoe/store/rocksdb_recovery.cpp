#include "tahoe/store/rocksdb_recovery.hpp"

#include <rocksdb/db.h>
#include <rocksdb/listener.h>

#include "tahoe/store/rocksdb_home.hpp"

namespace cybexd::store {

namespace {

constexpr auto between_tries = std::chrono::seconds(1);
constexpr std::string_view scratch_key = "log";

}  // namespace

/// Raised from RocksDB's threads, lowered by whoever mended it.
struct rocksdb_recovery::signal final : rocksdb::EventListener {
  std::atomic<bool> raised{false};

  void OnBackgroundError(rocksdb::BackgroundErrorReason, rocksdb::Status*) override { raised = true; }
};

rocksdb_recovery::rocksdb_recovery() : signal_(std::make_shared<signal>()) {}
rocksdb_recovery::~rocksdb_recovery() = default;

std::shared_ptr<rocksdb::EventListener> rocksdb_recovery::listener() const { return signal_; }

void rocksdb_recovery::watch(rocksdb::DB* db, rocksdb::ColumnFamilyHandle* scratch) {
  db_ = db;
  scratch_ = scratch;
}

bool rocksdb_recovery::in_trouble() const { return signal_->raised; }

void rocksdb_recovery::failed() { signal_->raised = true; }

expected<void> rocksdb_recovery::ready() {
  if (!signal_->raised) return {};
  const std::scoped_lock alone(mutex_);
  if (!signal_->raised) return {};
  const auto now = std::chrono::steady_clock::now();
  if (now < next_try_) return fail(trouble_);
  next_try_ = now + between_tries;
  signal_->raised = false;  // an error from now on is a new one
  auto done = go_on();
  if (done) return done;
  signal_->raised = true;
  trouble_ = done.error();
  trouble_.kind = trouble_.kind == failure::corrupt ? failure::corrupt : failure::unavailable;
  return fail(trouble_);
}

expected<void> rocksdb_recovery::go_on() {
  if (auto status = db_->Resume(); !status.ok()) return fail(to_error(status, "store: to write again"));
  // A row in memory only, past the log, is reason enough to begin a new one.
  rocksdb::WriteOptions memory_only;
  memory_only.disableWAL = true;
  const rocksdb::Slice key(scratch_key.data(), scratch_key.size());
  if (auto status = db_->Put(memory_only, scratch_, key, ""); !status.ok())
    return fail(to_error(status, "store: to write again"));
  rocksdb::FlushOptions switch_only;
  switch_only.wait = false;
  switch_only.allow_write_stall = true;
  if (auto status = db_->Flush(switch_only, scratch_); !status.ok())
    return fail(to_error(status, "store: to begin a new log"));
  return {};
}

}  // namespace cybexd::store
