// The archive and MongoDB's limit of 16 MiB for a document.
#include <boost/test/unit_test.hpp>

#include "tests/fixtures/archive_on_mongodb.hpp"

namespace cybexd::tests {

using namespace store;

namespace {

/// A record of an event at this time, with an attribute of its own, that joins a session.
record_write joining(const std::string& session, double time) {
  event_plan plan;
  plan.timestamp = time;
  plan.attributes = {attribute("filename", session + " " + std::to_string(time))};
  auto w = record_with(session + " " + std::to_string(time), plan);
  const auto event = w.filtered->product.documents.back().hash;
  w.filtered->product.sessions.push_back({session_of(session), {event}});
  return w;
}

/// Nothing of what its filter made.
void has_only_its_raw_document(archive_store& archive, const record_write& w) {
  const auto raw = must(archive.get(w.raw.hash));
  BOOST_REQUIRE(raw);
  BOOST_TEST((raw->valid == false && raw->filters.empty() && raw->ref.empty() && !raw->reason.empty()));
  for (const auto& d : w.filtered->product.documents)
    BOOST_TEST(!must(archive.get(d.hash)), tahoe::to_json(d.data));
}

/// The document with a field that leaves so many bytes to what MongoDB keeps.
bson with_room(const document& d, std::size_t bytes) {
  constexpr std::size_t most = 16u << 20, id = 17, field = 19;
  auto stored = must(store::mongodb_archive::to_stored(d));
  stored.add("_cybexd_note", std::string(most - stored.size() - id - field - bytes, 'x'));
  BOOST_REQUIRE_EQUAL(stored.size() + id + bytes, most);
  return stored;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(mongodb_archive_limits, *with_mongodb())

BOOST_AUTO_TEST_CASE(a_record_whose_session_is_full_keeps_only_its_raw_document) {
  const archive_on_mongodb on;
  constexpr std::size_t of_an_event = 72;
  on.insert(with_room(session_of("full"), of_an_event - 1));
  on.insert(with_room(session_of("for one"), of_an_event));
  const auto full = joining("full", 1), last = joining("for one", 2), late = joining("for one", 3);
  const auto other = joining("other", 4);
  write(*on.archive, {full, last, other});
  for (int again = 0; again < 2; ++again) {
    write(*on.archive, {late, full, other});
    has_only_its_raw_document(*on.archive, full);
    has_only_its_raw_document(*on.archive, late);
    for (const auto* good : {&last, &other}) {
      const auto& event = good->filtered->product.documents.back().hash;
      BOOST_TEST(must(on.archive->get(good->raw.hash))->filters.size() == 1u);
      BOOST_TEST(must(must(on.archive->view())->sessions_of(event)).size() == 1u);
    }
  }
  BOOST_TEST(must(on.archive->get(full.raw.hash))->reason.find("what MongoDB keeps in one document") !=
             std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_session_without_room_for_times_takes_no_event_either) {
  const archive_on_mongodb on;
  on.insert(with_room(session_of("s1"), 100));
  auto timed = joining("s1", 1);
  timed.filtered->product.sessions.front().session.start_time = std::string(200, 'x');
  write(*on.archive, {timed, joining("other", 2)});
  has_only_its_raw_document(*on.archive, timed);
  BOOST_TEST((must(on.archive->get(session_of("s1").hash))->ref == session_of("s1").ref));
}

BOOST_AUTO_TEST_CASE(what_mongodb_cannot_hold_costs_its_own_record_only) {
  const archive_on_mongodb on;
  // More references than a document of 16 MiB has room for.
  auto feed = record_with("feed", simple_plan());
  for (std::int64_t i = 0; i < 215'000; ++i) feed.filtered->product.documents.push_back(attribute("port", i));
  const auto good = record_with("good", simple_plan());
  const auto results = write(*on.archive, {feed, good});
  BOOST_TEST((!results[0].known && !results[1].known));
  const auto stored = must(on.archive->get(feed.raw.hash));
  BOOST_TEST((stored->valid == false && stored->ref.empty()));
  BOOST_TEST(stored->reason.find("what MongoDB keeps in one document") != std::string::npos);
  BOOST_TEST(must(on.archive->get(good.raw.hash))->ref.size() == 3u);

  // Raw documents that are stored, and have no room for what their filters make, for the reason, for
  // anything.
  const auto other = record_with("other", simple_plan());
  for (const auto room : {150u, 30u, 2u}) {
    on.insert(with_room(raw_of(std::to_string(room), "org1"), room));
    const auto late = record_with(std::to_string(room), simple_plan());
    write(*on.archive, {late, other});
    const auto refused = must(on.archive->get(late.raw.hash));
    BOOST_TEST(refused->filters.empty());
    BOOST_TEST((refused->valid == false) == (room >= 30u));
    BOOST_TEST(!refused->reason.empty() == (room >= 150u));
    auto dated = record_with("dated " + std::to_string(room), simple_plan());
    on.insert(with_room(dated.raw, room));
    dated.raw.orgid = "org2";
    dated.filtered->product.keeps_first_run = true;
    write(*on.archive, {dated, other});
    BOOST_TEST((must(on.archive->get(dated.raw.hash))->valid == false) == (room >= 30u));
  }

  // Of an import.
  auto large = attribute("body", "large");
  large.data = std::string(16u << 20, 'x');
  const auto imported = must(on.archive->import(std::vector{large, attribute("body", "small")}));
  BOOST_TEST((imported[0].refused && imported[0].refused->kind == failure::too_large && !imported[0].stored));
  BOOST_TEST((imported[1].stored && !imported[1].refused));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace cybexd::tests
