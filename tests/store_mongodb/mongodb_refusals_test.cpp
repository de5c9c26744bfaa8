// A lake's writes that the database refuses one by one, in an answer that is else a good one: what rests on
// them must not be done.
#include <algorithm>
#include <boost/test/unit_test.hpp>

#include "tests/fixtures/mongodb_lakes.hpp"

namespace cybexd::tests {

using namespace lake_talk;

namespace {

/// A lake whose database refuses what does not fit.
struct strict_lake : shared_lake {
  server on = join();

  void only_takes(const bson& fitting, const std::string& name = "file_entries") const {
    if (all(name).empty()) insert(name, bson().add("of", "the test"));  // the collection is there
    const auto done = places.home()->command(
        places.cache.db, bson().add("collMod", name).add("validator", fitting), true, "test: collMod");
    BOOST_REQUIRE_MESSAGE(done, (done ? "" : done.error().text));
  }
  void takes_all(const std::string& name = "file_entries") const { only_takes({}, name); }
};

bson differs(const char* text) { return bson().add("$ne", text); }
bson differs(bool from) { return bson().add("$ne", from); }
bson exists(bool there) { return bson().add("$exists", there); }

void is_unavailable(const expected<void>& done) {
  BOOST_REQUIRE(!done);
  BOOST_TEST((done.error().kind == failure::unavailable), done.error().text);
}

constexpr const char* quarantine = "file_entries_cybexd_quarantine";

}  // namespace

BOOST_AUTO_TEST_SUITE(mongodb_refusals, *with_mongodb())

BOOST_AUTO_TEST_CASE(an_entry_that_cannot_be_dropped_keeps_its_file) {
  const strict_lake world;
  const auto ids = put(*world.on, {entry("a")});
  take(*world.on);
  mark(*world.on, {aside(ids[0], entry_state::quarantined)});
  world.only_takes(bson().add("_cybexd_state", differs("dropped")));
  is_unavailable(world.on->drop(ids));
  BOOST_TEST(world.all("fs.files").size() == 1u);
  BOOST_TEST(world.all(quarantine).size() == 1u);
  world.takes_all();
  BOOST_REQUIRE(world.on->drop(ids));
  BOOST_TEST((world.all("fs.files").empty() && world.all(quarantine).empty()));
}

BOOST_AUTO_TEST_CASE(an_entry_that_cannot_wait_again_stays_in_quarantine) {
  const strict_lake world;
  const auto ids = put(*world.on, {entry("a")});
  take(*world.on);
  mark(*world.on, {aside(ids[0], entry_state::quarantined)});
  world.only_takes(bson().add("_cybexd_state", exists(true)));
  is_unavailable(world.on->retry(ids));
  BOOST_TEST(world.all(quarantine).size() == 1u);
  world.takes_all();
  BOOST_REQUIRE(world.on->retry(ids));
  BOOST_TEST(take(*world.on) == (names{"a"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_mark_that_is_tried_again_and_again_enters_the_quarantine_once) {
  const strict_lake world;
  const auto ids = put(*world.on, {entry("a")});
  take(*world.on);
  world.only_takes(bson().add("_cybexd_state", exists(false)));
  const auto one = aside(ids[0], entry_state::quarantined);
  for (int i = 0; i < 3; ++i) is_unavailable(world.on->mark(std::span(&one, 1)));
  BOOST_TEST(world.all(quarantine).size() == 1u);
  world.takes_all();
  mark(*world.on, {one});
  BOOST_TEST(world.all(quarantine).size() == 1u);
  BOOST_TEST(world.on->set_aside({}, 10, true).value().size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_mark_is_none_without_what_it_has_no_room_for) {
  constexpr const char* parts = "file_entries_cybexd_parts";
  const strict_lake world;
  const auto ids = put(*world.on, {entry("a")});
  take(*world.on);
  auto large = done(ids[0]);
  for (int i = 0; i < 150'000; ++i) large.refs.push_back(crypto::sha256(std::to_string(i)));
  std::sort(large.refs.begin(), large.refs.end());
  world.only_takes(bson().add("n", exists(false)), parts);
  is_unavailable(world.on->mark(std::span(&large, 1)));
  BOOST_TEST(world.raw(ids[0]).find("processed").boolean().value() == false);
  world.takes_all(parts);
  mark(*world.on, {large});
  BOOST_TEST((world.on->find(ids[0]).value()->mark.refs == large.refs));
}

/// As another server may have left entries that this one holds still.
BOOST_AUTO_TEST_CASE(a_late_mark_that_is_refused_is_no_mark) {
  const strict_lake world;
  const auto ids = put(*world.on, {entry("a"), entry("b")});
  take(*world.on);
  world.change("file_entries", {}, bson().add("$set", bson().add("_cybexd_archived", 0)));
  world.only_takes(bson().add("processed", differs(true)).add("skip", differs(true)));
  const std::vector<entry_mark> marks{done(ids[0]), aside(ids[1], entry_state::error)};
  for (const auto& one : marks) is_unavailable(world.on->mark(std::span(&one, 1)));
  world.takes_all();
  mark(*world.on, marks);
  check_books(*world.on, {2, 1, 0, 1, 0}, 0);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace cybexd::tests
