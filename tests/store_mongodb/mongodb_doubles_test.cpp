// Data that the original wrote may hold documents twice: `verify` lists them, in every collection with
// hashes.
#include <algorithm>

#include "tests/fixtures/identity_on_mongodb.hpp"
#include "tests/fixtures/mongodb_homes.hpp"

namespace cybexd::tests {

namespace {

using namespace store;

/// What `check` says of a store that is opened over the documents, in order.
template <class Store>
std::vector<std::string> faults_of(const mongodb_place& place,
                                   expected<std::shared_ptr<Store>> (*make)(const mongodb_place&,
                                                                            const store_ties&),
                                   const std::vector<document>& documents) {
  const mongodb_collection raw(must(mongodb_home::open({.url = place.url})), place.db, place.coll);
  for (const auto& d : documents) must(insert(raw, tahoe::to_value(d)));
  const auto opened = must(make(place, {}));
  std::vector<std::string> faults;
  must(opened->check({[&](const std::string& fault) { faults.push_back(fault); }}));
  return faults;
}

document named(const std::string& data) { return must(tahoe::make_attribute("name", data)); }

}  // namespace

BOOST_AUTO_TEST_SUITE(mongodb_doubles, *with_mongodb())

BOOST_AUTO_TEST_CASE(are_listed_of_reports_and_identities) {
  const mongodb_places places;
  const std::vector<document> documents{named("a"), named("b"), named("a"), named("c"), named("a")};
  for (const auto& [place, faults] :
       {std::pair{places.report, faults_of(places.report, &make_mongodb_reports, documents)},
        std::pair{places.identity, faults_of(places.identity, &make_mongodb_identity, documents)}}) {
    const auto where = place.db + "." + place.coll;
    BOOST_TEST((faults == std::vector<std::string>{
                              "the index over _hash of " + where + " is not unique",
                              "3 documents of " + where + " have the _hash " + hex(named("a").hash)}));
  }
}

BOOST_AUTO_TEST_CASE(where_there_are_none_nothing_is_said) {
  const mongodb_places places;
  BOOST_TEST(faults_of(places.report, &make_mongodb_reports, {named("a"), named("b")}).empty());
  BOOST_TEST(faults_of(places.identity, &make_mongodb_identity, {named("a"), named("b")}).empty());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace cybexd::tests
