#include "tahoe/store/rocksdb_lake.hpp"

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <algorithm>

#include "tahoe/store/archive_reader.hpp"
#include "tahoe/store/lake_rules.hpp"
#include "tahoe/store/rocksdb_snapshot.hpp"
#include "tahoe/store/row.hpp"

namespace cybexd::store {
namespace {

constexpr std::string_view last_key = "last";

std::uint64_t number_of(const rocksdb::Iterator& at) { return number_at({at.key().data(), at.key().size()}); }

}  // namespace

/// The numbers in one index of the lake, ascending, without those that are taken.
class rocksdb_lake::candidates {
 public:
  candidates(rocksdb_home& home, family index, std::uint64_t from, const std::map<std::uint64_t, hold>& taken)
      : rows_(home.db().NewIterator(rocksdb::ReadOptions(), home.handle(index))), taken_(taken) {
    rows_->Seek(number_key(from));
    pass_taken();
  }
  [[nodiscard]] bool valid() const { return rows_->Valid(); }
  [[nodiscard]] std::uint64_t number() const { return number_of(*rows_); }
  [[nodiscard]] rocksdb::Status status() const { return rows_->status(); }
  void next() {
    rows_->Next();
    pass_taken();
  }

 private:
  void pass_taken() {
    while (rows_->Valid() && taken_.contains(number_of(*rows_))) rows_->Next();
  }
  std::unique_ptr<rocksdb::Iterator> rows_;
  const std::map<std::uint64_t, hold>& taken_;
};

rocksdb_lake::rocksdb_lake(std::shared_ptr<rocksdb_home> home, bool keep_archived_files)
    : home_(std::move(home)), keep_(keep_archived_files) {}

expected<std::shared_ptr<rocksdb_lake>> rocksdb_lake::open(std::shared_ptr<rocksdb_home> home,
                                                           bool keep_archived_files) {
  std::shared_ptr<rocksdb_lake> lake(new rocksdb_lake(std::move(home), keep_archived_files));
  if (auto read = lake->find_ends(); !read) return fail(read.error());
  return lake;
}

/// The highest number ever given out, and the first one that waits.
expected<void> rocksdb_lake::find_ends() {
  const auto rows_of = [this](family f) {
    return std::unique_ptr<rocksdb::Iterator>(
        home_->db().NewIterator(rocksdb::ReadOptions(), home_->handle(f)));
  };
  const auto entries = rows_of(family::lake_entries), waiting = rows_of(family::lake_waiting);
  entries->SeekToLast();
  waiting->SeekToFirst();
  for (const auto& status : {entries->status(), waiting->status()})
    if (!status.ok()) return fail(to_error(status, "lake: open"));
  if (entries->Valid()) last_ = number_of(*entries);
  auto dropped = home_->get(family::lake_meta, last_key, "lake: open");
  if (!dropped) return fail(dropped.error());
  if (*dropped) last_ = std::max(last_, number_at(**dropped));
  next_ = waiting->Valid() ? number_of(*waiting) : last_ + 1;
  return {};
}

expected<std::vector<entry_id>> rocksdb_lake::put(std::span<const new_entry> entries) {
  if (entries.empty()) return std::vector<entry_id>();
  std::uint64_t number = 0;
  {
    const std::scoped_lock lock(line_);
    number = last_ + 1;
    last_ += entries.size();
  }
  const auto first = number;
  rocksdb::WriteBatch batch;
  std::vector<entry_id> ids;
  lake_sums sums;
  rocksdb::Status status;
  for (const auto& e : entries) {
    const lake_entry kept{to_entry_id(number), e.name,   e.orgid,   e.typetag,      e.timezone,
                          e.timestamp,         e.ndjson, e.records, e.sealed.size()};
    const auto key = number_key(number);
    if (status.ok()) status = batch.Put(home_->handle(family::lake_entries), entry_key(number), to_row(kept));
    if (status.ok()) status = batch.Put(home_->handle(family::lake_waiting), key, "");
    if (status.ok()) status = batch.Put(home_->handle(family::lake_files), key, e.sealed);
    sums.add(e.records, std::nullopt, 1);
    ids.push_back(kept.id);
    ++number;
  }
  if (status.ok()) status = batch.Merge(home_->handle(family::lake_meta), "books", to_row(sums));
  if (!status.ok()) return fail(to_error(status, "lake: put"));
  if (auto written = home_->write(batch, durability::synced, "lake: put", entries.size()); !written)
    return fail(written.error());
  // A later put may have been taken already, and the line have moved past these.
  const std::scoped_lock lock(line_);
  next_ = std::min(next_, first);
  return ids;
}

expected<void> rocksdb_lake::try_write() {
  rocksdb::WriteBatch batch;
  (void)batch.Put(home_->handle(family::lake_meta), "tried", "");  // no limit on the batch's size
  return home_->write(batch, durability::synced, "lake: try");
}

/// An entry to take. One whose row is damaged is taken too, so that it is set aside and holds up nobody.
expected<lake_entry> rocksdb_lake::candidate(std::uint64_t number, std::vector<std::uint64_t>& damaged) {
  auto entry = read_entry(number);
  if (!entry && entry.error().kind != failure::corrupt) return fail(entry.error());
  if (entry && *entry) return std::move(**entry);
  damaged.push_back(number);
  lake_entry rest;
  rest.id = to_entry_id(number);
  return rest;
}

expected<std::vector<lake_entry>> rocksdb_lake::take(const take_limits& limits) {
  const std::scoped_lock lock(line_);
  candidates waiting(*home_, family::lake_waiting, next_, taken_);
  candidates aside(*home_, family::lake_aside, next_forced_, taken_);
  std::vector<lake_entry> some;
  std::vector<std::uint64_t> damaged;
  std::uint64_t bytes = 0, next = next_, next_forced = next_forced_;
  const auto more = [&] { return waiting.valid() || (limits.set_aside_too && aside.valid()); };
  while (some.size() < limits.entries && more()) {
    const bool forced =
        limits.set_aside_too && aside.valid() && (!waiting.valid() || aside.number() < waiting.number());
    auto& from = forced ? aside : waiting;
    const auto number = from.number();
    auto entry = candidate(number, damaged);
    if (!entry) return fail(entry.error());
    if (!some.empty() && bytes + entry->bytes > limits.bytes) break;
    bytes += entry->bytes;
    entry->forced = forced;
    some.push_back(std::move(*entry));
    if (!forced) next = number + 1;
    next_forced = std::max(next_forced, number + 1);
    from.next();
  }
  for (const auto& status : {waiting.status(), aside.status()})
    if (!status.ok()) return fail(to_error(status, "lake: take"));
  for (const auto& e : some) taken_[*entry_number(e.id)] = {e.records, e.forced, false};
  for (const auto number : damaged)
    if (taken_.contains(number)) taken_[number].damaged = true;
  next_ = next;
  if (limits.set_aside_too) next_forced_ = some.empty() ? 0 : next_forced;
  return some;
}

expected<void> rocksdb_lake::release(std::span<const entry_id> ids) {
  const std::scoped_lock lock(line_);
  for (const auto& id : ids) {
    const auto number = entry_number(id);
    if (!number || taken_.erase(*number) == 0) continue;
    next_ = std::min(next_, *number);
    next_forced_ = std::min(next_forced_, *number);
  }
  return {};
}

expected<std::vector<expected<std::string>>> rocksdb_lake::read_files(std::span<const entry_id> ids) {
  std::vector<std::string> keys;
  for (const auto& id : ids)
    keys.push_back(number_key(entry_number(id).value_or(0)));  // 0 is never given out
  const std::vector<rocksdb::Slice> slices(keys.begin(), keys.end());
  std::vector<rocksdb::PinnableSlice> found(keys.size());
  std::vector<rocksdb::Status> statuses(keys.size());
  rocksdb::ReadOptions options;
  options.fill_cache = false;  // read once
  // All together: neighbours stand in one block, which is then read once for all of them.
  home_->db().MultiGet(options, home_->handle(family::lake_files), keys.size(), slices.data(), found.data(),
                       statuses.data(), std::is_sorted(keys.begin(), keys.end()));
  const auto damaged = [this](const entry_id& id) {
    const std::scoped_lock lock(line_);
    const auto held = taken_.find(entry_number(id).value_or(0));
    return held != taken_.end() && held->second.damaged;
  };
  std::vector<expected<std::string>> files;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const auto& status = statuses[i];
    if (damaged(ids[i])) {
      files.emplace_back(fail(failure::corrupt, "lake: the row of entry " + ids[i] + " is damaged"));
    } else if (status.ok()) {
      files.emplace_back(found[i].ToString());
    } else if (status.IsNotFound()) {
      files.emplace_back(fail(failure::not_found, "lake: the file of entry " + ids[i] + " is missing"));
    } else if (status.IsCorruption()) {
      files.emplace_back(fail(to_error(status, "lake: the file of entry " + ids[i])));
    } else {
      return fail(to_error(status, "lake: read"));
    }
  }
  return files;
}

