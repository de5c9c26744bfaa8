// All four stores between MongoDB and the other homes: whole, cut short, killed, read only.
#include <boost/test/unit_test.hpp>
#include <random>

#include "tahoe/store/mongodb_documents.hpp"
#include "tests/fixtures/child_case.hpp"
#include "tests/fixtures/failing_store.hpp"
#include "tests/fixtures/killed_migration.hpp"
#include "tests/fixtures/migrations.hpp"
#include "tests/fixtures/mongodb_lakes.hpp"

namespace cybexd::tests {
namespace {

store::stores on_mongodb(const mongodb_places& at, bool read_only = false) {
  store::store_places places;
  places.cache = at.cache;
  places.archive = at.archive;
  places.report = at.report;
  places.identity = at.identity;
  for (auto* one : {&places.cache, &places.archive, &places.report, &places.identity})
    (*one)->read_only = read_only;
  return must(store::open_stores(places));
}

migration_options small_batches() {
  migration_options options;
  options.batch_items = 20;
  options.now = 5000;
  return options;
}

std::vector<std::string> indexes_of(const store::mongodb_place& place, const std::string& coll) {
  std::vector<std::string> names;
  auto home = must(store::mongodb_home::open({.url = place.url}));
  auto answer = home->command(place.db, store::bson().add("listIndexes", coll), false, "test: indexes");
  if (!answer) return names;
  answer->view().find_dotted("cursor.firstBatch").document()->each([&](const store::bson_element& one) {
    names.emplace_back(one.document()->find("name").text().value_or(""));
    return true;
  });
  return names;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(mongodb_migration, *with_mongodb())

BOOST_AUTO_TEST_CASE(embedded_to_mongodb_and_back) {
  const seed_of_test seed;
  const mongodb_places places;
  embedded_home first, last;
  fill(first.all, seed.value, 40);
  {
    auto middle = on_mongodb(places);
    check_complete(must(migrate(first.all, middle, small_batches())));
    same_contents(first.all, middle);
    const store::mongodb_collection lake(places.home(), places.cache.db, places.cache.coll);
    BOOST_TEST(!must(store::has_unique_index(lake, "_cybexd_origin", "test: index")));
    auto again = must(migrate(first.all, middle, small_batches()));
    check_complete(again);
    BOOST_TEST(again.entries.copied + again.documents.copied + again.reports.copied + again.tokens.copied +
                   again.audit_lines.copied + again.identities.copied ==
               0u);
  }
  auto middle = on_mongodb(places, true);  // another server, that only reads
  check_complete(must(migrate(middle, last.all, small_batches())));
  same_contents(first.all, last.all);
}

BOOST_AUTO_TEST_CASE(what_came_since_is_brought_over) {
  const seed_of_test seed;
  const mongodb_places places;
  auto from = store::make_memory();
  fill(from, seed.value, 30);
  auto to = on_mongodb(places);
  check_complete(must(migrate(from, to, small_batches())));
  archive_world world(seed.value + 1);
  std::vector<record_write> more;
  for (int i = 0; i < 40; ++i) more.push_back(world.record());
  must(from.archive->write(more));
  lake_talk::put(*from.lake, {lake_talk::entry("new")});
  store::identity_change revoke;
  revoke.token = must(from.identity->token("jti-1"));
  revoke.token->revoked = true;
  revoke.audit = {9, "operator", "token.revoke", "jti-1"};
  must(from.identity->apply(revoke));
  check_complete(must(migrate(from, to, small_batches())));
  same_contents(from, to);
}

BOOST_AUTO_TEST_CASE(cut_short_at_any_call_and_finished_later) {
  const seed_of_test seed;
  std::mt19937_64 random(seed.value);
  auto from = store::make_memory();
  fill(from, seed.value, 15);
  std::int64_t calls = 200;
  for (int i = 0; i < 6; ++i) {
    const mongodb_places places;
    auto to = on_mongodb(places);
    auto trouble = std::make_shared<faults>();
    const auto n = static_cast<std::int64_t>(1 + random() % static_cast<std::uint64_t>(calls));
    trouble->fail_from(n);
    const auto cut = migrate(from, failing(to, trouble), small_batches());
    BOOST_TEST_CONTEXT("call " << n) {
      if (cut) calls = std::min(calls, static_cast<std::int64_t>(trouble->calls()));
      check_complete(must(migrate(from, to, small_batches())));
      same_contents(from, to);
    }
  }
}

BOOST_AUTO_TEST_CASE(child_migrates_to_mongodb, *boost::unit_test::disabled()) {
  if (!child_case::inside()) return;
  std::istringstream told(child_case::argument());
  std::string directory;
  store::mongodb_place place;
  told >> directory >> place.url >> place.db;
  store::store_places places;
  const auto in = [&](const std::string& kind, const std::string& coll) {
    return store::mongodb_place{place.url, place.db + kind, coll};
  };
  places.cache = in("c", "file_entries");
  places.archive = in("t", "instance");
  places.report = in("r", "instance");
  places.identity = in("i", "instance");
  store::embedded_options from;
  from.directory = directory;
  from.read_only = true;
  auto options = small_batches();
  options.batch_items = 4;
  options.on_progress = tell_parent;
  must(migrate(must(store::open_embedded(from)), must(store::open_stores(places)), options));
}

BOOST_AUTO_TEST_CASE(killed_at_any_moment_and_run_again) {
  if (child_case::inside()) return;
  const seed_of_test seed;
  std::mt19937_64 random(seed.value);
  embedded_home from;
  fill(from.all, seed.value, 25);
  from.all = {};
  mongodb_places places;
  const auto db = places.cache.db;
  for (auto [place, kind] : {std::pair(&places.cache, "c"), std::pair(&places.archive, "t"),
                             std::pair(&places.report, "r"), std::pair(&places.identity, "i")})
    place->db = db + kind;
  const int kills = kill_now_and_then("mongodb_migration/child_migrates_to_mongodb",
                                      from.options.directory + " " + places.cache.url + " " + db, random,
                                      {.runs = 8, .short_run = 30, .long_run = 150});
  BOOST_TEST_MESSAGE(kills << " kills");
  BOOST_TEST(kills > 0);
  from.reopen();
  auto to = on_mongodb(places);
  check_complete(must(migrate(from.all, to, small_batches())));
  same_contents(from.all, to);
}

BOOST_AUTO_TEST_CASE(an_original_lake_is_taken_over_and_nothing_is_made_there) {
  const shared_lake world;
  const auto waits = world.put_original("waits");
  const auto done = world.put_original("done"), odd = world.put_original("odd");
  const auto lost = world.put_original("lost", store::object_id::make());
  const auto change = [&](const store::entry_id& id, const store::bson& what) {
    world.change("file_entries", store::bson().add("_id", *store::object_id::from_hex(id)),
                 store::bson().add("$set", what));
  };
  const auto hash = crypto::to_hex(crypto::sha256("raw"));
  change(done, store::bson().add("processed", true).add("_ref", store::bson_list().push(hash)));
  change(odd, store::bson().add("bad_data", true));
  const auto before = indexes_of(world.places.cache, "file_entries");
  auto from = on_mongodb(world.places, true);
  embedded_home to;
  const auto result = must(migrate(from, to.all, small_batches()));
  BOOST_TEST(result.complete());
  BOOST_TEST(result.entries.total == 4u);
  BOOST_TEST(result.files == 3u);  // the original keeps those of archived entries
  BOOST_TEST(result.lost_files == 1u);
  lake_talk::check_books(*to.all.lake, {4, 1, 0, 1, 2}, 2);
  const auto all = must(to.all.lake->entries("", 10));
  BOOST_TEST(all[0].entry.name == "waits");
  BOOST_TEST((all[1].mark.state == store::entry_state::processed));
  BOOST_TEST((all[1].mark.refs == std::vector{crypto::sha256("raw")}));
  BOOST_TEST((all[2].mark.state == store::entry_state::bad_data));
  const auto files = must(to.all.lake->read_files(std::vector{all[0].entry.id, all[3].entry.id}));
  BOOST_TEST(files[0].value() == "sealed waits");
  BOOST_TEST((!files[1] && files[1].error().kind == failure::not_found));
  BOOST_TEST(all[0].entry.bytes == files[0]->size());
  BOOST_TEST(indexes_of(world.places.cache, "file_entries") == before, boost::test_tools::per_element());
  for (const auto* place : {&world.places.archive, &world.places.report, &world.places.identity})
    BOOST_TEST(indexes_of(*place, place->coll).empty());
}

// An entry's file is its own thing, and goes over whatever another module left out of the entry.
BOOST_AUTO_TEST_CASE(odd_entries_of_an_original_lake_keep_their_files_and_times) {
  const shared_lake world;
  const auto set = [&](const store::entry_id& id, const store::bson& what) {
    world.change("file_entries", store::bson().add("_id", *store::object_id::from_hex(id)),
                 store::bson().add("$set", what));
  };
  std::vector<store::entry_id> ids;
  for (const auto* name : {"orgid", "typetag", "timestamp", "name"}) {
    ids.push_back(world.put_original(name));
    set(ids.back(), store::bson().add_null(name));
  }
  auto from = on_mongodb(world.places, true);
  embedded_home to;
  const auto result = must(migrate(from, to.all, small_batches()));
  BOOST_TEST((result.complete() && result.files == 4u && result.lost_files == 0u));
  const auto all = must(to.all.lake->entries("", 10));
  BOOST_REQUIRE_EQUAL(all.size(), 4u);
  for (const auto& report : all)
    BOOST_TEST(must(to.all.lake->read_files(std::vector{report.entry.id})).front().has_value());
  BOOST_TEST(all[2].entry.timestamp == store::object_id::from_hex(ids[2])->seconds());
  BOOST_TEST((all[0].entry.orgid.empty() && all[1].entry.typetag.empty()));  // no record is made of these
}

BOOST_AUTO_TEST_CASE(a_source_without_an_index_is_told_and_read) {
  const mongodb_places places;
  const auto d = attribute("port", std::int64_t{1});
  store::bulk_write one;
  BOOST_REQUIRE(one.insert(must(store::bson::from(tahoe::to_value(d)))));
  store::mongodb_collection raw(places.home(), places.archive.db, places.archive.coll);
  must(raw.write(std::move(one), "test: insert"));
  auto from = on_mongodb(places, true);
  auto to = store::make_memory();
  check_complete(must(migrate(from, to, small_batches())));
  std::vector<std::string> said;
  from.say->listen([&](const std::string& sentence) { said.push_back(sentence); });
  BOOST_REQUIRE_EQUAL(said.size(), 1u);
  BOOST_TEST(said.front().find("has no index on _hash") != std::string::npos);
  BOOST_TEST(said.front().find("createIndex({_hash: 1})") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace cybexd::tests
