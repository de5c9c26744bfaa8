// What every lake does, in memory and on disk.
#include <boost/mpl/list.hpp>
#include <boost/test/unit_test.hpp>
#include <random>
#include <thread>

#include "tests/fixtures/store_homes.hpp"

namespace cybexd::tests {
namespace {

using namespace store;
using homes = boost::mpl::list<memory_home, embedded_home>;

new_entry entry(const std::string& name, std::uint64_t records = 1) {
  new_entry e;
  e.name = name;
  e.orgid = std::string(64, 'a');
  e.typetag = "cowrie";
  e.timezone = "US/Pacific";
  e.timestamp = 1'600'000'000.5;
  e.ndjson = records != 1;
  e.records = records;
  e.sealed = "sealed " + name;
  return e;
}

std::vector<entry_id> put(cache_lake& lake, const std::vector<new_entry>& entries) {
  auto ids = lake.put(entries);
  BOOST_REQUIRE_MESSAGE(ids, ids.error().text);
  BOOST_REQUIRE_EQUAL(ids->size(), entries.size());
  return *ids;
}

std::vector<std::string> take(cache_lake& lake, const take_limits& limits = {}) {
  auto some = lake.take(limits);
  BOOST_REQUIRE_MESSAGE(some, some.error().text);
  std::vector<std::string> names;
  for (const auto& e : *some) names.push_back(e.name);
  return names;
}

take_limits forced() {
  take_limits limits;
  limits.set_aside_too = true;
  return limits;
}

entry_mark done(const entry_id& id, std::uint64_t archived = 1, std::uint64_t known = 0) {
  entry_mark m;
  m.id = id;
  m.archived = archived;
  m.known = known;
  m.refs = {crypto::sha256(id)};
  return m;
}

entry_mark aside(const entry_id& id, entry_state state, const std::string& reason = "because") {
  entry_mark m;
  m.id = id;
  m.state = state;
  m.reason = reason;
  m.set_aside = 1;
  return m;
}

void mark(cache_lake& lake, const std::vector<entry_mark>& marks) {
  auto marked = lake.mark(marks);
  BOOST_REQUIRE_MESSAGE(marked, marked.error().text);
}

lake_books books(cache_lake& lake) {
  auto b = lake.books();
  BOOST_REQUIRE_MESSAGE(b, b.error().text);
  BOOST_TEST(b->accepted == b->archived + b->known + b->set_aside + b->pending);
  return *b;
}

void check_books(cache_lake& lake, std::array<std::uint64_t, 5> wanted, std::uint64_t waiting_entries) {
  const auto b = books(lake);
  const std::array<std::uint64_t, 5> got{b.accepted, b.archived, b.known, b.set_aside, b.pending};
  BOOST_TEST(got == wanted, boost::test_tools::per_element());
  BOOST_TEST(b.waiting_entries == waiting_entries);
  BOOST_TEST(b.oldest_eligible.has_value() == (waiting_entries != 0));
}

using names = std::vector<std::string>;

}  // namespace

BOOST_AUTO_TEST_SUITE(lake_conformance)

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

BOOST_AUTO_TEST_CASE_TEMPLATE(many_threads_lose_and_double_nothing, Home, homes) {
  Home home;
  auto& lake = *home.all.lake;
  constexpr int writers = 3, each = 60;
  std::atomic<int> marked{0};
  std::atomic<bool> failed{false};
  std::vector<std::thread> threads;
  for (int w = 0; w < writers; ++w)
    threads.emplace_back([&, w] {
      for (int i = 0; i < each; ++i)
        if (!lake.put(std::vector{entry(std::to_string(w * each + i)), entry("twin")})) failed = true;
    });
  for (int w = 0; w < 2; ++w)
    threads.emplace_back([&] {
      while (marked < writers * each * 2 && !failed) {
        take_limits few;
        few.entries = 7;
        auto some = lake.take(few);
        auto b = lake.books();
        if (!some || !b || b->accepted != b->archived + b->known + b->set_aside + b->pending) failed = true;
        if (failed) return;
        std::vector<entry_mark> marks;
        for (const auto& e : *some) marks.push_back(done(e.id));
        if (!lake.mark(marks)) failed = true;
        marked += static_cast<int>(marks.size());
      }
    });
  for (auto& t : threads) t.join();
  BOOST_TEST(!failed);
  BOOST_TEST(marked == writers * each * 2);
  check_books(lake, {360, 360, 0, 0, 0}, 0);
}

BOOST_AUTO_TEST_CASE(the_embedded_lake_agrees_with_the_one_in_memory) {
  const unsigned seed = 20'210'503;
  BOOST_TEST_MESSAGE("seed " << seed);
  std::mt19937 random(seed);
  memory_home plain;
  embedded_home disk;
  std::vector<entry_id> ids;
  const auto some_ids = [&] {
    std::vector<entry_id> some;
    for (auto n = random() % 4; n-- > 0 && !ids.empty();) some.push_back(ids[random() % ids.size()]);
    return some;
  };
  for (int step = 0; step < 1500; ++step) {
    auto& a = *plain.all.lake;
    auto& b = *disk.all.lake;
    const auto what = random() % 8;
    if (what <= 1) {
      std::vector<new_entry> entries;
      for (auto n = random() % 4; n-- > 0;)
        entries.push_back(entry("e" + std::to_string(step), random() % 5));
      const auto put_a = put(a, entries), put_b = put(b, entries);
      BOOST_REQUIRE(put_a == put_b);
      ids.insert(ids.end(), put_a.begin(), put_a.end());
    } else if (what <= 3) {
      take_limits limits;
      limits.entries = random() % 5;
      limits.bytes = random() % 40;
      limits.set_aside_too = random() % 3 == 0;
      const auto in_a = take(a, limits), in_b = take(b, limits);
      BOOST_REQUIRE_EQUAL_COLLECTIONS(in_a.begin(), in_a.end(), in_b.begin(), in_b.end());
    } else if (what == 4) {
      const auto some = some_ids();
      BOOST_REQUIRE(a.release(some) && b.release(some));
    } else if (what <= 6) {
      std::vector<entry_mark> marks;
      for (const auto& id : some_ids()) {
        entry_mark m;
        m.id = id;
        m.state = static_cast<entry_state>(random() % 6);
        m.archived = random() % 3;
        m.known = random() % 3;
        m.set_aside = random() % 2;
        marks.push_back(m);
      }
      mark(a, marks);
      mark(b, marks);
    } else {
      const auto some = some_ids();
      const bool drop = random() % 4 == 0;
      const auto in_a = drop ? a.drop(some) : a.retry(some), in_b = drop ? b.drop(some) : b.retry(some);
      BOOST_REQUIRE_EQUAL(in_a.has_value(), in_b.has_value());
      if (!in_a) BOOST_REQUIRE_EQUAL(in_a.error().text, in_b.error().text);
    }
    const auto x = books(a), y = books(b);
    BOOST_REQUIRE_EQUAL(x.accepted, y.accepted);
    BOOST_REQUIRE_EQUAL(x.archived, y.archived);
    BOOST_REQUIRE_EQUAL(x.known, y.known);
    BOOST_REQUIRE_EQUAL(x.pending, y.pending);
    BOOST_REQUIRE_EQUAL(x.waiting_entries, y.waiting_entries);
    BOOST_REQUIRE_EQUAL(x.quarantined_entries, y.quarantined_entries);
    BOOST_REQUIRE(x.oldest_eligible == y.oldest_eligible);
  }
  const auto in_a = plain.all.lake->set_aside("", 10'000, false),
             in_b = disk.all.lake->set_aside("", 10'000, false);
  BOOST_REQUIRE(in_a && in_b && in_a->size() == in_b->size());
  for (std::size_t i = 0; i < in_a->size(); ++i) {
    BOOST_REQUIRE_EQUAL((*in_a)[i].entry.id, (*in_b)[i].entry.id);
    BOOST_REQUIRE((*in_a)[i].mark.state == (*in_b)[i].mark.state);
    BOOST_REQUIRE_EQUAL((*in_a)[i].mark.set_aside, (*in_b)[i].mark.set_aside);
  }
}

BOOST_AUTO_TEST_CASE(a_reopened_lake_goes_on_where_it_was) {
  embedded_home home;
  const auto ids = put(*home.all.lake, {entry("a"), entry("b"), entry("c", 3)});
  take(*home.all.lake);
  mark(*home.all.lake, {done(ids[0]), aside(ids[1], entry_state::error, "why")});
  home.reopen();
  check_books(*home.all.lake, {5, 1, 0, 1, 3}, 1);
  BOOST_TEST((*home.all.lake->find(ids[1]))->mark.reason == "why");
  BOOST_TEST(take(*home.all.lake) == (names{"c"}),
             boost::test_tools::per_element());  // taken by nobody who lives
  BOOST_TEST(put(*home.all.lake, {entry("d")})[0] > ids[2]);
}

BOOST_AUTO_TEST_CASE(a_kill_loses_nothing_that_was_answered) {
  embedded_home home;
  std::vector<entry_id> ids;
  for (int i = 0; i < 30; ++i) {
    const auto more = put(*home.all.lake, {entry(std::to_string(i))});
    ids.push_back(more[0]);
    if (i % 3 == 0) mark(*home.all.lake, {done(ids.back())});
    if (i % 10 != 9) continue;
    auto left = home.after_a_kill();
    const auto n = static_cast<std::uint64_t>(i) + 1, archived = (n + 2) / 3;
    check_books(*left.lake, {n, archived, 0, 0, n - archived}, n - archived);
    BOOST_TEST(take(*left.lake).size() == n - archived);
  }
}

BOOST_AUTO_TEST_CASE(archived_files_are_kept_where_that_is_asked_for) {
  embedded_home home;
  home.options.keep_archived_files = true;
  home.reopen();
  const auto ids = put(*home.all.lake, {entry("a")});
  mark(*home.all.lake, {done(ids[0])});
  auto files = home.all.lake->read_files(ids);
  BOOST_TEST((files && (*files)[0] && *(*files)[0] == "sealed a"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace cybexd::tests