expected<lake_books> rocksdb_lake::books() {
  std::uint64_t from = 0;
  {
    const std::scoped_lock lock(line_);
    from = taken_.empty() ? next_ : std::min(next_, taken_.begin()->first);
  }
  const rocksdb_snapshot now(*home_);
  auto row = home_->get(family::lake_meta, "books", "lake: books", now.get());
  if (!row) return fail(row.error());
  if (!*row) return lake_books();
  auto sums = sums_from_row(**row);
  if (!sums) return fail(sums.error());
  const auto whole = [](std::int64_t sum) {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(sum, 0));
  };
  lake_books b;
  b.accepted = whole(sums->accepted);
  b.archived = whole(sums->archived);
  b.known = whole(sums->known);
  b.set_aside = whole(sums->set_aside);
  b.pending = whole(sums->accepted - sums->archived - sums->known - sums->set_aside);
  b.waiting_entries = whole(sums->waiting_entries);
  b.quarantined_entries = whole(sums->quarantined_entries);
  if (b.waiting_entries == 0) return b;
  rocksdb::ReadOptions options;
  options.snapshot = now.get();
  const std::unique_ptr<rocksdb::Iterator> rows(
      home_->db().NewIterator(options, home_->handle(family::lake_waiting)));
  rows->Seek(number_key(from));
  if (!rows->status().ok()) return fail(to_error(rows->status(), "lake: books"));
  if (!rows->Valid()) return b;
  auto oldest = read_entry(number_of(*rows), now.get());
  if (!oldest) return fail(oldest.error());
  if (*oldest) b.oldest_eligible = (*oldest)->timestamp;
  return b;
}

