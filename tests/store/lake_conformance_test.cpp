// What every lake does with entries that wait, in memory and on disk.
#include <boost/test/unit_test.hpp>

#include "tests/fixtures/lake_talk.hpp"

namespace cybexd::tests {

using namespace lake_talk;

BOOST_AUTO_TEST_SUITE(lake_conformance, *conformance())

BOOST_AUTO_TEST_CASE_TEMPLATE(entries_come_back_whole_and_oldest_first, Home, homes) {
  Home home;
  auto& lake = *home.all.lake;
  check_books(lake, {0, 0, 0, 0, 0}, 0);
  BOOST_TEST(take(lake).empty());
  auto ids = put(lake, {entry("a"), entry("b")});
  const auto more = put(lake, {entry("c", 7)});
  ids.insert(ids.end(), more.begin(), more.end());
  BOOST_TEST(std::is_sorted(ids.begin(), ids.end()));
  auto some = lake.take({});
  BOOST_REQUIRE(some && some->size() == 3);
  const auto& c = some->back();
  BOOST_TEST(c.id == ids[2]);
  BOOST_TEST(c.name == "c");
  BOOST_TEST(c.orgid == std::string(64, 'a'));
  BOOST_TEST(c.typetag == "cowrie");
  BOOST_TEST(c.timezone == "US/Pacific");
  BOOST_TEST(c.timestamp == 1'600'000'000.5);
  BOOST_TEST((c.ndjson && c.records == 7 && c.bytes == 8 && !c.forced));
  BOOST_TEST((some->front().name == "a" && !some->front().ndjson));
  check_books(lake, {9, 0, 0, 0, 9}, 3);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(what_is_taken_is_not_taken_again, Home, homes) {
  Home home;
  auto& lake = *home.all.lake;
  put(lake, {entry("a"), entry("b"), entry("c")});
  take_limits two;
  two.entries = 2;
  BOOST_TEST(take(lake, two) == (names{"a", "b"}), boost::test_tools::per_element());
  BOOST_TEST(take(lake, two) == (names{"c"}), boost::test_tools::per_element());
  BOOST_TEST(take(lake, two).empty());
  put(lake, {entry("d")});
  BOOST_TEST(take(lake) == (names{"d"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(at_least_one_entry_is_taken_however_large, Home, homes) {
  Home home;
  auto& lake = *home.all.lake;
  put(lake, {entry("a"), entry("b"), entry("c")});
  take_limits few;
  few.bytes = 1;
  BOOST_TEST(take(lake, few) == (names{"a"}), boost::test_tools::per_element());
  few.bytes = 16;
  BOOST_TEST(take(lake, few) == (names{"b", "c"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_released_entry_is_taken_again_in_its_old_place, Home, homes) {
  Home home;
  auto& lake = *home.all.lake;
  const auto ids = put(lake, {entry("a"), entry("b"), entry("c")});
  take_limits two;
  two.entries = 2;
  take(lake, two);
  BOOST_REQUIRE(lake.release(std::vector{ids[1], entry_id("no such entry"), entry_id("00000000000000ff")}));
  BOOST_TEST(take(lake) == (names{"b", "c"}), boost::test_tools::per_element());
  mark(lake, {done(ids[0]), done(ids[1])});
  BOOST_REQUIRE(lake.release(ids));  // also those that are marked: nothing happens to them
  BOOST_TEST(take(lake) == (names{"c"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(files_come_in_the_order_asked_for, Home, homes) {
  Home home;
  auto& lake = *home.all.lake;
  auto large = entry("large");
  large.sealed = std::string(16u << 20, '\0');
  for (std::size_t i = 0; i < large.sealed.size(); ++i)
    large.sealed[i] = static_cast<char>(i * 2654435761u >> 13);
  const auto ids = put(lake, {entry("a"), large, entry("b")});
  auto files =
      lake.read_files(std::vector{ids[2], entry_id("0123456789abcdef"), ids[1], entry_id("junk"), ids[0]});
  BOOST_REQUIRE(files && files->size() == 5);
  BOOST_TEST(((*files)[0] && *(*files)[0] == "sealed b"));
  BOOST_TEST((!(*files)[1] && (*files)[1].error().kind == failure::not_found));
  BOOST_TEST(((*files)[2] && *(*files)[2] == large.sealed));
  BOOST_TEST((!(*files)[3] && (*files)[3].error().kind == failure::not_found));
  BOOST_TEST(((*files)[4] && *(*files)[4] == "sealed a"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace cybexd::tests
