#include "tahoe/store/mongodb_claims.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace cybexd::store {
mongodb_claims::mongodb_claims(mongodb_collection claims, mongodb_collection for_renewal, double lasts,
                               std::function<double()> now)
    : claims_(std::move(claims)),
      for_renewal_(std::move(for_renewal)),
      owner_("cybexd-" + object_id::make().to_hex()),
      lasts_(lasts),
      now_(std::move(now)) {}

mongodb_claims::~mongodb_claims() {
  {
    const std::scoped_lock lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  if (renewing_.joinable()) renewing_.join();
  // So that nobody has to wait for what an orderly end leaves.
  for (const auto& [name, take] : takes_) over_.insert(name);
  (void)remove(for_renewal_, over_, "lake: close");
}

expected<claims_seen> mongodb_claims::look(std::string_view what) const {
  constexpr int tries = 4;
  for (int i = 0; i < tries; ++i) {
    auto found = claims_.find_one(claims_document::whichever(), {}, what);
    if (!found) return fail(found.error());
    if (*found) return claims_document::read((*found)->view());
    bulk_write first;
    first.insert(claims_document::first());
    auto made = claims_.write(std::move(first), what);
    if (!made) return fail(made.error());
    if (!made->faults.empty()) return fail(made->faults.front().problem);
  }
  return fail(failure::unavailable,
              std::string(what) + ": the claims of " + claims_.full_name() + " come and go");
}

std::set<object_id> mongodb_claims::elsewhere(const claims_seen& seen) const {
  const auto now = now_();
  std::set<object_id> ids;
  for (const auto& [name, take] : seen.takes)
    if (take.until > now && !name.starts_with(owner_)) ids.insert(take.entries.begin(), take.entries.end());
  return ids;
}

bool mongodb_claims::some_ended(const claims_seen& seen) const {
  const auto now = now_();
  return std::any_of(seen.takes.begin(), seen.takes.end(), [&](const auto& take) {
    return take.second.until <= now && !take.first.starts_with(owner_);
  });
}

expected<std::optional<double>> mongodb_claims::seconds_to_an_end() {
  auto seen = look("lake: take");
  if (!seen) return fail(seen.error());
  const auto now = now_();
  std::optional<double> soonest;
  std::set<std::string> ended;
  for (const auto& [name, take] : seen->takes) {
    if (name.starts_with(owner_)) continue;
    if (take.until <= now) ended.insert(name);
    soonest = std::min(soonest.value_or(take.until), take.until);
  }
  if (soonest) soonest = std::max(0.0, *soonest - now);
  if (ended.empty()) return soonest;
  // On the condition that they were not renewed meanwhile, as the version tells.
  bulk_write ends;
  ends.update_one(claims_document::as_seen(*seen), claims_document::removing(ended));
  auto written = claims_.write(std::move(ends), "lake: take");
  if (!written) return fail(written.error());
  return soonest;
}

/// A name for a take that begins, and takes that are over: those of others that have ended, and of ours those
/// that were written although the answer did not come.
std::string mongodb_claims::begin(const claims_seen& seen, std::set<std::string>& over) {
  const auto now = now_();
  const std::scoped_lock lock(mutex_);
  for (const auto& [name, take] : seen.takes)
    if (name.starts_with(owner_) ? !takes_.contains(name) : take.until <= now) over.insert(name);
  return owner_ + "-" + std::to_string(++last_take_);
}

expected<bool> mongodb_claims::claim(std::vector<held_entry> entries, const claims_seen& seen) {
  constexpr std::size_t most_claimed = 600'000;  // half of what a document may be
  own_take take{now_() + lasts_, {}, false};
  for (const auto& e : entries) take.entries.insert(e.id);
  std::set<std::string> over;
  auto name = begin(seen, over);
  auto claimed = take.entries.size();
  for (const auto& [other, its] : seen.takes)
    if (!over.contains(other)) claimed += its.entries.size();
  if (claimed > most_claimed)
    return fail(failure::unavailable,
                "lake: take: more than " + std::to_string(most_claimed) + " entries are in work at once");
  bulk_write one;
  one.update_one(claims_document::as_seen(seen),
                 claims_document::adding(name, take.until, take.entries, over));
  auto written = claims_.write(std::move(one), "lake: take");
  if (!written) return fail(written.error());
  if (!written->faults.empty()) return fail(written->faults.front().problem);
  if (written->matched == 0) return false;
  const std::scoped_lock lock(mutex_);
  for (auto& e : entries) {
    e.take = name;
    auto id = e.id.to_hex();
    held_.insert_or_assign(std::move(id), std::move(e));
  }
  takes_.emplace(std::move(name), std::move(take));
  if (!renewing_.joinable() && !ending_) renewing_ = std::thread([this] { run(); });
  return true;
}

bool mongodb_claims::holds(const entry_id& id) const {
  const std::scoped_lock lock(mutex_);
  return held_.contains(id);
}

std::optional<held_entry> mongodb_claims::find(const entry_id& id) const {
  const std::scoped_lock lock(mutex_);
  const auto found = held_.find(id);
  return found == held_.end() ? std::nullopt : std::optional(found->second);
}

std::vector<object_id> mongodb_claims::here() const {
  const std::scoped_lock lock(mutex_);
  std::vector<object_id> ids;
  ids.reserve(held_.size());
  for (const auto& [id, entry] : held_) ids.push_back(entry.id);
  return ids;
}

std::size_t mongodb_claims::held() const {
  const std::scoped_lock lock(mutex_);
  return held_.size();
}

bool mongodb_claims::overdue(const held_entry& entry) const {
  const auto now = now_();
  const std::scoped_lock lock(mutex_);
  const auto take = takes_.find(entry.take);
  return take == takes_.end() || take->second.lost || take->second.until <= now;
}

/// With the lock. What is let go is listed in the document until that is written anew.
void mongodb_claims::let_go(std::span<const entry_id> ids) {
  for (const auto& id : ids) {
    const auto found = held_.find(id);
    if (found == held_.end()) continue;
    if (const auto take = takes_.find(found->second.take); take != takes_.end()) {
      take->second.entries.erase(found->second.id);
      if (take->second.entries.empty()) {
        if (!take->second.lost) over_.insert(take->first);
        takes_.erase(take);
      }
    }
    held_.erase(found);
  }
}

expected<void> mongodb_claims::remove(const mongodb_collection& where, const std::set<std::string>& takes,
                                      std::string_view what) const {
  if (takes.empty()) return {};
  bulk_write ends;
  ends.update_one(claims_document::whichever(), claims_document::removing(takes));
  auto written = where.write_all(std::move(ends), what);
  if (!written) return fail(written.error());
  return {};
}

expected<void> mongodb_claims::write_ends(const mongodb_collection& where) {
  std::set<std::string> ends;
  {
    const std::scoped_lock lock(mutex_);
    ends.swap(over_);
  }
  auto removed = remove(where, ends, "lake: release");
  if (removed) return {};
  const std::scoped_lock lock(mutex_);
  over_.merge(ends);
  return fail(removed.error());
}

void mongodb_claims::forget(std::span<const entry_id> ids) {
  {
    const std::scoped_lock lock(mutex_);
    let_go(ids);
  }
  (void)write_ends(claims_);  // keeps those that fail
}

expected<void> mongodb_claims::release(std::span<const entry_id> ids) {
  const std::scoped_lock one_writer(writing_);
  bulk_write shorter;
  {
    const std::scoped_lock lock(mutex_);
    std::set<std::string> touched;
    for (const auto& id : ids)
      if (const auto found = held_.find(id); found != held_.end()) touched.insert(found->second.take);
    let_go(ids);
    for (const auto& name : touched)
      if (const auto take = takes_.find(name); take != takes_.end() && !take->second.lost)
        shorter.update_one(claims_document::with(name),
                           claims_document::shortening(name, take->second.entries));
  }
  auto written = claims_.write_all(std::move(shorter), "lake: release");  // else the next renewal does it
  if (auto ended = write_ends(claims_); !ended) return ended;
  if (!written) return fail(written.error());
  return {};
}

/// Those of our takes that are not in the document any more. Others may have begun meanwhile.
void mongodb_claims::note_lost(const std::vector<std::string>& due) {
  auto seen = look("lake: renew");
  if (!seen) return;
  const std::scoped_lock lock(mutex_);
  for (const auto& name : due)
    if (const auto take = takes_.find(name); take != takes_.end() && !seen->takes.contains(name))
      take->second.lost = true;
}

void mongodb_claims::renew() {
  const std::scoped_lock one_writer(writing_);
  (void)write_ends(for_renewal_);
  const auto now = now_(), until = now + lasts_;
  bulk_write renewals;
  std::vector<std::string> due;
  {
    const std::scoped_lock lock(mutex_);
    for (const auto& [name, take] : takes_) {
      if (take.lost || take.until - now > lasts_ / 2) continue;
      due.push_back(name);
      // A take that another server has removed is not ours any more.
      renewals.update_one(claims_document::with(name), claims_document::renewing(name, until, take.entries));
    }
  }
  if (due.empty()) return;
  auto written = for_renewal_.write_all(std::move(renewals), "lake: renew");
  if (!written) return;
  if (written->matched < due.size()) note_lost(due);
  const std::scoped_lock lock(mutex_);
  for (const auto& name : due)
    if (const auto found = takes_.find(name); found != takes_.end()) found->second.until = until;
}

void mongodb_claims::run() {
  const auto pause = std::chrono::duration<double>(lasts_ / 8);
  std::unique_lock lock(mutex_);
  while (!ending_) {
    changed_.wait_for(lock, pause, [this] { return ending_; });
    if (ending_) break;
    lock.unlock();
    renew();
    lock.lock();
  }
}

}  // namespace cybexd::store