expected<std::optional<entry_report>> rocksdb_lake::find(const entry_id& id) {
  const auto number = entry_number(id);
  if (!number) return std::optional<entry_report>();
  const rocksdb_snapshot now(*home_);
  auto entry = read_entry(*number, now.get());
  if (!entry) return fail(entry.error());
  if (!*entry) return std::optional<entry_report>();
  auto mark = read_mark(*number, now.get());
  if (!mark) return fail(mark.error());
  entry_report report{std::move(**entry), {}};
  if (*mark) {
    auto whole = whole_mark(std::move(**mark));
    if (!whole) return fail(whole.error());
    report.mark = std::move(*whole);
  }
  report.mark.id = id;
  if (!*mark) report.mark.state = entry_state::waiting;
  return report;
}

expected<entry_mark> rocksdb_lake::whole_mark(stored_mark stored) {
  if (stored.numbers.empty()) return std::move(stored.mark);
  auto refs = archive_reader(*home_).hashes_of(stored.numbers);
  if (!refs) return fail(refs.error());
  stored.mark.refs = std::move(*refs);
  std::sort(stored.mark.refs.begin(), stored.mark.refs.end());
  return std::move(stored.mark);
}

expected<std::vector<entry_report>> rocksdb_lake::set_aside(const entry_id& after, std::size_t limit,
                                                            bool quarantined_only) {
  const rocksdb_snapshot now(*home_);
  rocksdb::ReadOptions options;
  options.snapshot = now.get();
  const std::unique_ptr<rocksdb::Iterator> rows(
      home_->db().NewIterator(options, home_->handle(family::lake_aside)));
  std::vector<entry_report> some;
  const auto from = entry_number(after);
  entry_mark gravest;
  gravest.state = entry_state::quarantined;
  const auto quarantined = aside_row(gravest);
  for (rows->Seek(number_key(from ? *from + 1 : 0)); rows->Valid() && some.size() < limit; rows->Next()) {
    if (quarantined_only && rows->value() != rocksdb::Slice(quarantined)) continue;
    auto report = find(to_entry_id(number_of(*rows)));
    if (!report && report.error().kind == failure::corrupt) {
      entry_report rest;
      rest.entry.id = rest.mark.id = to_entry_id(number_of(*rows));
      rest.mark.state = entry_state::bad_data;
      rest.mark.reason = report.error().text;
      report = std::move(rest);
    }
    if (!report) return fail(report.error());
    if (*report && is_set_aside((*report)->mark)) some.push_back(listed(std::move(**report)));
  }
  if (!rows->status().ok()) return fail(to_error(rows->status(), "lake: list"));
  return some;
}

}  // namespace cybexd::store
