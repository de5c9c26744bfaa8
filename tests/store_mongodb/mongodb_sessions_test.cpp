// Times of sessions that are stored already: written only where they change, by several servers at once, over
// what other modules left there.
#include <boost/test/unit_test.hpp>
#include <thread>

#include "tahoe/bson.hpp"
#include "tahoe/store/memory_archive.hpp"
#include "tests/fixtures/archive_on_mongodb.hpp"
#include "tests/fixtures/same_archives.hpp"

namespace cybexd::tests {

using namespace store;
using tahoe::value;

namespace {

struct times {
  std::optional<value> start, end, duration;
};

/// A record whose event joins the session `s1`, which has these times.
record_write in_session(const std::string& text, const times& t) {
  auto w = record_with(text, simple_plan());
  const auto event = w.filtered->product.documents.back().hash;
  auto session = session_of("s1");
  session.start_time = t.start;
  session.end_time = t.end;
  session.duration = t.duration;
  w.filtered->product.sessions.push_back({session, {event}});
  return w;
}

document stored_session(archive_store& archive) {
  auto found = must(archive.get(session_of("s1").hash));
  BOOST_REQUIRE(found);
  return *found;
}

void has_times(archive_store& archive, const times& t) {
  const auto session = stored_session(archive);
  BOOST_TEST((session.start_time == t.start));
  BOOST_TEST((session.end_time == t.end));
  BOOST_TEST((session.duration == t.duration));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(mongodb_sessions, *with_mongodb())

BOOST_AUTO_TEST_CASE(times_are_written_where_they_change_and_not_else) {
  const archive_on_mongodb on;
  const auto cost = [&](const record_write& w) {
    const auto before = on.commands();
    write(*on.archive, {w});
    return on.commands() - before;
  };
  cost(in_session("a", {10.0, 20.0, 10.0}));
  const auto again = cost(in_session("b", {12.0, 19.0, 7.0}));
  const auto earlier = cost(in_session("c", {9.0, std::nullopt, std::nullopt}));
  has_times(*on.archive, {9.0, 20.0, 10.0});
  const auto later = cost(in_session("d", {11.0, 21.0, std::nullopt}));
  has_times(*on.archive, {9.0, 21.0, std::nullopt});
  BOOST_TEST(earlier == again + 1);
  BOOST_TEST(later == again + 1);
  const auto longer = cost(in_session("e", {11.0, 21.0, 5.0}));
  BOOST_TEST(longer == again + 1);
  has_times(*on.archive, {9.0, 21.0, 5.0});
  BOOST_TEST(stored_session(*on.archive).ref.size() == session_of("s1").ref.size() + 1);  // one event
}

BOOST_AUTO_TEST_CASE(numbers_texts_and_other_kinds_have_the_order_of_every_home) {
  const std::vector<value> kinds{1, 1.0, 2.5, -0.0, 0.0, "a", "b", true, false};
  for (const auto& first : kinds)
    for (const auto& second : kinds) {
      const archive_on_mongodb on;
      const auto memory = make_memory_archive();
      for (const auto& w : {in_session("a", {first, first, first}), in_session("b", {second, second, second}),
                            in_session("c", {second, second, first})})
        for (auto* archive : {memory.get(), on.archive.get()}) write(*archive, {w});
      BOOST_TEST(text_of(stored_session(*on.archive)) == text_of(stored_session(*memory)));
    }
}

// A record gives its session a time of whatever type it has.
BOOST_AUTO_TEST_CASE(a_time_that_cannot_be_kept_costs_its_own_record_only) {
  const archive_on_mongodb on;
  const value odd = tahoe::object{{std::string("a\0b", 3), 1}};  // such a key is none in BSON
  const value large = std::string(tahoe::max_bson_size - 1000, 'x');
  const auto good = in_session("good", {10.0, std::nullopt, std::nullopt});
  std::vector<record_write> batch{good};
  for (const auto& time : {odd, large})
    batch.push_back(in_session("odd " + std::to_string(batch.size()), {std::nullopt, time, std::nullopt}));
  write(*on.archive, batch);
  for (const auto& w : batch) {
    const auto raw = must(on.archive->get(w.raw.hash));
    const bool usable = w.raw.hash == good.raw.hash;
    BOOST_TEST((raw->valid != false) == usable);
    BOOST_TEST(raw->reason.empty() == usable);
    BOOST_TEST(raw->ref.empty() == !usable);
  }
  has_times(*on.archive, {10.0, std::nullopt, std::nullopt});
}

BOOST_AUTO_TEST_CASE(servers_that_change_one_session_at_once_end_with_the_widest_times) {
  const archive_on_mongodb on;
  const auto memory = make_memory_archive();
  constexpr int servers = 4, each = 12;
  std::vector<std::vector<record_write>> work(servers);
  for (int i = 0; i < servers * each; ++i) {
    const auto mixed = (i * 29) % (servers * each);
    auto w = in_session(std::to_string(i), {1000.0 - mixed, 2000.0 + mixed, 1000.0 + 2 * mixed});
    write(*memory, {w});
    work[static_cast<std::size_t>(i % servers)].push_back(std::move(w));
  }
  std::vector<std::thread> threads;
  std::vector<std::string> problems(servers);
  for (std::size_t s = 0; s < servers; ++s)
    threads.emplace_back([&, s, archive = on.another()] {
      for (const auto& w : work[s])
        if (auto done = archive->write(std::span(&w, 1)); !done) problems[s] = done.error().text;
    });
  for (auto& t : threads) t.join();
  for (const auto& problem : problems) BOOST_TEST(problem.empty(), problem);
  BOOST_TEST(text_of(stored_session(*on.archive)) == text_of(stored_session(*memory)));
}

BOOST_AUTO_TEST_CASE(nulls_of_other_modules_are_times_that_are_not_there) {
  const archive_on_mongodb on;
  on.insert(session_of("s1"));
  bulk_write nulls;
  nulls.update_many(
      by_hash(session_of("s1").hash),
      bson().add("$set", bson().add_null("start_time").add_null("end_time").add_null("duration")));
  must(on.raw.write(std::move(nulls), "test: nulls"));
  write(*on.archive, {in_session("a", {10.0, 20.0, 10.0})});
  has_times(*on.archive, {10.0, 20.0, 10.0});
}

// The change goes to the first of them, and was made from what all of them say.
BOOST_AUTO_TEST_CASE(a_session_that_stands_there_twice_has_the_duration_of_its_end) {
  auto first = session_of("s1"), second = first;
  first.start_time = 1.0;
  first.end_time = 5.0;
  first.duration = 1.0;
  second.start_time = 2.0;
  second.end_time = 7.0;
  second.duration = 2.0;
  archive_on_mongodb on(false);
  on.insert(first);
  on.insert(second);
  on.open();
  has_times(*on.archive, {1.0, 7.0, 2.0});
  write(*on.archive, {in_session("a", {std::nullopt, 7.0, 3.0})});
  has_times(*on.archive, {1.0, 7.0, 3.0});
  write(*on.archive, {in_session("b", {std::nullopt, 8.0, 2.0})});
  has_times(*on.archive, {1.0, 8.0, 2.0});
  write(*on.archive, {in_session("c", {0.5, 9.0, std::nullopt})});
  has_times(*on.archive, {0.5, 9.0, std::nullopt});
}

BOOST_AUTO_TEST_CASE(a_time_of_another_type_stays_as_it_is_where_it_stays) {
  const archive_on_mongodb on;
  on.insert(session_of("s1"));
  bulk_write odd;
  odd.update_many(by_hash(session_of("s1").hash),
                  bson().add("$set", bson().add_date("end_time", 1'500'000'000'000).add("start_time", 50)));
  must(on.raw.write(std::move(odd), "test: a date"));
  const auto w = in_session("a", {10.0, 20.0, 10.0});
  write(*on.archive, {w});
  BOOST_TEST(must(on.archive->get(w.raw.hash))->filters.size() == 1u);
  const auto stored = must(on.raw.find_one(by_hash(session_of("s1").hash), {}, "test: read"));
  BOOST_REQUIRE(stored);
  BOOST_TEST(stored->find("start_time").number().value() == 10);
  BOOST_TEST(stored->find("end_time").date().value() == 1'500'000'000'000);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace cybexd::tests
