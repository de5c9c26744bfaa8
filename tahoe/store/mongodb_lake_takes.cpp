// How a server takes entries: what waits is looked for, then claimed on the condition that nobody changed the
// claims since.
//
// A look for what waits goes past all that is in work, here and elsewhere, and takes long where much waits.
// So one look serves many takes: what it found beyond those that were asked for is remembered by its `_id`,
// and read again, which is quick, when its turn has come.
#include <algorithm>
#include <map>
#include <span>

#include "tahoe/store/mongodb_lake.hpp"

namespace cybexd::store {

using namespace lake_document;

struct mongodb_lake::candidate {
  read_entry read;
};

namespace {

/// Entries that one look finds at most beyond those in work.
constexpr std::size_t most_found = 8'192;
/// Where no more than these wait, a look costs little, and what came meanwhile or waits again has its turn by
/// age.
constexpr std::size_t few = 1'024;
/// Of those that are remembered, so many are read again at once, so many times: some servers look through the
/// whole list for each document of it, and other servers may have archived much of what was before.
constexpr std::size_t read_at_once = 200, most_reads = 16;

/// The next `_id` there can be.
object_id after(object_id id) {
  for (auto byte = id.bytes.rbegin(); byte != id.bytes.rend() && ++*byte == 0; ++byte) {
  }
  return id;
}

bson& add_waiting(bson& filter) {
  return filter.add("processed", is_no()).add("skip", is_no()).add("bad_data", is_no());
}

}  // namespace

/// Those of these that wait still.
expected<std::map<object_id, read_entry>> mongodb_lake::read_waiting(std::span<const object_id> some) {
  bson_list ids;
  for (const auto& id : some) ids.push(id);
  bson filter = bson().add("_id", bson().add("$in", ids));
  std::map<object_id, read_entry> wait;
  auto found = entries_.find(add_waiting(filter), {}, "lake: take", [&](const bson_view& document) {
    if (const auto id = document.find("_id").id()) wait.emplace(*id, to_entry(document));
    return true;
  });
  if (!found) return fail(found.error());
  return wait;
}

/// Of those remembered, the first that wait still; what does not is forgotten. Fewer than wanted: too few are
/// remembered, and a look is due.
expected<std::vector<mongodb_lake::candidate>> mongodb_lake::remembered(std::size_t wanted,
                                                                        const claims_seen& seen) {
  // What a server that is gone had in work is older than all these.
  if (claims_.some_ended(seen)) waiting_.clear();
  const auto elsewhere = claims_.elsewhere(seen);
  const auto here = claims_.here();
  std::erase_if(waiting_, [&](const object_id& id) {
    return elsewhere.contains(id) || std::binary_search(here.begin(), here.end(), id);
  });
  std::vector<candidate> some;
  if (waiting_.size() < wanted) return some;
  std::size_t next = 0;
  std::vector<object_id> still;
  for (std::size_t n = 0; n < most_reads && some.size() < wanted && next < waiting_.size(); ++n) {
    const auto portion = std::span(waiting_).subspan(next, std::min(read_at_once, waiting_.size() - next));
    next += portion.size();
    auto wait = read_waiting(portion);
    if (!wait) return fail(wait.error());
    for (const auto& id : portion) {
      const auto there = wait->find(id);
      if (there == wait->end()) continue;
      if (some.size() < wanted) some.push_back({std::move(there->second)});
      still.push_back(id);
    }
  }
  still.insert(still.end(), waiting_.begin() + static_cast<std::ptrdiff_t>(next), waiting_.end());
  waiting_ = std::move(still);
  return some;
}

expected<std::vector<mongodb_lake::candidate>> mongodb_lake::candidates(const take_limits& limits,
                                                                        const claims_seen& seen) {
  if (!limits.set_aside_too) {
    auto some = remembered(limits.entries, seen);
    if (!some || some->size() == limits.entries) return some;
  }
  return look_for(limits, claims_.elsewhere(seen));
}

/// Those of all entries that are to be taken next.
expected<std::vector<mongodb_lake::candidate>> mongodb_lake::look_for(const take_limits& limits,
                                                                      const std::set<object_id>& elsewhere) {
  waiting_.clear();
  bson filter;
  // What is named otherwise than by an ObjectId is no entry, and must not take the place of one.
  filter.add("_id", bson().add("$type", "objectId"));
  find_options how;
  if (limits.set_aside_too) {
    filter.add("$and", bson_list().push(not_done_with()));
    bson waits;
    add_waiting(waits);
    if (forced_from_)
      filter.add("$or", bson_list().push(waits).push(bson().add("_id", bson().add("$gte", *forced_from_))));
    // What waits has few other fields, and to pick some costs the server more than to send all.
    how.projection = entry_fields();
  } else {
    add_waiting(filter);
    how.sort.add("timestamp", 1);
  }
  how.sort.add("_id", 1);
  // Held before the look: what is marked and let go meanwhile stands in it as if it were waiting.
  const auto here = claims_.here();
  const auto most = limits.set_aside_too ? limits.entries : std::max(limits.entries, most_found);
  how.limit = most + here.size() + elsewhere.size();
  std::vector<candidate> some;
  auto found = entries_.find(filter, how, "lake: take", [&](const bson_view& document) {
    // A document that is named otherwise than by an ObjectId is no entry.
    const auto id = document.find("_id").id();
    if (!id || elsewhere.contains(*id) || std::binary_search(here.begin(), here.end(), *id)) return true;
    if (some.size() < limits.entries) some.push_back({to_entry(document)});
    if (!limits.set_aside_too) waiting_.push_back(*id);
    return !limits.set_aside_too || some.size() < limits.entries;
  });
  if (!found) return fail(found.error());
  if (waiting_.size() <= some.size() + few) waiting_.clear();
  return some;
}

/// The sizes of files that our intake did not put.
expected<void> mongodb_lake::add_sizes(std::vector<candidate>& some) {
  std::vector<object_id> unknown;
  for (const auto& c : some)
    if (!c.read.own && c.read.file) unknown.push_back(*c.read.file);
  if (unknown.empty()) return {};
  auto sizes = files_.sizes(unknown);
  if (!sizes) return fail(sizes.error());
  for (auto& c : some)
    if (!c.read.own && c.read.file)
      if (const auto found = sizes->find(*c.read.file); found != sizes->end())
        c.read.entry.bytes = found->second;
  return {};
}

/// Claims as many of these as the limits allow; the others are left out. False: somebody else was faster.
expected<bool> mongodb_lake::claim(std::vector<candidate>& some, const take_limits& limits,
                                   const claims_seen& seen) {
  std::uint64_t bytes = 0;
  const auto end = std::find_if(some.begin(), some.end(), [&](const candidate& c) {
    if (&c != &some.front() && bytes + c.read.entry.bytes > limits.bytes) return true;
    bytes += c.read.entry.bytes;
    return false;
  });
  some.erase(end, some.end());
  std::vector<held_entry> held;
  for (const auto& c : some) held.push_back(held_from(c.read));
  return claims_.claim(std::move(held), seen);
}

/// Entries that are claimed for this server from now on.
expected<std::vector<mongodb_lake::candidate>> mongodb_lake::find_and_claim(const take_limits& limits) {
  // Other servers may be faster; then there are others to take.
  constexpr int most_tries = 20;
  for (int attempt = 0; attempt < most_tries; ++attempt) {
    // The claims come first: whatever changes them before ours are added makes this another try.
    auto seen = claims_.look("lake: take");
    if (!seen) return fail(seen.error());
    auto some = candidates(limits, *seen);
    if (!some || some->empty()) return some;
    if (auto added = add_sizes(*some); !added) return fail(added.error());
    auto ours = claim(*some, limits, *seen);
    if (!ours) return fail(ours.error());
    if (*ours) return some;
  }
  return fail(failure::unavailable, "lake: take: other servers took entries at every moment");
}

expected<std::vector<lake_entry>> mongodb_lake::take(const take_limits& limits) {
  if (auto ready = ready_(); !ready) return fail(ready.error());
  const std::scoped_lock lock(taking_);
  clock_->compare_now_and_then(entries_.home());
  std::vector<candidate> some;
  if (claims_.held() == 0) window_.began(clock_->now());
  if (limits.entries != 0) {
    auto found = find_and_claim(limits);
    if (!found) return fail(found.error());
    some = std::move(*found);
  }
  if (some.empty() && swept_to_ && claims_.held() == 0)
    (void)sweep();  // what fails now is done at a later time
  std::vector<lake_entry> entries;
  std::optional<object_id> forced_to = some.empty() ? std::nullopt : forced_from_;
  for (auto& c : some) {
    forced_to = std::max(forced_to, std::optional(after(c.read.id)));
    entries.push_back(std::move(c.read.entry));
  }
  if (limits.set_aside_too) forced_from_ = forced_to;
  return entries;
}

expected<std::optional<double>> mongodb_lake::seconds_to_a_free_claim() {
  return claims_.seconds_to_an_end();
}

expected<void> mongodb_lake::release(std::span<const entry_id> ids) {
  {
    const std::scoped_lock lock(taking_);
    waiting_.clear();  // these are older
    for (const auto& id : ids)
      if (const auto held = claims_.find(id); held && forced_from_)
        forced_from_ = std::min(*forced_from_, held->id);
  }
  return claims_.release(ids);
}

}  // namespace cybexd::store
