// Documents and marks: both or neither, in memory and on disk, in one step or in two.
#include <boost/mpl/list.hpp>
#include <boost/test/unit_test.hpp>
#include <new>

#include "tests/fixtures/failing_store.hpp"
#include "tests/fixtures/store_homes.hpp"

namespace cybexd::tests {
namespace {

using namespace store;

/// The embedded stores with the committer for stores that live apart.
struct two_step_home : embedded_home {
  two_step_home() { all.commit = make_committer(all.archive, all.lake); }
};
using homes = boost::mpl::list<memory_home, embedded_home, two_step_home>;

record_write record(const std::string& text) {
  auto raw = tahoe::make_raw("test_json", tahoe::object{{"text", text}}, std::string(64, 'a'), "UTC");
  BOOST_REQUIRE_MESSAGE(raw, raw.error().text);
  return {*raw, std::nullopt};
}

std::vector<entry_id> put(cache_lake& lake, const std::vector<std::uint64_t>& records) {
  std::vector<new_entry> entries;
  for (const auto n : records) {
    new_entry e;
    e.name = "e" + std::to_string(entries.size());
    e.typetag = "test_json";
    e.ndjson = n != 1;
    e.records = n;
    e.sealed = "sealed";
    entries.push_back(e);
  }
  auto ids = lake.put(entries);
  BOOST_REQUIRE(ids && lake.take({}));
  return *ids;
}

entry_work work(const entry_id& id, const std::vector<std::string>& texts) {
  entry_work w;
  w.mark.id = id;
  for (const auto& text : texts) w.records.push_back(record(text));
  return w;
}

std::vector<entry_mark> commit(stores& all, std::vector<entry_work> batch) {
  auto marks = all.commit->commit(std::move(batch));
  BOOST_REQUIRE_MESSAGE(marks, marks.error().text);
  return *marks;
}

void check_books(stores& all, std::uint64_t accepted, std::uint64_t archived, std::uint64_t known,
                 std::uint64_t set_aside) {
  auto b = all.lake->books();
  BOOST_REQUIRE(b);
  BOOST_TEST(b->accepted == accepted);
  BOOST_TEST(b->archived == archived);
  BOOST_TEST(b->known == known);
  BOOST_TEST(b->set_aside == set_aside);
  BOOST_TEST(b->pending == accepted - archived - known - set_aside);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(committer)

BOOST_AUTO_TEST_CASE_TEMPLATE(entries_are_marked_with_what_their_records_became, Home, homes) {
  Home home;
  const auto ids = put(*home.all.lake, {1, 1, 1});
  auto bad = work(ids[2], {});
  bad.mark.state = entry_state::error;
  bad.mark.reason = "no";
  bad.mark.set_aside = 1;
  const auto marks = commit(home.all, {work(ids[0], {"a"}), work(ids[1], {"a"}), bad});
  BOOST_REQUIRE_EQUAL(marks.size(), 3u);
  BOOST_TEST((marks[0].archived == 1 && marks[0].known == 0));
  BOOST_TEST((marks[1].archived == 0 && marks[1].known == 1));
  BOOST_TEST((marks[0].refs == std::vector{record("a").raw.hash} && marks[1].refs == marks[0].refs));
  BOOST_TEST((marks[2].state == entry_state::error && marks[2].refs.empty()));
  BOOST_TEST(home.all.archive->get(record("a").raw.hash)->has_value());
  check_books(home.all, 3, 1, 1, 1);
  BOOST_TEST(((*home.all.lake->find(ids[0]))->mark.refs == marks[0].refs));
  BOOST_TEST((*home.all.lake->find(ids[2]))->mark.reason == "no");
}

BOOST_AUTO_TEST_CASE_TEMPLATE(an_entry_of_many_parts_is_marked_with_its_last, Home, homes) {
  Home home;
  const auto ids = put(*home.all.lake, {6});
  auto first = work(ids[0], {"c", "a", "b"});
  first.last = false;
  auto marks = commit(home.all, {first});
  check_books(home.all, 6, 0, 0, 0);
  BOOST_TEST(((*home.all.lake->find(ids[0]))->mark.state == entry_state::waiting));
  BOOST_TEST(home.all.archive->get(record("a").raw.hash)->has_value());
  auto second = work(ids[0], {"a", "d"});
  second.mark = marks[0];
  second.mark.bad_lines = {{4, entry_state::error, "broken"}};
  second.mark.set_aside = 1;
  marks = commit(home.all, {second});
  BOOST_TEST((marks[0].archived == 4 && marks[0].known == 1 && marks[0].set_aside == 1));
  BOOST_TEST(marks[0].refs.size() == 4u);  // each hash once
  BOOST_TEST((std::is_sorted(marks[0].refs.begin(), marks[0].refs.end())));
  check_books(home.all, 6, 4, 1, 1);
  BOOST_TEST((*home.all.lake->find(ids[0]))->mark.bad_lines.size() == 1u);
  BOOST_TEST(((*home.all.lake->find(ids[0]))->mark.refs == marks[0].refs));
}

/// A committer that never saw an entry's first part (a restart, or parts of too many entries at once).
BOOST_AUTO_TEST_CASE(an_entry_whose_first_part_another_committer_wrote_keeps_its_refs) {
  embedded_home home;
  const auto ids = put(*home.all.lake, {4});
  auto first = work(ids[0], {"a", "b"});
  first.last = false;
  auto marks = commit(home.all, {first});
  home.reopen();
  BOOST_REQUIRE(home.all.lake->take({}));
  auto second = work(ids[0], {"c", "d"});
  second.mark = marks[0];
  marks = commit(home.all, {second});
  BOOST_TEST(marks[0].refs.size() == 4u);
  BOOST_TEST(((*home.all.lake->find(ids[0]))->mark.refs == marks[0].refs));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(two_parts_of_an_entry_may_share_a_batch, Home, homes) {
  Home home;
  const auto ids = put(*home.all.lake, {2, 1});
  auto first = work(ids[0], {"a"});
  first.last = false;
  const auto marks = commit(home.all, {first, work(ids[1], {"x"})});
  BOOST_TEST(marks.size() == 2u);
  check_books(home.all, 3, 1, 0, 0);
  BOOST_TEST(commit(home.all, {}).empty());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_batch_that_is_written_again_stores_nothing_twice, Home, homes) {
  Home home;
  const auto ids = put(*home.all.lake, {1, 1});
  commit(home.all, {work(ids[0], {"a"}), work(ids[1], {"b"})});
  commit(home.all,
         {work(ids[0], {"a"}), work(ids[1], {"b"})});  // as after a crash between write and acknowledgement
  check_books(home.all, 2, 0, 2, 0);
  std::size_t documents = 0;
  BOOST_REQUIRE(home.all.archive->each([&](const document&) { return ++documents < 100; }));
  BOOST_TEST(documents == 2u);
}

BOOST_AUTO_TEST_CASE(nothing_is_marked_where_the_archive_fails) {
  auto plan = std::make_shared<faults>();
  auto all = failing(make_memory(), plan);
  all.commit = make_committer(all.archive, all.lake);
  const auto ids = put(*all.lake, {1});
  plan->only = "archive";
  plan->down = true;
  auto failed = all.commit->commit({work(ids[0], {"a"})});
  BOOST_REQUIRE(!failed);
  BOOST_TEST((failed.error().kind == failure::unavailable));
  check_books(all, 1, 0, 0, 0);
  plan->heal();
  commit(all, {work(ids[0], {"a"})});
  check_books(all, 1, 1, 0, 0);
}

BOOST_AUTO_TEST_CASE(documents_are_there_where_only_the_marks_failed) {
  auto plan = std::make_shared<faults>();
  auto all = failing(make_memory(), plan);
  all.commit = make_committer(all.archive, all.lake);
  const auto ids = put(*all.lake, {1});
  plan->only = "lake.mark";
  plan->fail_once(1);
  BOOST_TEST(!all.commit->commit({work(ids[0], {"a"})}).has_value());
  BOOST_TEST(all.archive->get(record("a").raw.hash)->has_value());
  check_books(all, 1, 0, 0, 0);
  commit(all, {work(ids[0], {"a"})});
  check_books(all, 1, 0, 1, 0);
}

BOOST_AUTO_TEST_CASE(a_kill_at_any_batch_leaves_documents_and_marks_in_step) {
  embedded_home home;
  const auto ids = put(*home.all.lake, std::vector<std::uint64_t>(12, 1));
  for (std::size_t i = 0; i < ids.size(); ++i) {
    commit(home.all, {work(ids[i], {std::to_string(i)})});
    if (i % 4 != 3) continue;
    auto killed = home.after_a_kill();
    check_books(killed, 12, i + 1, 0, 0);
    for (std::size_t k = 0; k < ids.size(); ++k)
      BOOST_TEST(killed.archive->get(record(std::to_string(k)).raw.hash)->has_value() == (k <= i));
    auto rest = killed.lake->take({});
    BOOST_REQUIRE(rest);
    BOOST_TEST(rest->size() == ids.size() - i - 1);
  }
}

BOOST_AUTO_TEST_CASE(who_counts_the_writes_may_fail) {
  embedded_home home;
  const auto ids = put(*home.all.lake, {1, 1});
  *home.all.on_commit = [](std::string_view, double, std::size_t) { throw std::bad_alloc(); };
  for (std::size_t i = 0; i < ids.size(); ++i) commit(home.all, {work(ids[i], {std::to_string(i)})});
  check_books(home.all, 2, 2, 0, 0);
}

BOOST_AUTO_TEST_CASE(every_durable_write_is_told_of) {
  embedded_home home;
  std::vector<std::pair<std::string, std::size_t>> told;
  *home.all.on_commit = [&](std::string_view store, double seconds, std::size_t items) {
    BOOST_TEST(seconds >= 0);
    told.emplace_back(store, items);
  };
  const auto ids = put(*home.all.lake, {1, 1});
  commit(home.all, {work(ids[0], {"a"}), work(ids[1], {"b"})});
  BOOST_REQUIRE_EQUAL(told.size(), 2u);
  BOOST_TEST((told[0] == std::pair<std::string, std::size_t>("lake", 2)));
  BOOST_TEST((told[1] == std::pair<std::string, std::size_t>("archive", 2)));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace cybexd::tests
