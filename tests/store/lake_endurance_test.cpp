// Lakes under many threads, random use, reopening and kills.
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <random>
#include <thread>

#include "tests/fixtures/lake_talk.hpp"

namespace cybexd::tests {

using namespace lake_talk;

BOOST_AUTO_TEST_SUITE(lake_endurance, *conformance())

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

namespace {

/// An entry's id in the lake in memory and in the one that is compared with it.
struct twin_ids {
  std::vector<entry_id> a, b;
  void add(const std::vector<entry_id>& in_a, const std::vector<entry_id>& in_b) {
    a.insert(a.end(), in_a.begin(), in_a.end());
    b.insert(b.end(), in_b.begin(), in_b.end());
  }
  [[nodiscard]] twin_ids some(std::mt19937& random) const {
    twin_ids few;
    for (auto n = random() % 4; n-- > 0 && !a.empty();) {
      const auto i = random() % a.size();
      few.add({a[i]}, {b[i]});
    }
    return few;
  }
};

void put_some(cache_lake& a, cache_lake& b, int step, std::mt19937& random, twin_ids& ids) {
  std::vector<new_entry> entries;
  for (auto n = random() % 4; n-- > 0;) entries.push_back(entry("e" + std::to_string(step), random() % 5));
  ids.add(put(a, entries), put(b, entries));
}

void take_some(cache_lake& a, cache_lake& b, std::mt19937& random) {
  take_limits limits;
  limits.entries = random() % 5;
  limits.bytes = random() % 40;
  limits.set_aside_too = random() % 3 == 0;
  const auto in_a = take(a, limits), in_b = take(b, limits);
  BOOST_REQUIRE_EQUAL_COLLECTIONS(in_a.begin(), in_a.end(), in_b.begin(), in_b.end());
}

void mark_some(cache_lake& a, cache_lake& b, std::mt19937& random, const twin_ids& ids) {
  std::vector<entry_mark> in_a, in_b;
  for (std::size_t i = 0; i < ids.a.size(); ++i) {
    entry_mark m;
    m.state = static_cast<entry_state>(random() % 6);
    m.archived = random() % 3;
    m.known = random() % 3;
    m.set_aside = random() % 2;
    for (auto* marks : {&in_a, &in_b}) {
      m.id = marks == &in_a ? ids.a[i] : ids.b[i];
      marks->push_back(m);
    }
  }
  mark(a, in_a);
  mark(b, in_b);
}

void retry_or_drop_some(cache_lake& a, cache_lake& b, std::mt19937& random, const twin_ids& ids) {
  const bool drop = random() % 4 == 0;
  const auto in_a = drop ? a.drop(ids.a) : a.retry(ids.a), in_b = drop ? b.drop(ids.b) : b.retry(ids.b);
  BOOST_REQUIRE_EQUAL(in_a.has_value(), in_b.has_value());
  if (!in_a) BOOST_REQUIRE(in_a.error().kind == in_b.error().kind);
}

void compare_books(cache_lake& a, cache_lake& b) {
  const auto x = books(a), y = books(b);
  BOOST_REQUIRE_EQUAL(x.accepted, y.accepted);
  BOOST_REQUIRE_EQUAL(x.archived, y.archived);
  BOOST_REQUIRE_EQUAL(x.known, y.known);
  BOOST_REQUIRE_EQUAL(x.pending, y.pending);
  BOOST_REQUIRE_EQUAL(x.waiting_entries, y.waiting_entries);
  BOOST_REQUIRE_EQUAL(x.quarantined_entries, y.quarantined_entries);
  BOOST_REQUIRE(x.oldest_eligible == y.oldest_eligible);
}

}  // namespace

BOOST_AUTO_TEST_CASE_TEMPLATE(a_durable_lake_agrees_with_the_one_in_memory, Home, durable_homes) {
  const unsigned seed = 20'210'503;
  BOOST_TEST_MESSAGE("seed " << seed);
  std::mt19937 random(seed);
  memory_home plain;
  Home durable;
  auto& a = *plain.all.lake;
  auto& b = *durable.all.lake;
  twin_ids ids;
  for (int step = 0; step < Home::steps; ++step) {
    const auto what = random() % 8;
    if (what <= 1) {
      put_some(a, b, step, random, ids);
    } else if (what <= 3) {
      take_some(a, b, random);
    } else if (what == 4) {
      const auto some = ids.some(random);
      BOOST_REQUIRE(a.release(some.a) && b.release(some.b));
    } else if (what <= 6) {
      mark_some(a, b, random, ids.some(random));
    } else {
      retry_or_drop_some(a, b, random, ids.some(random));
    }
    compare_books(a, b);
  }
  const auto in_a = a.set_aside("", 10'000, false), in_b = b.set_aside("", 10'000, false);
  BOOST_REQUIRE(in_a && in_b && in_a->size() == in_b->size());
  for (std::size_t i = 0; i < in_a->size(); ++i) {
    BOOST_REQUIRE_EQUAL((*in_a)[i].entry.name, (*in_b)[i].entry.name);
    BOOST_REQUIRE((*in_a)[i].mark.state == (*in_b)[i].mark.state);
    BOOST_REQUIRE_EQUAL((*in_a)[i].mark.set_aside, (*in_b)[i].mark.set_aside);
  }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_reopened_lake_goes_on_where_it_was, Home, durable_homes) {
  Home home;
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

#ifndef CYBEXD_TESTS_MONGODB
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

#endif

BOOST_AUTO_TEST_CASE_TEMPLATE(archived_files_are_kept_where_that_is_asked_for, Home, durable_homes) {
  Home home;
  home.keep_archived_files();
  home.reopen();
  const auto ids = put(*home.all.lake, {entry("a")});
  mark(*home.all.lake, {done(ids[0])});
  auto files = home.all.lake->read_files(ids);
  BOOST_TEST((files && (*files)[0] && *(*files)[0] == "sealed a"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace cybexd::tests
