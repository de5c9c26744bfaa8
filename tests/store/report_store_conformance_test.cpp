// What every report store does, in memory, on disk and on MongoDB.
#include <algorithm>

#include "tests/fixtures/report_talk.hpp"

namespace cybexd::tests {

using namespace report_talk;

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

BOOST_AUTO_TEST_CASE_TEMPLATE(a_report_may_come_with_the_update_that_names_it, Home, homes) {
  Home home;
  auto& reports = *home.all.reports;
  const auto r = report("r");
  auto other = r;
  other.timestamp = 99;
  put(reports, {query("q", "processing", 1), query("p", "processing", 2)});
  query_update finish;
  finish.query = query("q", "ready", 1, alice, crypto::to_hex(r.hash));
  finish.new_children = {r, attribute("status", "ready"), attribute("report_id", crypto::to_hex(r.hash))};
  finish.only_if_status = "wait";
  BOOST_TEST(!update(reports, finish));
  BOOST_TEST(!reports.get(r.hash)->has_value());
  finish.only_if_status = "processing";
  BOOST_TEST(update(reports, finish));
  BOOST_TEST((*reports.get(r.hash))->timestamp == 1.5);
  finish.query = query("p", "ready", 2, alice, crypto::to_hex(r.hash));
  finish.new_children.front() = other;
  BOOST_TEST(update(reports, finish));
  BOOST_TEST((*reports.get(r.hash))->timestamp == 1.5);  // what is there is kept
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_report_belongs_to_the_users_whose_queries_name_it, Home, homes) {
  Home home;
  auto& reports = *home.all.reports;
  const auto first = report("1"), second = report("2");
  const auto id = [](const document& d) { return crypto::to_hex(d.hash); };
  put(reports, {first, second, query("x", "ready", 1, alice, id(first)),
                query("y", "ready", 1, bob, id(first)), query("z", "wait", 1, bob)});
  const auto with = [&](const std::string& user, const document& r) {
    return queries_with(reports, user, r);
  };
  BOOST_TEST((with(alice, first) == names{"b'x'"}));
  BOOST_TEST((with(bob, first) == names{"b'y'"}));
  BOOST_TEST((with(alice, second).empty() && with(bob, second).empty() && with("", first).empty()));
  query_update redo;
  redo.query = query("x", "ready", 1, alice, id(second));
  BOOST_TEST(update(reports, redo));
  BOOST_TEST((with(alice, first).empty() && with(bob, first) == names{"b'y'"}));
  BOOST_TEST((with(alice, second) == names{"b'x'"}));
  put(reports, {query("w", "failed", 3, bob, id(first)), query("v", "ready", 2, bob, id(first))});
  BOOST_TEST((with(bob, first) == names{"b'v'", "b'w'", "b'y'"}));
  int visits = 0;
  BOOST_REQUIRE(reports.queries_with(bob, first.hash, [&](const document&) { return ++visits < 2; }));
  BOOST_TEST(visits == 2);
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

BOOST_AUTO_TEST_SUITE_END()

}  // namespace cybexd::tests
