// How queries are taken from every report store: claims, and who may have what when.
#include <atomic>
#include <thread>

#include "tests/fixtures/report_talk.hpp"

namespace cybexd::tests {

using namespace report_talk;

CYBEXD_CONFORMANCE_SUITE(report_claims_conformance)

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

BOOST_AUTO_TEST_CASE_TEMPLATE(a_query_may_be_put_and_taken_in_one_step, Home, homes) {
  Home home;
  auto& reports = *home.all.reports;
  auto put_taken = taking("q", 1, {"me", 100});
  put_taken.only_if_status.reset();
  put_taken.only_if_absent = true;
  BOOST_TEST(update(reports, put_taken));
  BOOST_TEST(reports.get(put_taken.new_children[0].hash)->has_value());
  BOOST_TEST(takeable(reports, 100).empty());
  BOOST_TEST(takeable(reports, 100.5).size() == 1u);
  put_taken.claim->owner = "you";
  BOOST_TEST(!update(reports, put_taken));  // it is there
  query_update finish;
  finish.query = query("q", "ready", 1);
  finish.only_if_claimed_by = "you";
  BOOST_TEST(!update(reports, finish));
  finish.only_if_claimed_by = "me";
  BOOST_TEST(update(reports, finish));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_claim_lasts_longer_when_its_owner_renews_it, Home, homes) {
  Home home;
  auto& reports = *home.all.reports;
  std::vector<hash256> all;
  for (const auto* name : {"mine", "yours", "done", "unclaimed"}) {
    put(reports, {query(name, "wait", static_cast<double>(all.size()))});
    all.push_back(query(name, "", 1).hash);
  }
  all.push_back(crypto::sha256("absent"));
  BOOST_TEST(update(reports, taking("mine", 0, {"me", 100})));
  BOOST_TEST(update(reports, taking("yours", 1, {"you", 100})));
  BOOST_TEST(update(reports, taking("done", 2, {"me", 100})));
  query_update finish;
  finish.query = query("done", "ready", 1);
  BOOST_TEST(update(reports, finish));
  BOOST_REQUIRE(reports.renew(all, {"me", 200}));
  BOOST_REQUIRE(reports.renew({}, {"me", 300}));
  BOOST_TEST(takeable(reports, 150) == (names{"b'yours'", "b'unclaimed'"}), boost::test_tools::per_element());
  BOOST_TEST(takeable(reports, 201).size() == 3u);
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

BOOST_AUTO_TEST_CASE(a_reopened_store_and_a_killed_one_know_claims_and_owners) {
  durable_home home;
  const auto r = report("r");
  put(*home.all.reports, {query("q", "wait", 1), query("p", "ready", 1, bob, crypto::to_hex(r.hash))});
  BOOST_TEST(update(*home.all.reports, taking("q", 1, {"me", 100})));
  for (int i = 0; i < 2; ++i) {
    auto killed = home.after_a_kill();
    BOOST_TEST(
        takeable(*killed.reports, 60).empty());  // a database's clock is read as well as the machine lets us
    BOOST_TEST(takeable(*killed.reports, 101).size() == 1u);
    BOOST_TEST(queries_with(*killed.reports, bob, r) == (names{"b'p'"}), boost::test_tools::per_element());
    home.reopen();
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace cybexd::tests
