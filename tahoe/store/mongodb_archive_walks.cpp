// The archive on MongoDB: walks over all documents, and the raw records that wait for a filter.
#include <algorithm>
#include <map>
#include <set>

#include "tahoe/store/archive_rules.hpp"
#include "tahoe/store/mongodb_archive.hpp"
#include "tahoe/store/mongodb_archive_documents.hpp"

namespace cybexd::store {

using namespace mongodb_archive;

namespace {

constexpr std::uint32_t documents_at_once = 1'000;
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

}  // namespace

/// Where a raw record stands in the order of `unfiltered`.
struct mongodb_archive_store::place {
  std::string sub_type;
  object_id id;
};

expected<std::optional<mongodb_archive_store::place>> mongodb_archive_store::place_of(const hash256& hash) {
  find_options how;
  how.projection.add("sub_type", 1);
  how.sort.add("_id", 1);
  std::optional<place> at;
  auto done = ground_.documents.find(by_hash(hash), how, "archive: unfiltered", [&](const bson_view& stored) {
    if (const auto id = stored.find("_id").id())
      at = place{std::string(stored.find("sub_type").text().value_or("")), *id};
    return false;
  });
  if (!done) return fail(done.error());
  return at;
}

/// Hashes in the order of `_id`.
expected<std::vector<hash256>> mongodb_archive_store::waiting_raws(const std::string& sub_type,
                                                                   const std::optional<object_id>& after,
                                                                   std::size_t limit) {
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
  std::vector<hash256> hashes;
  for (const auto& [id, hash] : found)
    if (hashes.size() < limit) hashes.push_back(hash);
  return hashes;
}

/// Those that wait after a record, for many pages.
expected<std::deque<hash256>> mongodb_archive_store::waiting_after(const std::set<std::string>& sub_types,
                                                                   const std::optional<hash256>& after) {
  std::optional<place> last;
  if (after) {
    auto at = place_of(*after);
    if (!at) return fail(at.error());
    last = std::move(*at);
  }
  std::deque<hash256> found;
  for (const auto& sub_type : sub_types) {
    if (last && sub_type < last->sub_type) continue;
    if (found.size() >= hashes_ahead) break;
    const bool goes_on = last && sub_type == last->sub_type;
    auto hashes =
        waiting_raws(sub_type, goes_on ? std::optional(last->id) : std::nullopt, hashes_ahead - found.size());
    if (!hashes) return fail(hashes.error());
    found.insert(found.end(), hashes->begin(), hashes->end());
  }
  return found;
}

expected<std::vector<unfiltered_record>> mongodb_archive_store::unfiltered(
    std::span<const std::string> sub_types, const std::optional<hash256>& after, std::size_t limit) {
  if (auto ready = ready_(); !ready) return fail(ready.error());
  std::set<std::string> asked(sub_types.begin(), sub_types.end());
  std::vector<unfiltered_record> found;
  const std::scoped_lock lock(paging_);
  if (!after || ahead_.last != after || ahead_.sub_types != asked) ahead_ = {std::move(asked), after, {}};
  // Each may be 16 MiB, and a filter that names few is cheap for every server.
  constexpr std::size_t first_portion = 4, most_at_once = 32, little = 1u << 20;
  std::size_t bytes = 0, portion = first_portion;
  mongodb_archive::view look(ground_);
  while (found.size() < limit && bytes < archive_rules::enough_for_a_page) {
    if (ahead_.next.empty()) {
      if (!found.empty()) break;
      auto more = waiting_after(ahead_.sub_types, ahead_.last);
      if (!more) return fail(more.error());
      if (more->empty()) return found;
      ahead_.next = std::move(*more);
    }
    const auto count =
        static_cast<std::ptrdiff_t>(std::min({portion, limit - found.size(), ahead_.next.size()}));
    const std::vector<hash256> some(ahead_.next.begin(), ahead_.next.begin() + count);
    auto raws = look.get_many(some);
    if (!raws) return fail(raws.error());
    const auto before = bytes;
    for (auto& raw : *raws) bytes += archive_rules::add_awaiting(std::move(raw), found);
    portion = bytes - before < little ? std::min(portion * 2, most_at_once) : first_portion;
    ahead_.next.erase(ahead_.next.begin(), ahead_.next.begin() + count);
    ahead_.last = some.back();
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

/// By leaps from one to the next, which the index makes cheap however many records there are of each.
expected<std::vector<std::string>> mongodb_archive_store::raw_sub_types() {
  if (auto ready = ready_(); !ready) return fail(ready.error());
  std::vector<std::string> found;
  find_options next;
  next.projection.add("sub_type", 1).add("_id", 0);
  next.sort.add("sub_type", 1);
  next.limit = 1;
  for (bool more = true; more;) {
    more = false;
    const auto asked = bson()
                           .add("itype", "raw")
                           .add("sub_type", bson().add("$gt", found.empty() ? std::string() : found.back()));
    auto done = ground_.documents.find(asked, next, "archive: raw sub_types", [&](const bson_view& stored) {
      if (const auto sub_type = stored.find("sub_type").text()) {
        found.emplace_back(*sub_type);
        more = true;
      }
      return false;
    });
    if (!done) return fail(done.error());
  }
  return found;
}

expected<void> mongodb_archive_store::each(const std::function<bool(const document&)>& visit) {
  if (auto ready = ready_(); !ready) return fail(ready.error());
  find_options how;
  how.sort.add("_hash", 1);
  how.batch = documents_at_once;
  how.without_limit_of_time = true;
  std::optional<document> waiting;  // its double may come next
  std::optional<error> first_unreadable;
  std::size_t unreadable = 0;
  bool going = true;
  auto done = ground_.documents.find({}, how, "archive: each", [&](const bson_view& stored) {
    auto d = from_stored(stored);
    if (!d) {
      if (++unreadable == 1) first_unreadable = d.error();
      return true;
    }
    if (waiting && waiting->hash == d->hash) {
      join_double(*waiting, *d);
      return true;
    }
    if (waiting) going = visit(*waiting);
    waiting = std::move(*d);
    return going;
  });
  if (!done) return done;
  if (going && waiting) going = visit(*waiting);
  if (going && first_unreadable)
    return fail(failure::corrupt,
                first_unreadable->text +
                    (unreadable > 1 ? " (the first of " + std::to_string(unreadable) + ")" : ""));
  return {};
}

expected<void> mongodb_archive_store::check_index(const check_listener& listener) {
  if (auto ready = ready_(); !ready) return fail(ready.error());
  return tell_doubles(ground_.documents, listener, "archive: check");
}

}  // namespace cybexd::store
