#include <algorithm>
#include <map>
#include <mutex>
#include <set>

#include "tahoe/store/lake_rules.hpp"
#include "tahoe/store/memory_stores.hpp"

namespace cybexd::store {
namespace {

struct held_entry {
  lake_entry entry;
  std::optional<entry_mark> mark;  ///< Nothing while it waits.
  std::optional<std::string> sealed;
};

class memory_lake final : public cache_lake {
 public:
  explicit memory_lake(bool keep_archived_files) : keep_(keep_archived_files) {}

  expected<std::vector<entry_id>> put(std::span<const new_entry> entries) override {
    const std::scoped_lock lock(mutex_);
    std::vector<entry_id> ids;
    for (const auto& e : entries) {
      const auto id = to_entry_id(++last_);
      entries_[last_] = {
          {id, e.name, e.orgid, e.typetag, e.timezone, e.timestamp, e.ndjson, e.records, e.sealed.size()},
          {},
          e.sealed};
      ids.push_back(id);
    }
    return ids;
  }

  expected<std::vector<lake_entry>> take(const take_limits& limits) override {
    const std::scoped_lock lock(mutex_);
    std::vector<lake_entry> some;
    std::uint64_t bytes = 0;
    for (const auto& [number, kept] : entries_) {
      if (some.size() >= limits.entries) break;
      const bool aside = kept.mark && is_set_aside(*kept.mark);
      if (taken_.contains(number) || (kept.mark && !aside)) continue;
      if (aside && (!limits.set_aside_too || number < next_forced_)) continue;
      if (!some.empty() && bytes + kept.entry.bytes > limits.bytes) break;
      bytes += kept.entry.bytes;
      some.push_back(kept.entry);
      some.back().forced = aside;
    }
    for (const auto& e : some) taken_.insert(*entry_number(e.id));
    if (limits.set_aside_too)
      next_forced_ = some.empty() ? 0 : std::max(next_forced_, *entry_number(some.back().id) + 1);
    return some;
  }

  expected<void> release(std::span<const entry_id> ids) override {
    const std::scoped_lock lock(mutex_);
    for (const auto& id : ids) {
      const auto number = entry_number(id);
      if (!number || taken_.erase(*number) == 0) continue;
      next_forced_ = std::min(next_forced_, *number);
    }
    return {};
  }

  expected<std::vector<expected<std::string>>> read_files(std::span<const entry_id> ids) override {
    const std::scoped_lock lock(mutex_);
    std::vector<expected<std::string>> files;
    for (const auto& id : ids) {
      const auto* kept = look(id);
      if (kept != nullptr && kept->sealed) {
        files.emplace_back(*kept->sealed);
      } else {
        files.emplace_back(fail(failure::not_found, "lake: the file of entry " + id + " is missing"));
      }
    }
    return files;
  }

  expected<void> mark(std::span<const entry_mark> marks) override {
    const std::scoped_lock lock(mutex_);
    for (const auto& m : marks) {
      auto* kept = look(m.id);
      if (kept == nullptr) continue;  // dropped by an operator while it was in work
      taken_.erase(*entry_number(m.id));
      kept->mark = balanced(m, kept->entry.records);
      if (m.state == entry_state::waiting) kept->mark.reset();
      if (is_done_with(m) && !keep_) kept->sealed.reset();
    }
    return {};
  }

  expected<lake_books> books() override {
    const std::scoped_lock lock(mutex_);
    lake_books b = dropped_;
    for (const auto& [number, kept] : entries_) {
      if (!kept.mark) {
        b.pending += kept.entry.records;
        ++b.waiting_entries;
        if (!b.oldest_eligible) b.oldest_eligible = kept.entry.timestamp;
        b.accepted += kept.entry.records;
        continue;
      }
      b.archived += kept.mark->archived;
      b.known += kept.mark->known;
      b.set_aside += kept.mark->set_aside;
      b.accepted += counted(*kept.mark);
      if (is_quarantined(*kept.mark)) ++b.quarantined_entries;
    }
    return b;
  }

