// Entries on their way from one lake to another.
#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <set>

#include "tahoe/store/lake_rules.hpp"
#include "tahoe/store/rocksdb_lake.hpp"
#include "tahoe/store/rocksdb_snapshot.hpp"
#include "tahoe/store/row.hpp"

namespace cybexd::store {
namespace {

/// Shown instead of an entry whose rows cannot be read.
entry_report damaged_entry(std::uint64_t number, const std::string& why) {
  entry_report rest;
  rest.entry.id = rest.mark.id = to_entry_id(number);
  rest.mark.state = entry_state::bad_data;
  rest.mark.reason = why;
  return rest;
}

}  // namespace

expected<std::vector<entry_report>> rocksdb_lake::entries(const entry_id& after, std::size_t limit) {
  const rocksdb_snapshot now(*home_);
  rocksdb::ReadOptions options;
  options.snapshot = now.get();
  const std::unique_ptr<rocksdb::Iterator> rows(
      home_->db().NewIterator(options, home_->handle(family::lake_entries)));
  std::vector<entry_report> some;
  for (rows->Seek(number_key(entry_number(after).value_or(0) + 1)); rows->Valid(); rows->Next()) {
    const std::string_view key(rows->key().data(), rows->key().size());
    const std::string_view row(rows->value().data(), rows->value().size());
    const auto number = number_at(key);
    if (key.back() == 'm') {  // stands behind the entry that it is of
      if (some.empty() || some.back().entry.id != to_entry_id(number)) continue;
      auto mark = mark_from_row(number, row);
      auto whole = mark ? whole_mark(std::move(*mark)) : expected<entry_mark>(fail(mark.error()));
      if (!whole && whole.error().kind != failure::corrupt) return fail(whole.error());
      if (whole)
        some.back().mark = std::move(*whole);
      else
        some.back() = damaged_entry(number, whole.error().text);
      continue;
    }
    if (some.size() >= limit) break;
    auto entry = entry_from_row(number, row);
    if (!entry) {
      some.push_back(damaged_entry(number, entry.error().text));
      continue;
    }
    entry_report report{std::move(*entry), {}};
    report.mark.id = report.entry.id;
    report.mark.state = entry_state::waiting;
    some.push_back(std::move(report));
  }
  if (!rows->status().ok()) return fail(to_error(rows->status(), "lake: entries"));
  return some;
}

expected<std::vector<bool>> rocksdb_lake::adopted(std::span<const hash256> origins) {
  std::vector<std::string> keys;
  for (const auto& origin : origins) keys.push_back(origin_key(origin));
  const std::vector<rocksdb::Slice> slices(keys.begin(), keys.end());
  const std::vector<rocksdb::ColumnFamilyHandle*> handles(keys.size(), home_->handle(family::lake_meta));
  std::vector<std::string> rows;
  std::vector<bool> found;
  for (const auto& status : home_->db().MultiGet(rocksdb::ReadOptions(), handles, slices, &rows)) {
    if (!status.ok() && !status.IsNotFound()) return fail(to_error(status, "lake: adopted"));
    found.push_back(status.ok());
  }
  return found;
}

expected<void> rocksdb_lake::adopt(std::span<const kept_entry> entries) {
  const std::scoped_lock alone(changes_);  // what was looked up as not adopted stays so until it is written
  std::vector<hash256> origins;
  for (const auto& e : entries) origins.push_back(origin_of(e.report.entry));
  auto there = adopted(origins);
  if (!there) return fail(there.error());
  std::uint64_t number = 0;
  {
    const std::scoped_lock lock(line_);
    number = last_;
    last_ += entries.size();
  }
  const auto first = number + 1;
  rocksdb::WriteBatch batch;
  lake_sums sums;
  std::set<hash256> seen;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if ((*there)[i] || !seen.insert(origins[i]).second) continue;
    (void)batch.Put(home_->handle(family::lake_meta), origin_key(origins[i]), number_key(++number));
    const auto mark = adopted_mark(entries[i].report);
    put_adopted(number, entries[i], mark, batch);
    sums.add(entries[i].report.entry.records, mark, 1);
  }
  if (seen.empty()) return {};
  (void)batch.Merge(home_->handle(family::lake_meta), "books", to_row(sums));
  if (auto written = home_->write(batch, durability::synced, "lake: adopt", seen.size()); !written)
    return written;
  const std::scoped_lock lock(line_);
  next_ = std::min(next_, first);
  return {};
}

void rocksdb_lake::put_adopted(std::uint64_t number, const kept_entry& kept,
                               const std::optional<entry_mark>& mark, rocksdb::WriteBatch& batch) {
  // Adding to a batch in memory does not fail but for its size limit, and there is none.
  const auto key = number_key(number);
  (void)batch.Put(home_->handle(family::lake_entries), entry_key(number), to_row(kept.report.entry));
  if (mark) (void)batch.Put(home_->handle(family::lake_entries), mark_key(number), to_row(*mark));
  if (!mark) (void)batch.Put(home_->handle(family::lake_waiting), key, "");
  if (mark && is_set_aside(*mark)) (void)batch.Put(home_->handle(family::lake_aside), key, aside_row(*mark));
  if (kept.sealed) (void)batch.Put(home_->handle(family::lake_files), key, *kept.sealed);
}

}  // namespace cybexd::store
