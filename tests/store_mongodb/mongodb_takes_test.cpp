// Takes of a lake where so much waits that one look serves many of them.
#include <boost/test/unit_test.hpp>
#include <set>

#include "tests/fixtures/mongodb_lakes.hpp"

namespace cybexd::tests {

using namespace lake_talk;

namespace {

/// So many that a look remembers what it finds.
constexpr int many = 3'000;

struct full_lake : shared_lake {
  std::vector<entry_id> ids;  ///< The oldest first.

  full_lake() {
    bulk_write all;
    for (int i = 0; i < many; ++i) {
      const auto id = object_id::make();
      ids.push_back(id.to_hex());
      all.insert(bson()
                     .add("_id", id)
                     .add("fid", object_id::make())
                     .add("orgid", "org")
                     .add("typetag", "cowrie")
                     .add("timezone", "UTC")
                     .add("timestamp", 1'000.0 + i)
                     .add("processed", false));
    }
    BOOST_REQUIRE(collection().write(std::move(all), "test: fill"));
  }
  [[nodiscard]] std::vector<entry_id> from_to(int first, int last) const {
    return {ids.begin() + first, ids.begin() + last};
  }
};

std::vector<entry_id> take_of(cache_lake& lake, std::size_t entries) {
  take_limits some;
  some.entries = entries;
  const auto taken = lake.take(some);
  BOOST_REQUIRE_MESSAGE(taken, (taken ? "" : taken.error().text));
  std::vector<entry_id> of;
  for (const auto& e : *taken) of.push_back(e.id);
  return of;
}

std::vector<entry_mark> marks_of(const std::vector<entry_id>& ids) {
  std::vector<entry_mark> marks;
  for (const auto& id : ids) marks.push_back(done(id));
  return marks;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(mongodb_takes, *with_mongodb())

BOOST_AUTO_TEST_CASE(every_entry_is_taken_once_in_the_order_of_age) {
  const full_lake world;
  const auto server = world.join();
  std::vector<entry_id> taken;
  while (taken.size() < many) {
    const auto some = take_of(*server, 1'000);
    BOOST_REQUIRE(!some.empty());
    taken.insert(taken.end(), some.begin(), some.end());
    BOOST_REQUIRE(server->mark(marks_of(some)));
  }
  BOOST_TEST(taken == world.ids);
  BOOST_TEST(take_of(*server, 1'000).empty());
}

BOOST_AUTO_TEST_CASE(what_others_did_since_the_look_is_not_taken_again) {
  const full_lake world;
  const auto one = world.join(), two = world.join();
  BOOST_TEST(take_of(*one, 100) == world.from_to(0, 100));
  BOOST_TEST(take_of(*two, 100) == world.from_to(100, 200));
  const auto theirs = take_of(*one, 300);
  BOOST_TEST(theirs == world.from_to(200, 500));
  BOOST_REQUIRE(one->mark(marks_of(theirs)));  // `two` remembers them as waiting
  BOOST_TEST(take_of(*two, 200) == world.from_to(500, 700));
  world.change("file_entries", bson().add("timestamp", bson().add("$lt", 1'000.0 + 1'500)),
               bson().add("$set", bson().add("skip", true)));  // another module
  BOOST_TEST(take_of(*two, 200) == world.from_to(1'500, 1'700));
}

BOOST_AUTO_TEST_CASE(entries_of_a_server_that_is_gone_come_first) {
  const full_lake world;
  const auto gone = world.join(), other = world.join();
  BOOST_TEST(take_of(*gone, 100) == world.from_to(0, 100));
  BOOST_TEST(take_of(*other, 100) == world.from_to(100, 200));
  *other.now += 3'600;  // the claims of both have ended; only `other` sees it
  BOOST_REQUIRE(other->mark(marks_of(world.from_to(100, 200))));
  auto expected = world.from_to(0, 100);
  expected.insert(expected.end(), world.ids.begin() + 200, world.ids.begin() + 250);
  BOOST_TEST(take_of(*other, 150) == expected);
}

BOOST_AUTO_TEST_CASE(what_is_given_back_is_taken_before_what_is_remembered) {
  const full_lake world;
  const auto server = world.join();
  const auto first = take_of(*server, 100);
  BOOST_REQUIRE(server->release(std::span(first).first(10)));
  BOOST_TEST(take_of(*server, 10) == world.from_to(0, 10));
  BOOST_TEST(take_of(*server, 10) == world.from_to(100, 110));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace cybexd::tests
