// Everything that changes entries which are there already.
#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <algorithm>

#include "tahoe/store/lake_rules.hpp"
#include "tahoe/store/rocksdb_lake.hpp"
#include "tahoe/store/row.hpp"

namespace cybexd::store {

namespace {

/// What one row of an entry holds, where it is there.
template <class Row>
expected<std::optional<Row>> read_row(rocksdb_home& home, const std::string& key, std::uint64_t number,
                                      const rocksdb::Snapshot* at,
                                      expected<Row> (*parse)(std::uint64_t, std::string_view)) {
  const auto row = home.get(family::lake_entries, key, "lake: entry " + to_entry_id(number), at);
  if (!row) return fail(row.error());
  if (!*row) return std::optional<Row>();
  auto parsed = parse(number, **row);
  if (!parsed) return fail(parsed.error());
  return std::optional(std::move(*parsed));
}

}  // namespace

expected<std::optional<lake_entry>> rocksdb_lake::read_entry(std::uint64_t number,
                                                             const rocksdb::Snapshot* at) {
  return read_row(*home_, entry_key(number), number, at, entry_from_row);
}

expected<std::optional<stored_mark>> rocksdb_lake::read_mark(std::uint64_t number,
                                                             const rocksdb::Snapshot* at) {
  return read_row(*home_, mark_key(number), number, at, mark_from_row);
}

expected<std::optional<rocksdb_lake::standing>> rocksdb_lake::look(std::uint64_t number) {
  {
    // What was taken while it waited still waits, so the line of archiving reads nothing here.
    const std::scoped_lock lock(line_);
    const auto held = taken_.find(number);
    if (held != taken_.end() && !held->second.forced) return standing{held->second.records, {}};
  }
  auto entry = read_entry(number);
  if (!entry) return fail(entry.error());
  if (!*entry) return std::optional<standing>();
  auto mark = read_mark(number);
  if (!mark) return fail(mark.error());
  standing found{(*entry)->records, {}};
  if (*mark) found.mark = std::move((*mark)->mark);
  return found;
}

void rocksdb_lake::replace(std::uint64_t number, const standing& before,
                           const std::optional<entry_mark>& after, rocksdb::WriteBatch& batch,
                           std::span<const std::uint64_t> numbers) {
  // Adding to a batch in memory does not fail but for its size limit, and there is none.
  const auto key = number_key(number);
  const bool waited = !before.mark, waits = !after;
  if (waited && !waits) (void)batch.SingleDelete(home_->handle(family::lake_waiting), key);
  if (!waited && waits) (void)batch.Put(home_->handle(family::lake_waiting), key, "");
  const bool was_aside = before.mark && is_set_aside(before.mark->state);
  const bool is_aside = after && is_set_aside(after->state);
  if (is_aside)
    (void)batch.Put(home_->handle(family::lake_aside), key,
                    number_key(static_cast<std::uint8_t>(after->state)));
  if (was_aside && !is_aside) (void)batch.Delete(home_->handle(family::lake_aside), key);
  if (after) (void)batch.Put(home_->handle(family::lake_entries), mark_key(number), to_row(*after, numbers));
  if (!waited && waits) (void)batch.Delete(home_->handle(family::lake_entries), mark_key(number));
  const bool was_processed = before.mark && before.mark->state == entry_state::processed;
  if (after && after->state == entry_state::processed && !was_processed && !keep_)
    (void)batch.SingleDelete(home_->handle(family::lake_files), key);
}

expected<rocksdb_lake::staged> rocksdb_lake::stage(std::span<const entry_mark> marks,
                                                   rocksdb::WriteBatch& batch,
                                                   std::span<const std::vector<std::uint64_t>> numbers) {
  staged now;
  now.alone_ = std::unique_lock(changes_);
  std::map<std::uint64_t, standing> seen;  // an entry may stand twice in one batch
  lake_sums sums;
  for (std::size_t i = 0; i < marks.size(); ++i) {
    const auto& m = marks[i];
    const auto number = entry_number(m.id);
    if (!number) continue;
    auto found = seen.find(*number);
    if (found == seen.end()) {
      auto before = look(*number);
      if (!before) return fail(before.error());
      if (!*before) continue;  // dropped by an operator while it was in work
      found = seen.emplace(*number, std::move(**before)).first;
    }
    auto& standing = found->second;
    std::optional<entry_mark> after;
    if (m.state != entry_state::waiting) after = balanced(m, standing.records);
    replace(*number, standing, after, batch,
            i < numbers.size() ? numbers[i] : std::span<const std::uint64_t>());
    sums.add(standing.records, standing.mark, -1);
    sums.add(standing.records, after, 1);
    standing.mark = std::move(after);
    (standing.mark ? now.settled_ : now.waiting_again_).push_back(*number);
  }
  if (!sums.zero()) (void)batch.Merge(home_->handle(family::lake_meta), "books", to_row(sums));
  return now;
}

void rocksdb_lake::settle(staged written) {
  const std::scoped_lock lock(line_);
  for (const auto number : written.settled_) taken_.erase(number);
  for (const auto number : written.waiting_again_) {
    taken_.erase(number);
    next_ = std::min(next_, number);
  }
}

expected<void> rocksdb_lake::mark(std::span<const entry_mark> marks) {
  rocksdb::WriteBatch batch;
  auto now = stage(marks, batch);
  if (!now) return fail(now.error());
  if (batch.Count() != 0) {
    if (auto written = home_->write(batch, durability::in_order, "lake: mark"); !written) return written;
  }
  settle(std::move(*now));
  return {};
}

expected<std::map<std::uint64_t, rocksdb_lake::standing>> rocksdb_lake::look_set_aside(
    std::span<const entry_id> ids) {
  std::map<std::uint64_t, standing> all;
  for (const auto& id : ids) {
    const auto number = entry_number(id);
    auto found = number ? look(*number) : std::optional<standing>();
    if (!found) return fail(found.error());
    if (!*found) return fail(failure::not_found, "lake: there is no entry " + id);
    if (!(*found)->mark || !is_set_aside((*found)->mark->state))
      return fail(failure::conflict, "lake: entry " + id + " is not set aside");
    all.emplace(*number, std::move(**found));
  }
  return all;
}

expected<void> rocksdb_lake::retry(std::span<const entry_id> ids) {
  const std::scoped_lock alone(changes_);
  auto all = look_set_aside(ids);
  if (!all) return fail(all.error());
  if (all->empty()) return {};
  rocksdb::WriteBatch batch;
  lake_sums sums;
  for (const auto& [number, before] : *all) {
    replace(number, before, std::nullopt, batch);
    sums.add(before.records, before.mark, -1);
    sums.add(before.records, std::nullopt, 1);
  }
  (void)batch.Merge(home_->handle(family::lake_meta), "books", to_row(sums));
  if (auto written = home_->write(batch, durability::synced, "lake: retry"); !written) return written;
  const std::scoped_lock lock(line_);
  next_ = std::min(next_, all->begin()->first);
  for (const auto& [number, before] : *all) {
    const auto held = taken_.find(number);
    if (held != taken_.end()) held->second.forced = false;  // it waits now, though somebody has it in work
  }
  return {};
}

expected<void> rocksdb_lake::drop(std::span<const entry_id> ids) {
  const std::scoped_lock alone(changes_);
  auto all = look_set_aside(ids);
  if (!all) return fail(all.error());
  if (all->empty()) return {};
  rocksdb::WriteBatch batch;
  lake_sums sums;
  for (const auto& [number, before] : *all) {
    const auto key = number_key(number);
    (void)batch.Delete(home_->handle(family::lake_aside), key);
    (void)batch.Delete(home_->handle(family::lake_entries), entry_key(number));
    (void)batch.Delete(home_->handle(family::lake_entries), mark_key(number));
    (void)batch.SingleDelete(home_->handle(family::lake_files), key);
    if (before.mark->state == entry_state::quarantined) --sums.quarantined_entries;
  }
  if (!sums.zero()) (void)batch.Merge(home_->handle(family::lake_meta), "books", to_row(sums));
  {
    // Numbers are never given out twice, also when the highest one goes.
    const std::scoped_lock lock(line_);
    (void)batch.Put(home_->handle(family::lake_meta), "last", number_key(last_));
  }
  if (auto written = home_->write(batch, durability::synced, "lake: drop"); !written) return written;
  const std::scoped_lock lock(line_);
  for (const auto& [number, before] : *all) taken_.erase(number);
  return {};
}

}  // namespace cybexd::store
