// The archive on MongoDB: the raw records that wait for a filter.
#include <algorithm>
#include <map>
#include <set>
#include <unordered_set>

#include "tahoe/store/archive_rules.hpp"
#include "tahoe/store/mongodb_archive.hpp"
#include "tahoe/store/mongodb_archive_documents.hpp"
#include "tahoe/store/mongodb_archive_writer.hpp"

namespace cybexd::store {

using namespace mongodb_archive;

namespace {

constexpr std::size_t hashes_ahead = 10'000;  ///< That `unfiltered` reads at once.

/// Raw records whose filter found no use in them wait for none.
bson usable_raws() { return bson().add("itype", "raw").add("_valid", bson().add("$ne", false)); }

/// No filter has run for the first organisation (an empty list, or none or null as other modules may leave
/// it), or for a later one. Each is found by an index. Equality to null would mean none or null in one, but
/// up to MongoDB 7 an index looks for it among the empty lists as well, of which there may be millions.
std::vector<bson> ways_to_wait() {
  const bson_list nothing;
  const auto empty = bson().add("filters", nothing);
  return {empty, bson().add("filters", bson().add("$exists", false)),
          bson().add("filters", bson().add("$type", "null")),
          bson().add("_cybexd_orgs", bson().add("$elemMatch", empty))};
}

/// Whether something of the record, as it stands there, is among the ways to wait.
bool seems_to_wait(const tahoe::value& stored) {
  const auto is_empty = [](const tahoe::value* filters) {
    const auto* list = filters != nullptr ? filters->get_if<tahoe::array>() : nullptr;
    return filters == nullptr || filters->is_null() || (list != nullptr && list->empty());
  };
  const auto* later = stored.find("_cybexd_orgs");
  const auto* list = later != nullptr ? later->get_if<tahoe::array>() : nullptr;
  const bool of_later = list != nullptr && std::any_of(list->begin(), list->end(), [&](const auto& one) {
                          return is_empty(one.find("filters"));
                        });
  return of_later || is_empty(stored.find("filters"));
}

/// Leaves those that would come again: of the others, another server has filtered what waited.
expected<void> leave_seemingly_waiting(const mongodb_collection& documents, std::vector<document>& settled) {
  if (settled.empty()) return {};
  std::vector<hash256> hashes;
  for (const auto& d : settled) hashes.push_back(d.hash);
  find_options how;
  how.projection.add("_id", 0).add("_hash", 1).add("filters", 1).add("_cybexd_orgs", 1);
  std::unordered_set<hash256> waiting;
  const auto filter = by_hashes(hashes);
  auto found = documents.find(filter, how, "archive: unfiltered", [&](const bson_view& stored) {
    const auto hash = hash_in(stored.find("_hash"));
    const auto fields = stored.to_value();
    if (hash && (!fields || seems_to_wait(*fields))) waiting.insert(*hash);
    return true;
  });
  if (!found) return found;
  std::erase_if(settled, [&](const auto& d) { return !waiting.contains(d.hash); });
  return {};
}

}  // namespace

/// Of doubles the last: what stands between them comes at the next walk, and none comes again in this one.
expected<std::optional<mongodb_archive_store::place>> mongodb_archive_store::place_of(const hash256& hash) {
  find_options how;
  how.projection.add("sub_type", 1);
  how.sort.add("_id", -1);
  std::optional<place> at;
  auto done = ground_.documents.find(by_hash(hash), how, "archive: unfiltered", [&](const bson_view& stored) {
    if (const auto id = stored.find("_id").id())
      at = place{std::string(stored.find("sub_type").text().value_or("")), *id};
    return false;
  });
  if (!done) return fail(done.error());
  return at;
}

/// Whether any waits: mostly none does, and to learn that takes one question.
expected<bool> mongodb_archive_store::any_waits(const std::set<std::string>& sub_types) {
  bson_list asked;
  for (const auto& sub_type : sub_types) asked.push(sub_type);
  const auto of_these = usable_raws().add("sub_type", bson().add("$in", asked));
  const auto first = [&](const bson& way) {
    bson_list stages;
    stages.push(bson().add("$match", bson(of_these.view()).add_all(way.view())));
    return stages.push(bson().add("$limit", 1)).push(bson().add("$project", bson().add("_id", 1)));
  };
  const auto ways = ways_to_wait();
  auto stages = first(ways.front());
  for (std::size_t i = 1; i < ways.size(); ++i)
    stages.push(bson().add("$unionWith",
                           bson().add("coll", ground_.documents.name()).add("pipeline", first(ways[i]))));
  bool any = false;
  auto done = ground_.documents.aggregate(stages, "archive: unfiltered", [&](const bson_view&) {
    any = true;
    return false;
  });
  if (!done) return fail(done.error());
  return any;
}

/// In the order of `_id`, doubles once.
expected<std::vector<mongodb_archive_store::waiting_raw>> mongodb_archive_store::waiting_raws(
    const std::string& sub_type, const std::optional<object_id>& after, std::size_t limit) {
  std::map<object_id, hash256> found;
  for (const auto& way : ways_to_wait()) {
    auto asked = bson().add("sub_type", sub_type).add_all(way.view()).add_all(usable_raws().view());
    if (after) asked.add("_id", bson().add("$gt", *after));
    find_options how;
    how.projection.add("_hash", 1);
    how.sort.add("_id", 1);
    how.limit = limit;
    auto done = ground_.documents.find(asked, how, "archive: unfiltered", [&](const bson_view& stored) {
      const auto id = stored.find("_id").id();
      const auto hash = hash_in(stored.find("_hash"));
      if (id && hash) found.emplace(*id, *hash);
      return true;
    });
    if (!done) return fail(done.error());
  }
  std::vector<waiting_raw> waiting;
  std::unordered_set<hash256> seen;
  for (const auto& [id, hash] : found)
    if (waiting.size() < limit && seen.insert(hash).second) waiting.push_back({hash, {sub_type, id}});
  return waiting;
}

/// Those that wait after a place, for many pages.
expected<std::deque<mongodb_archive_store::waiting_raw>> mongodb_archive_store::waiting_after(
    const std::set<std::string>& sub_types, const std::optional<place>& after) {
  std::deque<waiting_raw> found;
  if (!after) {
    const auto any = any_waits(sub_types);
    if (!any) return fail(any.error());
    if (!*any) return found;
  }
  for (const auto& sub_type : sub_types) {
    if (after && sub_type < after->sub_type) continue;
    if (found.size() >= hashes_ahead) break;
    const bool goes_on = after && sub_type == after->sub_type;
    auto raws = waiting_raws(sub_type, goes_on ? std::optional(after->id) : std::nullopt,
                             hashes_ahead - found.size());
    if (!raws) return fail(raws.error());
    found.insert(found.end(), raws->begin(), raws->end());
  }
  return found;
}

/// Adds what waits of the next few to the page; the bytes of data that are added. What other modules left
/// that no filter can ever take waits no more.
expected<std::size_t> mongodb_archive_store::add_next(std::size_t count,
                                                      std::vector<unfiltered_record>& page) {
  std::vector<hash256> some;
  for (std::size_t i = 0; i < count; ++i) some.push_back(ahead_.next[i].hash);
  auto raws = mongodb_archive::view(ground_).get_many(some);
  if (!raws) return fail(raws.error());
  std::size_t bytes = 0;
  std::vector<document> settled;
  std::map<hash256, std::string> useless;
  for (const auto& hash : some) useless.emplace(hash, "it cannot be read as a raw document");
  for (auto& raw : *raws) {
    useless.erase(raw.hash);
    if (raw.orgid.empty()) {
      useless.emplace(raw.hash, "it names no organisation");
      continue;
    }
    if (archive_rules::awaiting(raw).empty()) settled.push_back(raw);
    bytes += archive_rules::add_awaiting(std::move(raw), page);
  }
  if (auto done = leave_seemingly_waiting(ground_.documents, settled); !done) return fail(done.error());
  writer notes(ground_.documents, ground_.unique);
  if (auto done = notes.settle(settled); !done) return fail(done.error());
  if (auto done = notes.give_up(std::move(useless)); !done) return fail(done.error());
  ahead_.reached = ahead_.next[count - 1].at;
  ahead_.next.erase(ahead_.next.begin(), ahead_.next.begin() + static_cast<std::ptrdiff_t>(count));
  return bytes;
}

expected<std::vector<unfiltered_record>> mongodb_archive_store::unfiltered(
    std::span<const std::string> sub_types, const std::optional<hash256>& after, std::size_t limit) {
  if (auto ready = ready_(); !ready) return fail(ready.error());
  std::set<std::string> asked(sub_types.begin(), sub_types.end());
  std::vector<unfiltered_record> found;
  const std::scoped_lock lock(paging_);
  if (!after || ahead_.last != after || ahead_.sub_types != asked) {
    ahead_ = {std::move(asked), after, std::nullopt, {}};
    if (after) {
      auto at = place_of(*after);
      if (!at) return fail(at.error());
      ahead_.reached = std::move(*at);
    }
  }
  // Each may be 16 MiB, and a filter that names few is cheap for every server.
  constexpr std::size_t first_portion = 4, most_at_once = 32, little = 1u << 20;
  std::size_t bytes = 0, portion = first_portion;
  while (found.size() < limit && bytes < archive_rules::enough_for_a_page) {
    if (ahead_.next.empty()) {
      if (!found.empty()) break;
      auto more = waiting_after(ahead_.sub_types, ahead_.reached);
      if (!more) return fail(more.error());
      if (more->empty()) return found;
      ahead_.next = std::move(*more);
    }
    const auto added = add_next(std::min({portion, limit - found.size(), ahead_.next.size()}), found);
    if (!added) return fail(added.error());
    bytes += *added;
    portion = *added < little ? std::min(portion * 2, most_at_once) : first_portion;
  }
  if (!found.empty()) ahead_.last = found.back().raw.hash;
  return found;
}

/// The indexes are those of the sub_types: a question that names none reads all that is stored.
expected<std::uint64_t> mongodb_archive_store::unfiltered_count(std::span<const std::string> sub_types) {
  if (auto ready = ready_(); !ready) return fail(ready.error());
  std::uint64_t sum = 0;
  if (sub_types.empty()) return sum;
  bson_list asked;
  for (const auto& sub_type : sub_types) asked.push(sub_type);
  const auto of_these = usable_raws().add("sub_type", bson().add("$in", asked));
  const auto add_up = [&](const bson_list& stages) {
    return ground_.documents.aggregate(stages, "archive: count unfiltered", [&](const bson_view& answer) {
      sum += static_cast<std::uint64_t>(answer.find("n").integer().value_or(0));
      return true;
    });
  };
  const auto ways = ways_to_wait();
  for (std::size_t way = 0; way < ways.size(); ++way) {
    bson_list stages;
    stages.push(bson().add("$match", bson(of_these.view()).add_all(ways[way].view())));
    if (way + 1 == ways.size()) {  // one record may wait for several organisations
      stages.push(bson().add("$unwind", "$_cybexd_orgs"));
      stages.push(bson().add("$match", bson().add("_cybexd_orgs.filters", bson_list())));
    }
    stages.push(bson().add("$count", "n"));
    if (auto done = add_up(stages); !done) return fail(done.error());
  }
  return sum;
}

}  // namespace cybexd::store
