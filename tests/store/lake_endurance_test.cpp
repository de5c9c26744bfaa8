// Lakes under many threads, random use, reopening and kills.
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <random>
#include <thread>

#include "tests/fixtures/lake_talk.hpp"

namespace cybexd::tests {

using namespace lake_talk;

BOOST_AUTO_TEST_SUITE(lake_endurance)

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
