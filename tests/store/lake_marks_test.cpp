// What every lake does with entries that do not wait any more, in memory and on disk.
#include <boost/test/unit_test.hpp>

#include "tests/fixtures/lake_talk.hpp"

namespace cybexd::tests {

using namespace lake_talk;

BOOST_AUTO_TEST_SUITE(lake_marks, *conformance())

BOOST_AUTO_TEST_CASE_TEMPLATE(marks_move_records_from_pending_to_what_became_of_them, Home, homes) {
  Home home;
  auto& lake = *home.all.lake;
  const auto ids = put(lake, {entry("a"), entry("b"), entry("c", 10), entry("d"), entry("e"), entry("f")});
  take(lake);
  auto many = done(ids[2], 6, 3);
  many.bad_lines = {{4, entry_state::error, "not JSON but nearly"}};
  many.set_aside = 1;
  mark(lake, {done(ids[0]), done(ids[1], 0, 1), many, aside(ids[3], entry_state::quarantined)});
  check_books(lake, {15, 7, 4, 2, 2}, 2);
  mark(lake, {aside(ids[4], entry_state::bad_data), aside(ids[5], entry_state::not_supported)});
  check_books(lake, {15, 7, 4, 4, 0}, 0);
  BOOST_TEST(books(lake).quarantined_entries == 1u);
  BOOST_TEST(take(lake).empty());
  auto found = lake.find(ids[2]);
  BOOST_REQUIRE(found && *found);
  const auto& m = (*found)->mark;
  BOOST_TEST((m.id == ids[2] && m.state == entry_state::processed && m.archived == 6 && m.known == 3 &&
              m.set_aside == 1));
  BOOST_TEST((m.refs == std::vector{crypto::sha256(ids[2])}));
  BOOST_REQUIRE(m.bad_lines.size() == 1);
  BOOST_TEST((m.bad_lines[0].number == 4 && m.bad_lines[0].state == entry_state::error &&
              m.bad_lines[0].reason == "not JSON but nearly"));
  auto absent = lake.find("0123456789abcdef");
  BOOST_TEST((absent && !*absent));
  absent = lake.find("junk");
  BOOST_TEST((absent && !*absent));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_second_mark_replaces_the_first_and_mends_the_books, Home, homes) {
  Home home;
  auto& lake = *home.all.lake;
  const auto ids = put(lake, {entry("a"), entry("b", 5)});
  take(lake);
  mark(lake, {aside(ids[0], entry_state::error), done(ids[1], 5)});
  check_books(lake, {6, 5, 0, 1, 0}, 0);
  mark(lake, {done(ids[0]), done(ids[1], 2, 3)});
  check_books(lake, {6, 3, 3, 0, 0}, 0);
  mark(lake,
       {aside(ids[0], entry_state::quarantined), aside(ids[0], entry_state::bad_data), done(ids[0], 0, 1)});
  check_books(lake, {6, 2, 4, 0, 0}, 0);
  BOOST_TEST(books(lake).quarantined_entries == 0u);
  BOOST_TEST(lake.set_aside("", 10, false)->empty());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(records_that_a_mark_does_not_count_are_set_aside, Home, homes) {
  Home home;
  auto& lake = *home.all.lake;
  const auto ids = put(lake, {entry("a", 10), entry("b", 2)});
  take(lake);
  mark(lake, {done(ids[0], 4)});
  check_books(lake, {12, 4, 0, 6, 2}, 1);
  mark(lake, {done(ids[1], 3)});  // more lines than intake had counted
  check_books(lake, {13, 7, 0, 6, 0}, 0);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(marks_of_unknown_entries_are_passed_over, Home, homes) {
  Home home;
  auto& lake = *home.all.lake;
  const auto ids = put(lake, {entry("a")});
  mark(lake, {done("0123456789abcdef"), done("junk"), done(ids[0])});  // and one that nobody has taken
  check_books(lake, {1, 1, 0, 0, 0}, 0);
  BOOST_TEST(take(lake).empty());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(the_file_of_a_processed_entry_goes_and_that_of_one_set_aside_stays, Home,
                              homes) {
  Home home;
  auto& lake = *home.all.lake;
  const auto ids = put(lake, {entry("a"), entry("b")});
  take(lake);
  mark(lake, {done(ids[0]), aside(ids[1], entry_state::error)});
  auto files = lake.read_files(ids);
  BOOST_REQUIRE(files);
  BOOST_TEST((!(*files)[0] && (*files)[0].error().kind == failure::not_found));
  BOOST_TEST(((*files)[1] && *(*files)[1] == "sealed b"));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_forced_pass_offers_what_was_set_aside_once, Home, homes) {
  Home home;
  auto& lake = *home.all.lake;
  const auto ids = put(lake, {entry("a"), entry("b"), entry("c"), entry("d")});
  take(lake);
  mark(lake, {aside(ids[0], entry_state::error), done(ids[1]), aside(ids[2], entry_state::bad_data)});
  BOOST_REQUIRE(lake.release(std::vector{ids[3]}));
  BOOST_TEST(take(lake) == (names{"d"}), boost::test_tools::per_element());
  BOOST_REQUIRE(lake.release(std::vector{ids[3]}));
  auto some = lake.take(forced());
  BOOST_REQUIRE(some && some->size() == 3);
  BOOST_TEST(((*some)[0].name == "a" && (*some)[0].forced));
  BOOST_TEST(((*some)[1].name == "c" && (*some)[1].forced));
  BOOST_TEST(((*some)[2].name == "d" && !(*some)[2].forced));
  mark(lake, {done(ids[0]), aside(ids[2], entry_state::bad_data), aside(ids[3], entry_state::error)});
  check_books(lake, {4, 2, 0, 2, 0}, 0);
  BOOST_TEST(take(lake, forced()).empty());  // the pass is over
  BOOST_TEST(take(lake, forced()) == (names{"c", "d"}), boost::test_tools::per_element());
  BOOST_REQUIRE(lake.release(std::vector{ids[2]}));
  BOOST_TEST(take(lake, forced()) == (names{"c"}), boost::test_tools::per_element());
  BOOST_TEST(take(lake).empty());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(entries_set_aside_are_listed_in_pages, Home, homes) {
  Home home;
  auto& lake = *home.all.lake;
  std::vector<new_entry> entries;
  for (int i = 0; i < 20; ++i) entries.push_back(entry("e" + std::to_string(i)));
  const auto ids = put(lake, entries);
  for (std::size_t i = 0; i < 20; ++i)
    if (i % 2 == 0)
      mark(lake, {aside(ids[i], i % 4 == 0 ? entry_state::quarantined : entry_state::error,
                        "r" + std::to_string(i))});
  const auto pages = [&](bool quarantined_only) {
    names reasons;
    for (entry_id after;;) {
      auto page = lake.set_aside(after, 3, quarantined_only);
      BOOST_REQUIRE(page);
      for (const auto& r : *page) reasons.push_back(r.mark.reason);
      if (page->size() < 3) return reasons;
      after = page->back().entry.id;
      put(lake, {entry("meanwhile")});
    }
  };
  BOOST_TEST(pages(false) == (names{"r0", "r2", "r4", "r6", "r8", "r10", "r12", "r14", "r16", "r18"}),
             boost::test_tools::per_element());
  BOOST_TEST(pages(true) == (names{"r0", "r4", "r8", "r12", "r16"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(lines_set_aside_are_listed_kept_and_can_be_retried_or_dropped, Home, homes) {
  // Symptom: a line that had killed its workers was in no list, and its text was gone with the file.
  Home home;
  auto& lake = *home.all.lake;
  const auto ids = put(lake, {entry("killed", 3), entry("bad", 3), entry("good", 3), entry("later", 2)});
  take(lake);
  auto killed = done(ids[0], 2), bad = done(ids[1], 2);
  killed.bad_lines = {{2, entry_state::quarantined, "cost 3 workers"}};
  bad.bad_lines = {{1, entry_state::error, "NaN"}};
  killed.set_aside = bad.set_aside = 1;
  mark(lake, {killed, bad, done(ids[2], 3)});
  BOOST_REQUIRE(lake.release(std::vector{ids[3]}));
  check_books(lake, {11, 7, 0, 2, 2}, 1);
  BOOST_TEST(books(lake).quarantined_entries == 1u);
  const auto listed = [&](bool quarantined_only) {
    names all;
    const auto some = lake.set_aside("", 10, quarantined_only).value();
    for (const auto& one : some) all.push_back(one.entry.name);
    return all;
  };
  BOOST_TEST(listed(true) == (names{"killed"}), boost::test_tools::per_element());
  BOOST_TEST(listed(false) == (names{"killed", "bad"}), boost::test_tools::per_element());
  BOOST_TEST(lake.set_aside("", 1, false).value().front().mark.refs.empty());
  const auto files = lake.read_files(ids);
  BOOST_TEST(((*files)[0] && (*files)[1] && !(*files)[2]));
  BOOST_TEST(take(lake, forced()) == (names{"killed", "bad", "later"}), boost::test_tools::per_element());
  BOOST_REQUIRE(lake.release(ids));
  BOOST_REQUIRE(lake.retry(std::vector{ids[0]}));
  check_books(lake, {11, 5, 0, 1, 5}, 2);
  BOOST_TEST(books(lake).quarantined_entries == 0u);
  BOOST_TEST(take(lake) == (names{"killed", "later"}), boost::test_tools::per_element());
  mark(lake, {done(ids[0], 1, 2)});
  check_books(lake, {11, 6, 2, 1, 2}, 1);
  BOOST_TEST(!(*lake.read_files(std::vector{ids[0]}))[0]);
  BOOST_REQUIRE(lake.drop(std::vector{ids[1]}));
  check_books(lake, {11, 6, 2, 1, 2}, 1);
  BOOST_TEST(listed(false).empty());
  auto again = lake.retry(std::vector{ids[2]});
  BOOST_TEST((!again && again.error().kind == failure::conflict));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_retried_entry_waits_again, Home, homes) {
  Home home;
  auto& lake = *home.all.lake;
  const auto ids = put(lake, {entry("a", 3), entry("b"), entry("c")});
  take(lake);
  mark(lake, {aside(ids[0], entry_state::quarantined), aside(ids[1], entry_state::error), done(ids[2])});
  check_books(lake, {5, 1, 0, 4, 0}, 0);
  BOOST_REQUIRE(lake.retry(std::vector{ids[0]}));
  check_books(lake, {5, 1, 0, 1, 3}, 1);
  BOOST_TEST(books(lake).quarantined_entries == 0u);
  BOOST_TEST(((*lake.find(ids[0]))->mark.state == entry_state::waiting));
  BOOST_TEST(take(lake) == (names{"a"}), boost::test_tools::per_element());
  mark(lake, {done(ids[0], 3)});
  check_books(lake, {5, 4, 0, 1, 0}, 0);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(retry_and_drop_take_only_what_is_set_aside, Home, homes) {
  Home home;
  auto& lake = *home.all.lake;
  const auto ids = put(lake, {entry("a"), entry("b"), entry("c")});
  mark(lake, {aside(ids[0], entry_state::error), done(ids[1])});
  for (const auto& [id, kind] : {std::pair{ids[1], failure::conflict},
                                 {ids[2], failure::conflict},
                                 {entry_id("junk"), failure::not_found},
                                 {entry_id("0123456789abcdef"), failure::not_found}}) {
    const std::vector both{ids[0], id};
    auto retried = lake.retry(both);
    BOOST_TEST((!retried && retried.error().kind == kind));
    auto dropped = lake.drop(both);
    BOOST_TEST((!dropped && dropped.error().kind == kind));
    BOOST_TEST(dropped.error().text.find(id) != std::string::npos);
  }
  BOOST_TEST(lake.set_aside("", 10, false)->size() == 1u);  // all or none
  BOOST_REQUIRE(lake.retry({}) && lake.drop({}));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_dropped_entry_is_gone_but_stays_in_the_books, Home, homes) {
  Home home;
  auto& lake = *home.all.lake;
  auto ids = put(lake, {entry("a"), entry("b", 4)});
  mark(lake, {aside(ids[0], entry_state::error), aside(ids[1], entry_state::quarantined)});
  BOOST_REQUIRE(lake.drop(std::vector{ids[1], ids[1]}));
  check_books(lake, {5, 0, 0, 5, 0}, 0);
  BOOST_TEST(books(lake).quarantined_entries == 0u);
  BOOST_TEST(!lake.find(ids[1])->has_value());
  BOOST_TEST((!(*lake.read_files(std::vector{ids[1]}))[0]));
  mark(lake, {done(ids[1], 4)});
  check_books(lake, {5, 0, 0, 5, 0}, 0);
  if constexpr (Home::durable) home.reopen();
  BOOST_TEST(put(*home.all.lake, {entry("c")})[0] > ids[1]);  // numbers are not given out twice
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace cybexd::tests
