#include "tahoe/store/mongodb_lake.hpp"

#include <algorithm>

#include "tahoe/store/lake_rules.hpp"

namespace cybexd::store {

using namespace lake_document;

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
    flags.update_many(bson()
                          .add("_id", bson().add("$type", "objectId"))  // another one is no entry's
                          .add("processed", is_no())
                          .add(mark, is_yes())
                          .add("_cybexd_aside", bson().add("$ne", true)),
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

}  // namespace cybexd::store
