// Writes to the archive on MongoDB: how few commands, cut off anywhere, by several servers at once; and what
// a look sees meanwhile.
#include <boost/test/unit_test.hpp>
#include <thread>

#include "tahoe/filters/filter.hpp"
#include "tahoe/store/memory_archive.hpp"
#include "tests/fixtures/archive_on_mongodb.hpp"
#include "tests/fixtures/eventually.hpp"
#include "tests/fixtures/same_archives.hpp"

namespace cybexd::tests {

using namespace store;

namespace {

/// A sighting without a time: its event gets the time of the filter's first run.
record_write sighting(double first_run, const std::string& orgid = "org1") {
  const auto& filter = *tahoe::filters::for_sub_type("sighting");
  record_write w;
  w.raw = must(tahoe::make_raw("sighting", tahoe::object{{"ipv4", "10.0.0.1"}}, orgid, "UTC"));
  w.filtered =
      filter_result{std::string(filter.id), filter.run(w.raw.data, {orgid, "UTC", first_run}), first_run};
  return w;
}

record_write in_session(const std::string& text, double timestamp, const std::string& id) {
  auto plan = simple_plan();
  plan.timestamp = timestamp;
  auto w = record_with(text, plan);
  const auto event = w.filtered->product.documents.back().hash;
  w.filtered->product.documents.push_back(attribute("sessionid", id));
  auto session = session_of(id);
  session.start_time = timestamp;
  session.end_time = timestamp + 10;
  session.duration = tahoe::value(10.0);
  w.filtered->product.sessions.push_back({session, {event}});
  return w;
}

/// What a batch may hold: new documents, events and sessions that are there, a second organisation, a record
/// of no use.
std::vector<record_write> mixed_batch() {
  auto grave = simple_plan(), mild = simple_plan();
  grave.category = tahoe::category::malicious;
  grave.malicious = {grave.attributes[0].hash};
  mild.category = tahoe::category::benign;
  mild.benign = {mild.attributes[0].hash, mild.attributes[1].hash};
  auto second = record_with("a", simple_plan());
  second.raw.orgid = "org2";
  auto useless = record_with("u", simple_plan());
  useless.filtered->product = {};
  useless.filtered->product.usable = false;
  useless.filtered->product.reason = "of no use";
  return {record_with("a", grave),
          record_with("b", mild),
          in_session("c", 50, "s1"),
          in_session("d", 20, "s1"),
          second,
          useless};
}

/// The sighting's one event of each organisation has the time that is kept with the raw record.
void has_one_sighting(archive_store& archive, std::size_t organisations = 1) {
  std::vector<document> events, raws;
  for (const auto& d : all_of(archive)) {
    if (d.kind == tahoe::itype::event && d.sub_type == "sighting") events.push_back(d);
    if (d.kind == tahoe::itype::raw && d.sub_type == "sighting") raws.push_back(d);
  }
  BOOST_REQUIRE_EQUAL(raws.size(), 1u);
  BOOST_REQUIRE_EQUAL(events.size(), organisations);
  for (const auto& e : events)
    BOOST_TEST((archive_rules::first_run_of(raws[0], e.orgid) == e.timestamp), e.orgid);
  BOOST_TEST((raws[0].filters.size() == 1u && unfiltered_in(archive) == 0u));
}

/// Writes with every command from the n-th on failing, then again; says whether it went well at once.
bool cut_and_repeated(mongodb_server& server, std::size_t n, const std::string& how) {
  const archive_on_mongodb on(server.url("&appName=cut"));
  auto memory = make_memory_archive();
  const auto before = in_session("before", 40, "s1");
  for (auto* archive : {memory.get(), on.archive.get()}) write(*archive, {before});
  auto batch = mixed_batch();
  write(*memory, batch);
  for (const auto& w : {sighting(1000), sighting(1500, "org2")}) batch.push_back(w);
  server.fail_commands(R"({"skip":)" + std::to_string(n) + "}",
                       R"({"appName":"cut","failCommands":["find","insert","update"],)" + how + "}");
  const auto first = on.archive->write(batch);
  server.heal();
  if (!first) {
    BOOST_TEST((first.error().kind == failure::unavailable), first.error().text);
    batch.resize(batch.size() - 2);
    for (const auto& w : {sighting(2000), sighting(2500, "org2")}) batch.push_back(w);
    must(on.archive->write(batch));
  }
  has_one_sighting(*on.archive, 2);
  for (const auto& d : all_of(*memory)) {
    const auto same = must(on.archive->get(d.hash));
    BOOST_REQUIRE(same);
    BOOST_TEST(text_of(*same) == text_of(d));
  }
  BOOST_TEST(all_of(*on.archive).size() == all_of(*memory).size() + 3);  // two sightings of one raw record
  BOOST_TEST(faults_in(*on.archive).empty());
  return first.has_value();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(mongodb_archive_writes, *with_mongodb())

BOOST_AUTO_TEST_CASE(a_write_that_is_cut_off_anywhere_is_completed_by_the_next) {
  mongodb_server server;
  const auto kept = must(mongodb_home::open({.url = server.url("&appName=cut")}));  // for all rounds
  for (const auto* how : {R"("errorCode":262)", R"("closeConnection":true)",
                          R"("writeConcernError":{"code":64,"errmsg":"waiting"})"}) {
    std::size_t n = 0;
    bool whole = false;
    for (; !whole && n < 30; ++n) BOOST_TEST_CONTEXT(how << " from command " << n) {
        whole = cut_and_repeated(server, n, how);
      }
    BOOST_TEST(whole);
    BOOST_TEST(n > 4u);
  }
}

BOOST_AUTO_TEST_CASE(servers_that_write_the_same_at_once_make_it_once) {
  const archive_on_mongodb on;
  const auto other = on.another();
  auto memory = make_memory_archive();
  for (int round = 0; round < 4; ++round) {
    std::vector<record_write> batch, turned;
    for (int i = 0; i < 25; ++i) {
      const auto text = std::to_string(round) + " " + std::to_string(i);
      auto grave = simple_plan(), mild = simple_plan();
      grave.timestamp = mild.timestamp = round * 100 + i;
      grave.category = tahoe::category::malicious;
      grave.malicious = {grave.attributes[0].hash};
      mild.category = tahoe::category::benign;
      mild.benign = {mild.attributes[0].hash, mild.attributes[1].hash};
      batch.push_back(record_with("grave " + text, grave));
      batch.push_back(record_with("mild " + text, mild));
      batch.push_back(in_session(text, 1000 + i, "s" + std::to_string(i % 3)));
      turned.insert(turned.begin(), batch.end() - 3, batch.end());
    }
    write(*memory, batch);
    batch.push_back(sighting(1000 + round));
    turned.insert(turned.begin(), sighting(2000 + round));
    std::vector<record_result> ours, theirs;
    std::thread beside([&] { theirs = write(*other, turned); });
    ours = write(*on.archive, batch);
    beside.join();
    const auto fresh = [](const auto& all) {
      return std::count_if(all.begin(), all.end(), [](const auto& r) { return !r.known; });
    };
    BOOST_TEST(fresh(ours) + fresh(theirs) == (round == 0 ? 76 : 75));
  }
  has_one_sighting(*on.archive);
  for (const auto& d : all_of(*memory)) {
    const auto same = must(other->get(d.hash));
    BOOST_REQUIRE(same);
    BOOST_TEST(text_of(*same) == text_of(d));
  }
  BOOST_TEST(all_of(*other).size() == all_of(*memory).size() + 2);
}

BOOST_AUTO_TEST_CASE(a_thousand_records_take_few_commands) {
  const archive_on_mongodb on;
  std::vector<record_write> batch;
  for (int i = 0; i < 1000; ++i)
    batch.push_back(in_session(std::to_string(i), i, "s" + std::to_string(i % 50)));
  auto before = on.commands();
  write(*on.archive, batch);
  BOOST_TEST(on.commands() - before <= 6u);
  before = on.commands();
  write(*on.archive, batch);  // all of it is known
  BOOST_TEST(on.commands() - before <= 6u);
  for (auto& w : batch) {
    w.raw.orgid = "org2";
    w.filtered->product.documents.clear();
    w.filtered->product.sessions.clear();
  }
  before = on.commands();
  write(*on.archive, batch);  // for another organisation
  BOOST_TEST(on.commands() - before <= 6u);
}

BOOST_AUTO_TEST_CASE(first_runs_are_noted_together_and_change_nothing_that_others_noted) {
  const archive_on_mongodb on;
  auto memory = make_memory_archive();
  std::vector<record_write> records, filtered;
  for (int i = 0; i < 60; ++i) {
    filtered.push_back(in_session(std::to_string(i), i, "s" + std::to_string(i % 7)));
    records.push_back({filtered.back().raw, std::nullopt});
  }
  for (auto* archive : {memory.get(), on.archive.get()}) write(*archive, records);
  // Noted by another server, in one record while this one filters, in another one of no use before.
  const auto other = on.another();
  write(*other, {filtered[3]});
  auto useless = filtered[40];
  useless.filtered->product = {};
  useless.filtered->product.usable = false;
  for (auto* archive : {memory.get(), on.archive.get()}) write(*archive, {useless});
  const auto before = on.commands();
  for (auto* archive : {memory.get(), on.archive.get()}) write(*archive, filtered);
  BOOST_TEST(on.commands() - before <= 7u);
  write(*on.archive, filtered);  // again: nothing is noted twice
  for (const auto& d : all_of(*memory)) {
    const auto same = must(on.archive->get(d.hash));
    BOOST_REQUIRE(same);
    BOOST_TEST(text_of(*same) == text_of(d));
  }
  BOOST_TEST(all_of(*on.archive).size() == all_of(*memory).size());
  BOOST_TEST(unfiltered_in(*on.archive) == 0u);
}

BOOST_AUTO_TEST_CASE(a_look_sees_one_instant_of_what_other_servers_write_too) {
  const archive_on_mongodb on;
  const auto other = on.another();
  const auto ip = attribute("ipv4", "10.0.0.1").hash;
  event_filter f;
  f.who.everything = true;
  write(*other, {in_session("a", 1, "s1")});
  auto view = must(on.archive->view());
  BOOST_TEST(must(view->page(ip, f, 0, 10)).size() == 1u);
  write(*other, {in_session("b", 2, "s1")});
  BOOST_TEST(must(view->page(ip, f, 0, 10)).size() == 1u);
  BOOST_TEST(must(view->count(ip, f)) == 1u);
  BOOST_TEST(must(view->events_of_session(session_of("s1").hash, f)).size() == 1u);
  BOOST_TEST(must(must(on.archive->view())->count(ip, f)) == 2u);
}

BOOST_AUTO_TEST_CASE(a_walk_gives_every_document_once_while_others_write) {
  const archive_on_mongodb on;
  archive_world world(5);
  std::vector<record_write> batch;
  for (int i = 0; i < 60; ++i) batch.push_back(world.record());
  write(*on.archive, batch);
  const auto before = all_of(*on.archive);
  std::vector<hash256> seen;
  must(on.archive->each([&](const document& d) {
    if (seen.size() % 40 == 0)
      write(*on.archive, {record_with("meanwhile " + std::to_string(seen.size()), simple_plan())});
    seen.push_back(d.hash);
    return seen.size() < 2000;
  }));
  BOOST_TEST((std::is_sorted(seen.begin(), seen.end())));
  BOOST_TEST((std::adjacent_find(seen.begin(), seen.end()) == seen.end()));
  for (const auto& d : before) BOOST_TEST((std::binary_search(seen.begin(), seen.end(), d.hash)));
}

BOOST_AUTO_TEST_CASE(a_server_that_is_away_is_unavailable_and_loses_nothing) {
  mongodb_server server({"--sync-on-commit"});
  const archive_on_mongodb on(server.url("&serverSelectionTimeoutMS=500"));
  const auto w = in_session("a", 1, "s1");
  write(*on.archive, {w});
  const auto texts = texts_of(*on.archive);
  event_filter f;
  f.who.everything = true;
  auto view = must(on.archive->view());
  server.kill();
  const auto written = on.archive->write(std::vector{in_session("b", 2, "s1")});
  const auto counted = view->count(attribute("ipv4", "10.0.0.1").hash, f);
  const auto got = on.archive->get(w.raw.hash);
  BOOST_REQUIRE(!written && !counted && !got);
  for (const auto& e : {written.error(), counted.error(), got.error()})
    BOOST_TEST((e.kind == failure::unavailable), e.text);
  server.start_again();
  BOOST_REQUIRE(eventually([&] { return on.archive->get(w.raw.hash).has_value(); }));
  BOOST_TEST(texts_of(*on.archive) == texts, boost::test_tools::per_element());
  write(*on.archive, {in_session("b", 2, "s1")});
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace cybexd::tests