  expected<std::optional<entry_report>> find(const entry_id& id) override {
    const std::scoped_lock lock(mutex_);
    const auto* kept = look(id);
    if (kept == nullptr) return std::optional<entry_report>();
    return report_on(*kept);
  }

  expected<std::vector<entry_report>> set_aside(const entry_id& after, std::size_t limit,
                                                bool quarantined_only) override {
    const std::scoped_lock lock(mutex_);
    std::vector<entry_report> some;
    for (const auto& [number, kept] : entries_) {
      if (some.size() >= limit) break;
      if (kept.entry.id <= after || !kept.mark || !is_set_aside(*kept.mark)) continue;
      if (quarantined_only && !is_quarantined(*kept.mark)) continue;
      some.push_back(listed(report_on(kept)));
    }
    return some;
  }

  expected<void> retry(std::span<const entry_id> ids) override {
    const std::scoped_lock lock(mutex_);
    if (auto checked = all_set_aside(ids); !checked) return checked;
    for (const auto& id : ids) look(id)->mark.reset();
    return {};
  }

  expected<void> drop(std::span<const entry_id> ids) override {
    const std::scoped_lock lock(mutex_);
    if (auto checked = all_set_aside(ids); !checked) return checked;
    for (const auto& id : ids) {
      const auto* kept = look(id);
      if (kept == nullptr) continue;  // named twice
      dropped_.archived += kept->mark->archived;
      dropped_.known += kept->mark->known;
      dropped_.set_aside += kept->mark->set_aside;
      dropped_.accepted += counted(*kept->mark);
      taken_.erase(*entry_number(id));
      entries_.erase(*entry_number(id));
    }
    return {};
  }

  expected<std::vector<entry_report>> entries(const entry_id& after, std::size_t limit) override {
    const std::scoped_lock lock(mutex_);
    std::vector<entry_report> some;
    for (auto at = entries_.upper_bound(entry_number(after).value_or(0));
         at != entries_.end() && some.size() < limit; ++at)
      some.push_back(report_on(at->second));
    return some;
  }

  expected<std::vector<bool>> adopted(std::span<const hash256> origins) override {
    const std::scoped_lock lock(mutex_);
    std::vector<bool> found;
    for (const auto& origin : origins) found.push_back(adopted_.contains(origin));
    return found;
  }

  expected<void> adopt(std::span<const kept_entry> entries) override {
    const std::scoped_lock lock(mutex_);
    for (const auto& [report, sealed] : entries) {
      if (!adopted_.insert(origin_of(report.entry)).second) continue;
      held_entry kept{report.entry, adopted_mark(report), sealed};
      kept.entry.id = to_entry_id(++last_);
      if (kept.mark) kept.mark->id = kept.entry.id;
      entries_[last_] = std::move(kept);
    }
    return {};
  }

 private:
  held_entry* look(const entry_id& id) {
    const auto number = entry_number(id);
    const auto found = number ? entries_.find(*number) : entries_.end();
    return found == entries_.end() ? nullptr : &found->second;
  }

  static entry_report report_on(const held_entry& kept) {
    entry_report r{kept.entry, {}};
    if (kept.mark) {
      r.mark = *kept.mark;
    } else {
      r.mark.id = kept.entry.id;
      r.mark.state = entry_state::waiting;
    }
    return r;
  }

  expected<void> all_set_aside(std::span<const entry_id> ids) {
    for (const auto& id : ids) {
      const auto* kept = look(id);
      if (kept == nullptr) return fail(failure::not_found, "lake: there is no entry " + id);
      if (!kept->mark || !is_set_aside(*kept->mark))
        return fail(failure::conflict, "lake: entry " + id + " is not set aside");
    }
    return {};
  }

  std::mutex mutex_;
  bool keep_;
  std::uint64_t last_ = 0, next_forced_ = 0;
  lake_books dropped_;  ///< Counts of entries that are not there any more.
  std::map<std::uint64_t, held_entry> entries_;
  std::set<hash256> adopted_;
  std::set<std::uint64_t> taken_;
};

}  // namespace

std::shared_ptr<cache_lake> make_memory_lake(bool keep_archived_files) {
  return std::make_shared<memory_lake>(keep_archived_files);
}

}  // namespace cybexd::store
