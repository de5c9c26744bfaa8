// The quarantine in its own collection.
#include <boost/test/unit_test.hpp>

#include "tests/fixtures/mongodb_lakes.hpp"

namespace cybexd::tests {

using namespace lake_talk;

namespace {

constexpr const char* collection = "file_entries_cybexd_quarantine";

std::vector<entry_id> quarantined(cache_lake& lake, const entry_id& after = {}, std::size_t limit = 100) {
  const auto some = lake.set_aside(after, limit, true);
  BOOST_REQUIRE_MESSAGE(some, (some ? "" : some.error().text));
  std::vector<entry_id> ids;
  for (const auto& report : *some) ids.push_back(report.entry.id);
  return ids;
}

void check_ids(const std::vector<entry_id>& found, const std::vector<entry_id>& wanted) {
  BOOST_TEST(found == wanted, boost::test_tools::per_element());
}

struct quarantine_world : shared_lake {
  server on = join();
  std::vector<entry_id> ids = put(*on, {entry("a"), entry("b"), entry("c", 3), entry("d")});

  /// "a" and lines of "c" are in it, "b" is set aside for another reason, "d" waits.
  quarantine_world() {
    take(*on);
    auto lines = done(ids[2], 1);
    lines.bad_lines = {{2, entry_state::quarantined, "kills"}, {3, entry_state::error, "no JSON"}};
    lines.set_aside = 2;
    mark(*on, {aside(ids[0], entry_state::quarantined, "three tries"),
               aside(ids[1], entry_state::error, "odd"), lines});
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(mongodb_quarantine, *with_mongodb())

BOOST_AUTO_TEST_CASE(has_a_document_for_each_entry_in_it) {
  const quarantine_world world;
  check_ids(quarantined(*world.on), {world.ids[0], world.ids[2]});
  const auto documents = world.all(collection);
  BOOST_REQUIRE_EQUAL(documents.size(), 2u);
  for (const auto& d : documents) {
    const bool whole = d.find("entry").id()->to_hex() == world.ids[0];
    BOOST_TEST((whole || d.find("entry").id()->to_hex() == world.ids[2]));
    BOOST_TEST(d.find("since").type() == 0x01);
    BOOST_TEST(d.find("since").number().value() == *world.on.now);
    if (whole) {
      BOOST_TEST(d.find("reason").text().value() == "three tries");
      BOOST_TEST(!d.find("lines").exists());
    } else {
      BOOST_TEST(d.view().find_dotted("lines.0.number").integer().value() == 2);
      BOOST_TEST(d.view().find_dotted("lines.0.reason").text().value() == "kills");
      BOOST_TEST(!d.view().find_dotted("lines.1").exists());  // the other is no case for it
    }
  }
  BOOST_TEST(books(*world.on).quarantined_entries == 2u);
  BOOST_TEST(world.raw(world.ids[0]).find("skip").boolean().value());  // what CYBEX-P reads
  BOOST_TEST(world.raw(world.ids[0]).find("skip_reason").text().value() == "three tries");
}

BOOST_AUTO_TEST_CASE(is_read_page_by_page) {
  const quarantine_world world;
  check_ids(quarantined(*world.on, {}, 1), {world.ids[0]});
  check_ids(quarantined(*world.on, world.ids[0], 1), {world.ids[2]});
  check_ids(quarantined(*world.on, world.ids[2], 1), {});
  check_ids(quarantined(*world.on, {}, 0), {});
}

BOOST_AUTO_TEST_CASE(is_left_by_a_retry_and_by_a_drop) {
  const quarantine_world world;
  BOOST_REQUIRE(world.on->retry(std::span(&world.ids[0], 1)));
  check_ids(quarantined(*world.on), {world.ids[2]});
  BOOST_TEST(world.all(collection).size() == 1u);
  BOOST_REQUIRE(world.on->drop(std::span(&world.ids[2], 1)));
  check_ids(quarantined(*world.on), {});
  BOOST_TEST(world.all(collection).empty());
  BOOST_TEST(books(*world.on).quarantined_entries == 0u);
}

BOOST_AUTO_TEST_CASE(is_left_by_what_is_archived_at_last_and_entered_again_by_what_is_not) {
  const quarantine_world world;
  take(*world.on, forced());
  *world.on.now += 5;
  mark(*world.on, {done(world.ids[0]), aside(world.ids[2], entry_state::quarantined, "again")});
  check_ids(quarantined(*world.on), {world.ids[2]});
  const auto documents = world.all(collection);
  BOOST_REQUIRE_EQUAL(documents.size(), 1u);
  BOOST_TEST(documents[0].find("reason").text().value() == "again");
  BOOST_TEST(documents[0].find("since").number().value() == *world.on.now);
}

// What a crash between two writes leaves.
BOOST_AUTO_TEST_CASE(a_document_without_its_mark_is_nobodys_business) {
  const quarantine_world world;
  for (const auto& id : {world.ids[3], object_id::make().to_hex()})
    world.insert(collection,
                 bson().add("entry", *object_id::from_hex(id)).add("reason", "x").add("since", 1.0));
  check_ids(quarantined(*world.on), {world.ids[0], world.ids[2]});
  check_ids(quarantined(*world.on, world.ids[2]), {});
  BOOST_TEST(books(*world.on).quarantined_entries == 2u);
}

// As an older version left them.
BOOST_AUTO_TEST_CASE(entries_without_a_document_are_listed_and_get_one) {
  const quarantine_world world;
  bulk_write gone;
  gone.remove_many({});
  BOOST_REQUIRE(world.collection(collection).write(std::move(gone), "test: remove"));
  const auto late = world.join();
  check_ids(quarantined(*late), {world.ids[0], world.ids[2]});
  const auto documents = world.all(collection);
  BOOST_REQUIRE_EQUAL(documents.size(), 2u);
  for (const auto& d : documents) {
    if (d.find("entry").id()->to_hex() != world.ids[0]) {
      BOOST_TEST(d.view().find_dotted("lines.0.reason").text().value() == "kills");
    } else {
      BOOST_TEST(d.find("reason").text().value() == "three tries");
    }
  }
  check_ids(quarantined(*late), {world.ids[0], world.ids[2]});
  BOOST_TEST(world.all(collection).size() == 2u);
}

BOOST_AUTO_TEST_CASE(what_entries_belie_for_long_goes_when_they_are_listed) {
  const quarantine_world world;
  const auto belied = object_id::from_hex(world.ids[3]).value();
  world.insert(collection, bson().add("entry", belied).add("reason", "x").add("since", 1.0));
  *world.on.now = object_id::make().seconds();
  check_ids(quarantined(*world.on), {world.ids[0], world.ids[2]});
  BOOST_TEST(world.all(collection).size() == 3u);  // its mark may be on its way
  *world.on.now += 2 * 3600;
  check_ids(quarantined(*world.on), {world.ids[0], world.ids[2]});
  BOOST_TEST(world.all(collection).size() == 2u);
}

BOOST_AUTO_TEST_CASE(the_same_again_is_one_document_that_stays) {
  const quarantine_world world;
  take(*world.on, forced());
  *world.on.now += 5;
  mark(*world.on, {aside(world.ids[0], entry_state::quarantined, "three tries")});
  check_ids(quarantined(*world.on), {world.ids[0], world.ids[2]});
  BOOST_TEST(world.all(collection).size() == 2u);
}

BOOST_AUTO_TEST_CASE(a_reason_in_no_known_text_is_kept_as_well_as_may_be) {
  const shared_lake world;
  const auto server = world.join();
  const auto ids = put(*server, {entry("a")});
  take(*server);
  mark(*server, {aside(ids[0], entry_state::quarantined, "caf\xe9")});
  BOOST_TEST(world.all(collection).front().find("reason").text().value() == "caf?");
}

BOOST_AUTO_TEST_CASE(comes_along_to_another_lake) {
  const quarantine_world from;
  const shared_lake to;
  const auto server = to.join();
  std::vector<kept_entry> kept;
  auto all = from.on->entries({}, 100);
  BOOST_REQUIRE(all);
  for (auto& report : *all) kept.push_back({std::move(report), "sealed"});
  BOOST_REQUIRE(server->adopt(kept));
  BOOST_REQUIRE(server->adopt(kept));  // again: nothing is doubled
  const auto there = quarantined(*server);
  BOOST_REQUIRE_EQUAL(there.size(), 2u);
  BOOST_TEST(server->find(there[0]).value()->entry.name == "a");
  BOOST_TEST(server->find(there[1]).value()->entry.name == "c");
  BOOST_TEST(to.all(collection).size() == 2u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace cybexd::tests
