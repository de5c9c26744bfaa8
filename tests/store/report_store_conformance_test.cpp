// What every report store does, in memory, on disk and on MongoDB.
#include <boost/mpl/list.hpp>
#include <boost/test/unit_test.hpp>
#include <set>
#include <thread>

#include "tests/fixtures/document_homes.hpp"

namespace cybexd::tests {
namespace {

using namespace store;
#ifdef CYBEXD_TESTS_MONGODB
using homes = boost::mpl::list<mongodb_report_home>;
using durable_home = mongodb_report_home;
#else
using homes = boost::mpl::list<memory_home, embedded_home>;
using durable_home = embedded_home;
#endif

const std::string alice(64, 'a'), bob(64, 'b');

document attribute(const std::string& sub_type, const tahoe::value& data) {
  auto made = tahoe::make_attribute(sub_type, data);
  BOOST_REQUIRE_MESSAGE(made, made.error().text);
  return *made;
}

/// A query as the stores see it: its children's data, and a hash of its own.
document query(const std::string& name, const std::string& status, double timestamp,
               const std::string& userid = alice, const std::string& report = "") {
  document d;
  d.kind = tahoe::itype::object;
  d.sub_type = "query";
  d.hash = crypto::sha256("query " + name);
  const auto list = [](tahoe::value v) { return tahoe::value(tahoe::array{std::move(v)}); };
  d.data = tahoe::object{{"qtype", list("count")}, {"qdata", list("b'" + name + "'")},
                         {"userid", list(userid)}, {"timestamp", list(timestamp)},
                         {"status", list(status)}, {"report_id", list(report)}};
  d.cref = d.ref = {attribute("status", status).hash};
  return d;
}

document report(const std::string& text) {
  auto made = tahoe::make_report("count", text, alice, 1.5, 1, 1);
  BOOST_REQUIRE(made);
  return *made;
}

void put(report_store& reports, const std::vector<document>& documents) {
  auto done = reports.put(documents);
  BOOST_REQUIRE_MESSAGE(done, done.error().text);
}

std::string status_of(report_store& reports, const document& q) {
  auto d = reports.get(q.hash);
  BOOST_REQUIRE(d && *d);
  return *(*d)->data.find("status")->get_if<tahoe::array>()->front().text();
}

bool update(report_store& reports, const query_update& what) {
  auto done = reports.update(what);
  BOOST_REQUIRE_MESSAGE(done, done.error().text);
  return *done;
}

std::vector<std::string> takeable(report_store& reports, double now, double foreign_age = 600,
                                  std::size_t limit = 100) {
  auto some = reports.takeable(now, foreign_age, limit);
  BOOST_REQUIRE_MESSAGE(some, some.error().text);
  std::vector<std::string> names;
  for (const auto& d : *some) names.push_back(*d.data.find("qdata")->get_if<tahoe::array>()->front().text());
  return names;
}

query_update taking(const std::string& name, double timestamp, const query_claim& claim) {
  query_update u;
  u.query = query(name, "processing", timestamp);
  u.new_children = {attribute("status", "processing")};
  u.only_if_status = "wait";
  u.claim = claim;
  return u;
}

using names = std::vector<std::string>;

}  // namespace

CYBEXD_CONFORMANCE_SUITE(report_store_conformance)

BOOST_AUTO_TEST_CASE_TEMPLATE(documents_come_back_whole, Home, homes) {
  Home home;
  auto& reports = *home.all.reports;
  const auto q = query("q", "wait", 7.5);
  const auto r = report("r");
  put(reports, {q, r, attribute("status", "wait"), q});
  for (const auto& d : {q, r, attribute("status", "wait")}) {
    auto found = reports.get(d.hash);
    BOOST_REQUIRE(found && *found);
    BOOST_TEST((in_order(**found) == in_order(d)));
  }
  auto absent = reports.get(crypto::sha256("absent"));
  BOOST_TEST((absent && !*absent));
  BOOST_TEST(reports.put({}).has_value());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(what_is_there_is_kept, Home, homes) {
  Home home;
  auto& reports = *home.all.reports;
  const auto first = report("r");
  auto second = first;
  second.timestamp = 99;
  put(reports, {first});
  put(reports, {second});
  BOOST_TEST((*reports.get(first.hash))->timestamp == 1.5);
  put(reports, {query("q", "wait", 1)});
  put(reports, {query("q", "ready", 1)});
  BOOST_TEST(status_of(reports, query("q", "", 1)) == "wait");
  BOOST_TEST(takeable(reports, 0) == (names{"b'q'"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(each_visits_all_in_order_until_told_to_stop, Home, homes) {
  Home home;
  auto& reports = *home.all.reports;
  std::vector<document> all;
  for (int i = 0; i < 20; ++i) all.push_back(report(std::to_string(i)));
  put(reports, all);
  std::vector<hash256> seen;
  BOOST_REQUIRE(reports.each([&](const document& d) {
    seen.push_back(d.hash);
    if (seen.size() <= 20) put(reports, {report("made meanwhile " + std::to_string(seen.size()))});
    return true;
  }));
  if (Home::walks_see_one_instant) BOOST_TEST(seen.size() == 20u);
  for (const auto& d : all) BOOST_TEST((std::find(seen.begin(), seen.end(), d.hash) != seen.end()));
  BOOST_TEST((std::is_sorted(seen.begin(), seen.end())));
  BOOST_TEST((std::adjacent_find(seen.begin(), seen.end()) == seen.end()));
  std::size_t visits = 0;
  BOOST_REQUIRE(reports.each([&](const document&) { return ++visits < 3; }));
  BOOST_TEST(visits == 3u);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(waiting_queries_are_takeable_oldest_first, Home, homes) {
  Home home;
  auto& reports = *home.all.reports;
  put(reports, {query("c", "wait", 30), query("a", "wait", -10.5), query("b", "wait", 20.25),
                query("no", "invalid", 1), query("done", "ready", 1), query("bad", "failed", 1),
                query("z", "wait", 0)});
  BOOST_TEST(takeable(reports, 0) == (names{"b'a'", "b'z'", "b'b'", "b'c'"}),
             boost::test_tools::per_element());
  BOOST_TEST(takeable(reports, 0, 600, 2) == (names{"b'a'", "b'z'"}), boost::test_tools::per_element());
  BOOST_TEST(takeable(reports, 0, 600, 0).empty());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_claimed_query_is_takeable_when_its_claim_has_run_out, Home, homes) {
  Home home;
  auto& reports = *home.all.reports;
  put(reports, {query("q", "wait", 1)});
  BOOST_TEST(update(reports, taking("q", 1, {"me", 100})));
  BOOST_TEST(takeable(reports, 100).empty());
  BOOST_TEST(takeable(reports, 100.5).size() == 1u);
  query_update again = taking("q", 1, {"you", 200});
  BOOST_TEST(!update(reports, again));  // not in wait
  again.only_if_status = "processing";
  BOOST_TEST(update(reports, again));
  BOOST_TEST(takeable(reports, 150).empty());
  query_update back;
  back.query = query("q", "wait", 1);
  BOOST_TEST(update(reports, back));
  BOOST_TEST(takeable(reports, 150).size() == 1u);  // whatever the claim says
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_query_that_another_module_processes_is_takeable_when_it_is_old, Home, homes) {
  Home home;
  auto& reports = *home.all.reports;
  put(reports,
      {query("old", "processing", 100), query("new", "processing", 900), query("waits", "wait", 950)});
  BOOST_TEST(takeable(reports, 1000, 600) == (names{"b'old'", "b'waits'"}), boost::test_tools::per_element());
  BOOST_TEST(takeable(reports, 700, 600) == (names{"b'waits'"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(an_update_happens_only_where_its_conditions_hold, Home, homes) {
  Home home;
  auto& reports = *home.all.reports;
  put(reports, {query("q", "wait", 1)});
  BOOST_TEST(update(reports, taking("q", 1, {"me", 100})));
  const auto r = report("r");
  query_update finish;
  finish.query = query("q", "ready", 1, alice, crypto::to_hex(r.hash));
  finish.new_children = {attribute("status", "ready"), attribute("report_id", crypto::to_hex(r.hash))};
  finish.only_if_status = "processing";
  finish.only_if_claimed_by = "you";
  BOOST_TEST(!update(reports, finish));
  BOOST_TEST(!reports.get(finish.new_children[0].hash)->has_value());  // nothing of it was stored
  finish.only_if_claimed_by = "me";
  finish.only_if_status = "wait";
  BOOST_TEST(!update(reports, finish));
  finish.only_if_status = "processing";
  finish.only_if_claim_free_at = 100;
  BOOST_TEST(!update(reports, finish));
  finish.only_if_claim_free_at = 100.5;
  BOOST_TEST(update(reports, finish));
  BOOST_TEST(status_of(reports, finish.query) == "ready");
  BOOST_TEST(reports.get(finish.new_children[1].hash)->has_value());
  BOOST_TEST(takeable(reports, 1e9).empty());
  query_update absent;
  absent.query = query("absent", "ready", 1);
  BOOST_TEST(!update(reports, absent));
  query_update unclaimed;
  put(reports, {query("u", "processing", 1)});
  unclaimed.query = query("u", "ready", 1);
  unclaimed.only_if_claimed_by = "me";
  BOOST_TEST(!update(reports, unclaimed));
  unclaimed.only_if_claimed_by.reset();
  unclaimed.only_if_claim_free_at = 0;
  BOOST_TEST(update(reports, unclaimed));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(only_one_of_many_takes_a_query, Home, homes) {
  Home home;
  auto& reports = *home.all.reports;
  std::vector<document> queries;
  for (int i = 0; i < 20; ++i) queries.push_back(query(std::to_string(i), "wait", i));
  put(reports, queries);
  std::atomic<int> taken{0};
  std::atomic<bool> failed{false};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 20; ++i) {
        query_update u;  // without Boost.Test, which is for one thread
        u.query = queries[static_cast<std::size_t>(i)];
        u.query.data.find("status")->get_if<tahoe::array>()->front() = "processing";
        u.only_if_status = "wait";
        u.claim = query_claim{std::to_string(t), 100};
        auto done = reports.update(u);
        if (!done) failed = true;
        if (done && *done) ++taken;
      }
    });
  for (auto& t : threads) t.join();
  BOOST_TEST(!failed);
  BOOST_TEST(taken == 20);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_report_belongs_to_the_users_whose_queries_name_it, Home, homes) {
  Home home;
  auto& reports = *home.all.reports;
  const auto first = report("1"), second = report("2");
  const auto id = [](const document& d) { return crypto::to_hex(d.hash); };
  put(reports, {first, second, query("x", "ready", 1, alice, id(first)),
                query("y", "ready", 1, bob, id(first)), query("z", "wait", 1, bob)});
  const auto has = [&](const std::string& user, const document& r) {
    auto answer = reports.has_report(user, r.hash);
    BOOST_REQUIRE(answer);
    return *answer;
  };
  BOOST_TEST(
      (has(alice, first) && has(bob, first) && !has(alice, second) && !has(bob, second) && !has("", first)));
  query_update redo;
  redo.query = query("x", "ready", 1, alice, id(second));
  BOOST_TEST(update(reports, redo));
  BOOST_TEST((!has(alice, first) && has(bob, first) && has(alice, second)));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_hostile_query_document_harms_nothing, Home, homes) {
  Home home;
  auto& reports = *home.all.reports;
  auto odd = query("odd", "wait", 1);
  odd.data = tahoe::object{{"status", tahoe::array{}},
                           {"userid", 7},
                           {"report_id", tahoe::array{1, "zz", nullptr}},
                           {"timestamp", "x"}};
  auto text = query("text", "wait", 1);
  text.data = "no object at all";
  put(reports, {odd, text, query("q", "wait", 1)});
  BOOST_TEST(takeable(reports, 1e9) == (names{"b'q'"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_reopened_store_and_a_killed_one_know_claims_and_owners) {
  durable_home home;
  const auto r = report("r");
  put(*home.all.reports, {query("q", "wait", 1), query("p", "ready", 1, bob, crypto::to_hex(r.hash))});
  BOOST_TEST(update(*home.all.reports, taking("q", 1, {"me", 100})));
  for (int i = 0; i < 2; ++i) {
    auto killed = home.after_a_kill();
    BOOST_TEST(takeable(*killed.reports, 100).empty());
    BOOST_TEST(takeable(*killed.reports, 101).size() == 1u);
    BOOST_TEST(*killed.reports->has_report(bob, r.hash));
    home.reopen();
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace cybexd::tests
