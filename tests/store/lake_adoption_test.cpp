// What every lake takes over from another one: entries with their marks, books and files.
#include <boost/test/unit_test.hpp>

#include "tests/fixtures/lake_talk.hpp"

namespace cybexd::tests {
namespace {

using namespace lake_talk;

template <class T>
T value_of(expected<T> e) {
  BOOST_REQUIRE_MESSAGE(e, (e ? "" : e.error().text));
  return std::move(*e);
}

/// All that a lake keeps, for another.
std::vector<kept_entry> contents(cache_lake& lake) {
  std::vector<kept_entry> all;
  for (entry_id after;;) {
    auto some = value_of(lake.entries(after, 2));
    if (some.empty()) return all;
    after = some.back().entry.id;
    for (auto& report : some) {
      auto file = value_of(lake.read_files(std::vector{report.entry.id})).front();
      all.push_back({std::move(report), file ? std::optional(*file) : std::nullopt});
    }
  }
}

/// An entry as text, its id left out.
std::string text_of(const kept_entry& kept) {
  const auto& [e, m] = kept.report;
  std::string text = e.name + "|" + e.orgid + "|" + e.typetag + "|" + e.timezone + "|" +
                     std::to_string(e.timestamp) + (e.ndjson ? "|lines|" : "|one|") +
                     std::to_string(e.records) + "|" + std::to_string(e.bytes) + "|" +
                     std::string(to_string(m.state)) + "|" + m.reason + "|" + std::to_string(m.archived) +
                     "," + std::to_string(m.known) + "," + std::to_string(m.set_aside);
  for (const auto& ref : m.refs) text += "|" + crypto::to_hex(ref);
  for (const auto& line : m.bad_lines)
    text += "|" + std::to_string(line.number) + std::string(to_string(line.state)) + line.reason;
  return text + "|" + kept.sealed.value_or("no file");
}

std::vector<std::string> texts_of(cache_lake& lake) {
  std::vector<std::string> texts;
  for (const auto& kept : contents(lake)) texts.push_back(text_of(kept));
  return texts;
}

void same_books(cache_lake& a, cache_lake& b) {
  const auto left = books(a), right = books(b);
  BOOST_TEST(left.accepted == right.accepted);
  BOOST_TEST(left.archived == right.archived);
  BOOST_TEST(left.known == right.known);
  BOOST_TEST(left.set_aside == right.set_aside);
  BOOST_TEST(left.pending == right.pending);
  BOOST_TEST(left.waiting_entries == right.waiting_entries);
  BOOST_TEST(left.quarantined_entries == right.quarantined_entries);
  BOOST_TEST((left.oldest_eligible == right.oldest_eligible));
}

void adopt(cache_lake& lake, const std::vector<kept_entry>& entries) {
  auto done = lake.adopt(entries);
  BOOST_REQUIRE_MESSAGE(done, done.error().text);
}

/// Entries in every state there is. Names their ids.
std::vector<entry_id> in_every_state(cache_lake& lake) {
  const auto ids =
      put(lake, {entry("waits"), entry("archived"), entry("known"), entry("lines", 5), entry("unheard of"),
                 entry("wrong"), entry("broken"), entry("kills"), entry("waits too")});
  auto lines = done(ids[3], 2, 1);
  lines.bad_lines = {{2, entry_state::error, "no JSON"}, {4, entry_state::error, "too deep"}};
  lines.set_aside = 2;
  mark(lake, {done(ids[1]), done(ids[2], 0, 1), lines, aside(ids[4], entry_state::not_supported),
              aside(ids[5], entry_state::error), aside(ids[6], entry_state::bad_data),
              aside(ids[7], entry_state::quarantined)});
  return ids;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(lake_adoption, *conformance())

BOOST_AUTO_TEST_CASE_TEMPLATE(all_entries_are_listed_in_order_whatever_their_state, Home, homes) {
  Home home;
  auto& lake = *home.all.lake;
  BOOST_TEST(value_of(lake.entries("", 10)).empty());
  const auto ids = in_every_state(lake);
  std::vector<entry_id> seen;
  for (const auto& kept : contents(lake)) {
    seen.push_back(kept.report.entry.id);
    const auto found = value_of(lake.find(seen.back()));
    BOOST_REQUIRE(found);
    BOOST_TEST(text_of(kept) == text_of({*found, kept.sealed}));
    BOOST_TEST(kept.report.mark.id == seen.back());
    const auto& mark = kept.report.mark;
    BOOST_TEST(kept.sealed.has_value() == (mark.state != entry_state::processed || !mark.bad_lines.empty()));
  }
  BOOST_TEST(seen == ids, boost::test_tools::per_element());
  BOOST_TEST(value_of(lake.entries(ids[7], 10)).size() == 1u);
  BOOST_TEST(value_of(lake.entries(ids[8], 10)).empty());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_lake_takes_over_another_with_marks_books_and_files, Home, homes) {
  Home from, to;
  in_every_state(*from.all.lake);
  const auto all = contents(*from.all.lake);
  adopt(*to.all.lake, all);
  if constexpr (Home::durable) to.reopen();
  auto& lake = *to.all.lake;
  BOOST_TEST(texts_of(lake) == texts_of(*from.all.lake), boost::test_tools::per_element());
  same_books(lake, *from.all.lake);
  BOOST_TEST(value_of(lake.set_aside("", 10, true)).size() == 1u);
  BOOST_TEST(value_of(lake.set_aside("", 10, false)).size() == 5u);  // one for its lines
  BOOST_TEST(take(lake) == (names{"waits", "waits too"}), boost::test_tools::per_element());
  // And they go on as if they had come here.
  const auto ids = value_of(lake.set_aside("", 10, false));
  BOOST_REQUIRE(lake.retry(std::vector{ids[4].entry.id}));
  BOOST_REQUIRE(lake.drop(std::vector{ids[1].entry.id}));
  BOOST_TEST(take(lake) == (names{"kills"}), boost::test_tools::per_element());
  mark(lake, {done(ids[4].entry.id)});
  check_books(lake, {13, 4, 2, 5, 2}, 2);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(taking_over_again_doubles_nothing, Home, homes) {
  Home from, to;
  in_every_state(*from.all.lake);
  const auto all = contents(*from.all.lake);
  std::vector<hash256> origins;
  for (const auto& kept : all) origins.push_back(origin_of(kept.report.entry));
  adopt(*to.all.lake, {all.begin(), all.begin() + 4});
  auto known = value_of(to.all.lake->adopted(origins));
  BOOST_TEST(known == (std::vector<bool>{true, true, true, true, false, false, false, false, false}),
             boost::test_tools::per_element());
  if constexpr (Home::durable) to.reopen();
  auto twice = all;
  twice.insert(twice.end(), all.begin(), all.end());
  adopt(*to.all.lake, twice);
  adopt(*to.all.lake, all);
  adopt(*to.all.lake, {});
  BOOST_TEST(texts_of(*to.all.lake) == texts_of(*from.all.lake), boost::test_tools::per_element());
  same_books(*to.all.lake, *from.all.lake);
  known = value_of(to.all.lake->adopted(origins));
  BOOST_TEST(std::count(known.begin(), known.end(), true) == 9);
  BOOST_TEST(value_of(from.all.lake->adopted(origins)) == std::vector<bool>(9, false),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(what_was_there_before_stays_and_comes_first, Home, homes) {
  Home from, to;
  put(*to.all.lake, {entry("mine")});
  put(*from.all.lake, {entry("a"), entry("b", 3)});
  take(*to.all.lake);
  adopt(*to.all.lake, contents(*from.all.lake));
  put(*to.all.lake, {entry("later")});
  BOOST_TEST(take(*to.all.lake) == (names{"a", "b", "later"}), boost::test_tools::per_element());
  check_books(*to.all.lake, {6, 0, 0, 0, 6}, 4);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(an_entry_without_its_file_is_bad_data_there_too, Home, homes) {
  Home from, to;
  put(*from.all.lake, {entry("a")});
  auto all = contents(*from.all.lake);
  all.front().sealed.reset();
  adopt(*to.all.lake, all);
  const auto some = value_of(to.all.lake->take({}));
  BOOST_REQUIRE_EQUAL(some.size(), 1u);
  const auto files = value_of(to.all.lake->read_files(std::vector{some.front().id}));
  BOOST_TEST((!files.front() && files.front().error().kind == failure::not_found));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace cybexd::tests
