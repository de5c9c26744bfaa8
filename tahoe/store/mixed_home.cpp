// Stores that live apart: some on MongoDB, some embedded.
#include <algorithm>
#include <set>

#include "tahoe/store/mongodb_home.hpp"
#include "tahoe/store/mongodb_stores.hpp"

namespace cybexd::store {
namespace {

/// Puts a store of its own in the place of the embedded one, where it has a place.
template <class Store, class Make>
expected<void> place(std::shared_ptr<Store>& into, const std::optional<mongodb_place>& where,
                     const store_ties& ties, Make make) {
  if (!where) return {};
  auto made = make(*where, ties);
  if (!made) return fail(made.error());
  into = std::move(*made);
  return {};
}

/// The embedded home's numbers and those of every database once.
std::function<std::vector<std::pair<std::string, double>>()> statistics_of(
    const stores& embedded, std::vector<std::shared_ptr<mongodb_home>> homes) {
  return [embedded = embedded.statistics, homes = std::move(homes)] {
    std::vector<std::pair<std::string, double>> all;
    if (embedded) all = embedded();
    std::map<std::string, double> sums;
    for (const auto& home : homes)
      for (const auto& [name, number] : home->statistics()) sums[name] += number;
    all.insert(all.end(), sums.begin(), sums.end());
    return all;
  };
}

void tie_to(stores& all, const std::vector<std::shared_ptr<mongodb_home>>& homes) {
  if (homes.empty()) return;
  all.end_by = [homes](std::chrono::steady_clock::time_point deadline) {
    for (const auto& home : homes) home->end_by(deadline);
  };
  all.gave_up = [homes] {
    return std::any_of(homes.begin(), homes.end(), [](const auto& home) { return !home->still_asks(""); });
  };
  all.trouble = [homes, embedded = std::move(all.trouble)] {
    std::string text = embedded ? embedded() : std::string();
    for (const auto& home : homes)
      if (const auto one = home->trouble(); !one.empty()) text += (text.empty() ? "" : "; ") + one;
    return text;
  };
}

expected<std::vector<std::shared_ptr<mongodb_home>>> homes_of(const store_places& places) {
  std::set<std::shared_ptr<mongodb_home>> homes;
  for (const auto* one : {&places.cache, &places.archive, &places.report, &places.identity}) {
    if (!*one) continue;
    mongodb_options options;
    options.url = (*one)->url;
    auto home = mongodb_home::open(options);
    if (!home) return fail(home.error());
    homes.insert(*home);
  }
  return std::vector(homes.begin(), homes.end());
}

}  // namespace

expected<void> check_mongodb_url(const std::string& url) {
  mongodb_options options;
  options.url = url;
  const auto home = mongodb_home::open(options);
  return home ? expected<void>{} : fail(home.error());
}

expected<stores> open_stores(const store_places& places) {
  stores all;
  auto homes = homes_of(places);
  if (!homes) return fail(homes.error());
  const bool some_embedded = !places.cache || !places.archive || !places.report || !places.identity;
  if (some_embedded) {
    auto embedded = open_embedded(places.embedded);
    if (!embedded) return fail(embedded.error());
    all = std::move(*embedded);
  } else {
    all.on_commit = std::make_shared<std::function<void(std::string_view, double, std::size_t)>>();
    all.backup = [](const std::string&) -> expected<void> {
      return fail(failure::bad_input, "backup: the stores are on MongoDB; use its own tools");
    };
  }
  const store_ties ties{all.say, all.on_commit};
  const auto make_lake = [&places](const mongodb_place& where, const store_ties& with) {
    mongodb_lake_options options;
    options.claim = places.claim;
    options.keep_archived_files = places.embedded.keep_archived_files;
    return make_mongodb_lake(where, with, options);
  };
  for (const auto& placed : {place(all.lake, places.cache, ties, make_lake),
                             place(all.archive, places.archive, ties, make_mongodb_archive),
                             place(all.reports, places.report, ties, make_mongodb_reports),
                             place(all.identity, places.identity, ties, make_mongodb_identity)})
    if (!placed) return fail(placed.error());
  if (places.cache || places.archive) all.commit = make_committer(all.archive, all.lake);
  tie_to(all, *homes);
  all.statistics = statistics_of(all, std::move(*homes));
  return all;
}

}  // namespace cybexd::store
