#include "tahoe/store/mongodb_claims.hpp"

#include <chrono>

#include "tahoe/store/mongodb_lake_entry.hpp"

namespace cybexd::store {

mongodb_claims::mongodb_claims(mongodb_collection entries, double lasts, std::function<double()> now)
    : entries_(std::move(entries)),
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
  if (held_.empty() && unreleased_.empty()) return;
  bulk_write ends;  // so that nobody has to wait for what an orderly end leaves
  ends.update_many(bson().add("_cybexd_owner", owner_), lake_document::without_claim());
  (void)entries_.write(std::move(ends), "lake: close");
}

std::uint64_t mongodb_claims::next_take() {
  const std::scoped_lock lock(mutex_);
  return ++last_take_;
}

void mongodb_claims::hold(std::vector<held_entry> entries, std::uint64_t take, double until) {
  if (entries.empty()) return;
  const std::scoped_lock lock(mutex_);
  takes_[take] = {until, entries.size()};
  for (auto& e : entries) {
    e.take = take;
    auto id = e.id.to_hex();
    held_.insert_or_assign(std::move(id), std::move(e));
  }
  if (!renewing_.joinable() && !ending_) renewing_ = std::thread([this] { run(); });
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

std::size_t mongodb_claims::overdue() const {
  const auto now = now_();
  const std::scoped_lock lock(mutex_);
  std::size_t count = 0;
  for (const auto& [take, state] : takes_)
    if (state.until <= now) count += state.entries;
  return count;
}

void mongodb_claims::forget(std::span<const entry_id> ids) {
  const std::scoped_lock lock(mutex_);
  for (const auto& id : ids) {
    const auto found = held_.find(id);
    if (found == held_.end()) continue;
    if (const auto take = takes_.find(found->second.take);
        take != takes_.end() && --take->second.entries == 0)
      takes_.erase(take);
    held_.erase(found);
  }
}

expected<void> mongodb_claims::release(const std::vector<object_id>& ids) {
  bulk_write ends;
  for (const auto& id : ids)
    ends.update_one(bson().add("_id", id).add("_cybexd_owner", owner_), lake_document::without_claim());
  auto done = entries_.write(std::move(ends), "lake: release");
  if (done) return {};
  const std::scoped_lock lock(mutex_);
  unreleased_.insert(ids.begin(), ids.end());
  return fail(done.error());
}

void mongodb_claims::release_the_rest() {
  std::vector<object_id> ids;
  {
    const std::scoped_lock lock(mutex_);
    // What was taken anew meanwhile is ours again.
    for (const auto& id : unreleased_)
      if (!held_.contains(id.to_hex())) ids.push_back(id);
    unreleased_.clear();
  }
  if (!ids.empty()) (void)release(ids);  // keeps those that fail
}

std::vector<std::uint64_t> mongodb_claims::due(double now) const {
  std::vector<std::uint64_t> takes;
  for (const auto& [take, state] : takes_)
    if (state.until - now <= lasts_ / 2) takes.push_back(take);
  return takes;
}

void mongodb_claims::renew() {
  release_the_rest();
  const auto now = now_();
  std::vector<std::uint64_t> takes;
  {
    const std::scoped_lock lock(mutex_);
    takes = due(now);
  }
  if (takes.empty()) return;
  bson_list numbers;
  for (const auto take : takes) numbers.push(take);
  const auto until = now + lasts_;
  bulk_write renewal;
  // An entry that another server has claimed meanwhile is not ours any more and stays as it is.
  renewal.update_many(bson().add("_cybexd_owner", owner_).add("_cybexd_take", bson().add("$in", numbers)),
                      bson().add("$set", bson().add("_cybexd_until", until)));
  if (!entries_.write(std::move(renewal), "lake: renew")) return;
  const std::scoped_lock lock(mutex_);
  for (const auto take : takes)
    if (const auto found = takes_.find(take); found != takes_.end()) found->second.until = until;
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
