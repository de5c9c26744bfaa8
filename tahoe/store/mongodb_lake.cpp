#include "tahoe/store/mongodb_lake.hpp"

#include <algorithm>

#include "tahoe/store/lake_rules.hpp"

namespace cybexd::store {

using namespace lake_document;

struct mongodb_lake::candidate {
  read_entry read;
};

namespace {

/// The next `_id` there can be.
object_id after(object_id id) {
  for (auto byte = id.bytes.rbegin(); byte != id.bytes.rend() && ++*byte == 0; ++byte) {
  }
  return id;
}

}  // namespace

mongodb_lake::mongodb_lake(mongodb_collection entries, mongodb_collection for_renewal,
                           const mongodb_lake_options& options, const store_ties& ties, bool read_only)
    : entries_(entries),
      parts_(entries.beside(entries.name() + "_cybexd_parts")),
      files_(entries),
      quarantine_(entries.beside(entries.name() + "_cybexd_quarantine")),
      options_(options),
      ties_(ties),
      read_only_(read_only),
      clock_(std::make_shared<mongodb_clock>(options.now)),
      claims_(entries.beside(entries.name() + "_cybexd_claims"),
              for_renewal.beside(entries.name() + "_cybexd_claims"),
              std::chrono::duration<double>(options.claim).count(),
              [clock = clock_] { return clock->now(); }),
      window_(std::chrono::duration<double>(options.claim).count()),
      books_(entries, clock_, std::chrono::duration<double>(options.settled_after).count(), ties.say),
      ready_([this] { return prepare(); }),
      adopting_([this] { return entries_.make_indexes({origin_index()}, *ties_.say, "lake: index"); }) {}

expected<std::shared_ptr<mongodb_lake>> mongodb_lake::open(const mongodb_place& place,
                                                           const mongodb_lake_options& options,
                                                           const store_ties& ties) {
  auto home = mongodb_home::open({.url = place.url});
  if (!home) return fail(home.error());
  // Renewals must not wait for connections that are busy, nor longer than a claim lasts, whatever the URL
  // says.
  mongodb_options few{.url = place.url};
  few.connections = 2;
  few.at_most = true;
  few.select = few.connect = few.answer = few.work =
      std::clamp(options.claim / 4, std::chrono::milliseconds(500), std::chrono::milliseconds(5'000));
  auto for_renewal = mongodb_home::open(few);
  if (!for_renewal) return fail(for_renewal.error());
  return std::shared_ptr<mongodb_lake>(new mongodb_lake(
      {*home, place.db, place.coll}, {*for_renewal, place.db, place.coll}, options, ties, place.read_only));
}

expected<std::shared_ptr<cache_lake>> make_mongodb_lake(const mongodb_place& place, const store_ties& ties,
                                                        const mongodb_lake_options& options) {
  auto made = mongodb_lake::open(place, options, ties);
  if (!made) return fail(made.error());
  return std::shared_ptr<cache_lake>(std::move(*made));
}

expected<void> mongodb_lake::prepare() {
  if (read_only_) return {};
  const std::vector<index_wish> wishes{
      {"cybexd_eligible",
       bson().add("processed", 1).add("skip", 1).add("bad_data", 1).add("timestamp", 1).add("_id", 1)},
      {"cybexd_aside", bson().add("_cybexd_aside", 1).add("_id", 1), false,
       bson().add("_cybexd_aside", true)}};
  if (auto made = entries_.make_indexes(wishes, *ties_.say, "lake: index"); !made) return made;
  if (auto made = files_.make_indexes(*ties_.say); !made) return made;
  if (auto made =
          parts_.make_indexes({{"by_entry", bson().add("entry", 1).add("n", 1)}}, *ties_.say, "lake: index");
      !made)
    return made;
  if (auto made = quarantine_.make_indexes(*ties_.say); !made) return made;
  return clock_->compare(entries_.home());
}

/// What the original set aside has no flag of ours, by which it is found. This looks at every entry that is
/// not processed, so it is done when somebody asks for those set aside, and not at each start.
expected<void> mongodb_lake::flag_what_others_set_aside() {
  bulk_write flags;
  for (const auto* mark : {"bad_data", "skip"})
    flags.update_many(
        bson().add("processed", is_no()).add(mark, is_yes()).add("_cybexd_aside", bson().add("$ne", true)),
        bson().add("$set", bson().add("_cybexd_aside", true)));
  auto done = entries_.write_all(std::move(flags), "lake: open");
  if (!done) return fail(done.error());
  return {};
}

expected<std::vector<entry_id>> mongodb_lake::put(std::span<const new_entry> entries) {
  if (entries.empty()) return std::vector<entry_id>();
  if (auto ready = ready_(); !ready) return fail(ready.error());
  const auto began = std::chrono::steady_clock::now();
  std::vector<new_file> files;
  std::vector<object_id> names, file_ids;
  std::vector<entry_id> ids;
  bulk_write documents;
  for (const auto& e : entries) {
    names.push_back(object_id::make());
    file_ids.push_back(object_id::make());
    ids.push_back(names.back().to_hex());
    documents.insert(from(e, names.back(), file_ids.back()));
  }
  for (std::size_t i = 0; i < entries.size(); ++i)
    files.push_back({file_ids[i], names[i], entries[i].name, entries[i].sealed});
  if (auto written = files_.write(files, clock_->now()); !written) {
    (void)files_.remove(file_ids);  // nobody names them
    return fail(written.error());
  }
  auto written = entries_.write(std::move(documents), "lake: put");
  if (written && written->inserted == entries.size()) {
    books_.changed();
    ties_.committed("lake", began, entries.size());
    return ids;
  }
  // Whether some are there is not known; where they are and stay, the sender's next try finds their records
  // known.
  bulk_write undone;
  for (const auto& name : names) undone.remove_one(bson().add("_id", name));
  if (entries_.write_all(std::move(undone), "lake: put")) (void)files_.remove(file_ids);
  if (!written) return fail(written.error());
  return fail(failure::unavailable, "lake: put: not all entries were written");
}

expected<std::vector<mongodb_lake::candidate>> mongodb_lake::candidates(
    const take_limits& limits, const std::set<object_id>& elsewhere) {
  bson filter;
  // What is named otherwise than by an ObjectId is no entry, and must not take the place of one.
  filter.add("_id", bson().add("$type", "objectId"));
  if (limits.set_aside_too) {
    filter.add("$and", bson_list().push(not_done_with()));
  } else {
    filter.add("processed", is_no()).add("skip", is_no()).add("bad_data", is_no());
  }
  if (limits.set_aside_too && forced_from_)
    filter.add("$or",
               bson_list()
                   .push(bson().add("processed", is_no()).add("skip", is_no()).add("bad_data", is_no()))
                   .push(bson().add("_id", bson().add("$gte", *forced_from_))));
  find_options how;
  // What waits has few other fields, and to pick some costs the server more than to send all.
  if (limits.set_aside_too) how.projection = entry_fields();
  if (!limits.set_aside_too) how.sort.add("timestamp", 1);
  how.sort.add("_id", 1);
  // Held before the look: what is marked and let go meanwhile stands in it as if it were waiting.
  const auto here = claims_.here();
  how.limit = limits.entries + here.size() + elsewhere.size();
  std::vector<candidate> some;
  auto found = entries_.find(filter, how, "lake: take", [&](const bson_view& document) {
    // A document that is named otherwise than by an ObjectId is no entry.
    const auto id = document.find("_id").id();
    if (!id || elsewhere.contains(*id) || std::binary_search(here.begin(), here.end(), *id)) return true;
    some.push_back({to_entry(document)});
    return some.size() < limits.entries;
  });
  if (!found) return fail(found.error());
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
    auto some = candidates(limits, claims_.elsewhere(*seen));
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
    for (const auto& id : ids)
      if (const auto held = claims_.find(id); held && forced_from_)
        forced_from_ = std::min(*forced_from_, held->id);
  }
  return claims_.release(ids);
}

}  // namespace cybexd::store
