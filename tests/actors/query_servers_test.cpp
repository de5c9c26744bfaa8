// Several servers, and other modules, at the queries of one report store.
#include <algorithm>
#include <boost/test/unit_test.hpp>

#include "tests/fixtures/failing_store.hpp"
#include "tests/fixtures/query_side.hpp"

using namespace cybexd;
using tests::query_side;
using outcome = messages::query_answer::outcome;

namespace {

struct several_servers : query_side {
  report::query_document asked = *report::make_query("count", count_of("10.0.0.1"), tests::user, now);

  several_servers() {
    options.claims.lasts = 60;
    options.renew_every = std::chrono::seconds(20);
  }
  /// What another server finds.
  std::size_t takeable() {
    const auto found = stores.reports->takeable(now, 600, 10);
    BOOST_REQUIRE(found);
    return found->size();
  }
  void pass(int seconds) {
    for (int i = 0; i < seconds; ++i) {
      now += 1;
      advance(std::chrono::seconds(1));
    }
  }
  /// As another module does.
  tahoe::hash256 put_waiting(const report::query_document& query) {
    const auto waits = *report::with_status(query.query, "wait");
    auto documents = query.parts;
    documents.insert(documents.end(), waits.new_children.begin(), waits.new_children.end());
    documents.push_back(waits.query);
    BOOST_REQUIRE(stores.reports->put(documents));
    return query.query.hash;
  }
  tahoe::document stored() { return **stores.reports->get(asked.query.hash); }
  void write_back(const tahoe::document& query) {
    store::query_update update;
    update.query = query;
    BOOST_REQUIRE(stores.reports->update(update));
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(query_servers, several_servers)

BOOST_AUTO_TEST_CASE(a_query_in_work_stays_with_its_server) {
  hold = true;
  start();
  const auto first = send("count", count_of("10.0.0.1"));
  pass(85);
  BOOST_TEST(takeable() == 0u);
  release(report::failed_report("count", {failure::timed_out, "late"}, tests::user, now));
  BOOST_TEST(tests::query_side::status_of(asked.query.hash) == "failed");
}

BOOST_AUTO_TEST_CASE(a_server_that_is_gone_renews_nothing) {
  hold = true;
  start();
  send("count", count_of("10.0.0.1"));
  pass(30);
  caf::anon_send_exit(desk, caf::exit_reason::kill);
  run();
  BOOST_TEST(takeable() == 0u);
  pass(61);
  BOOST_TEST(takeable() == 1u);
}

BOOST_AUTO_TEST_CASE(a_report_that_meets_an_outage_is_made_when_it_is_over) {
  start();
  poll();
  hold = true;
  const auto asked = send("count", count_of("10.0.0.1"));
  hold = false;
  release(report::failed_report("count", {failure::unavailable, "the archive is away"}, tests::user, now));
  BOOST_REQUIRE(asked->has_value());
  BOOST_REQUIRE(!(*asked)->has_value());
  BOOST_TEST(((*asked)->error().kind == failure::unavailable));
  BOOST_TEST(status_of("10.0.0.1") == "processing");
  now += 4;
  advance(std::chrono::seconds(4));
  BOOST_TEST(reports_made == 1);
  now += 3;
  advance(std::chrono::seconds(3));
  BOOST_TEST(reports_made == 2);
  BOOST_TEST(status_of("10.0.0.1") == "ready");
}

// However many wait, and however long it lasts: every 5 s one look's queries are tried, and nothing grows.
BOOST_AUTO_TEST_CASE(a_long_outage_costs_a_look_each_five_seconds) {
  constexpr int waiting = 300, batch = 32, outage = 600;
  auto trouble = std::make_shared<tests::faults>();
  trouble->only = "archive.view";
  stores = tests::failing(stores, trouble);
  options.store = stores.reports;
  std::vector<tahoe::hash256> queries;
  for (int i = 0; i < waiting; ++i) {
    const auto address = "10.1." + std::to_string(i / 100) + "." + std::to_string(i % 100);
    queries.push_back(put_waiting(*report::make_query("count", count_of(address), tests::user, now)));
  }
  const auto documents = stores.reports->size();
  trouble->down = true;
  start();
  poll(batch);
  pass(outage);
  BOOST_TEST(reports_made > outage / 10);
  BOOST_TEST(reports_made <= (outage / 5 + 1) * batch);
  BOOST_TEST(*stores.reports->size() <= *documents + 1);  // the status `processing` is one for all of them
  BOOST_TEST(metrics.render().find("cybexd_report_queue{type=\"count\"} 0") != std::string::npos);
  trouble->heal();
  pass(15);
  for (const auto& query : queries) BOOST_TEST(query_side::status_of(query) == "ready");
}

BOOST_AUTO_TEST_CASE(nobody_waits_for_claims_that_an_exclusive_store_holds_at_the_start) {
  constexpr int left_behind = 7;
  std::vector<tahoe::hash256> queries;
  const auto dead = actors::query_claims{"dead server", 120, 600};
  for (int i = 0; i < left_behind; ++i) {
    const auto asked =
        *report::make_query("count", count_of("10.0.0." + std::to_string(i)), tests::user, now);
    BOOST_REQUIRE(actors::open_query(*stores.reports, asked, visible, false, now, dead));
    queries.push_back(asked.query.hash);
  }
  start();
  poll(2, true);  // fewer at a look than there are
  advance(std::chrono::seconds(10));
  BOOST_TEST(reports_made == left_behind);
  for (const auto& query : queries) BOOST_TEST(status_of(query) == "ready");
}

BOOST_AUTO_TEST_CASE(nothing_is_taken_while_a_store_is_away) {
  start();
  hold = true;
  send("count", count_of("10.0.0.1"));
  hold = false;
  release(fail(failure::unavailable, "the archive is away"));
  const auto other = *report::make_query("count", count_of("10.0.0.2"), tests::user, now);
  put_waiting(other);
  poll();
  advance(std::chrono::seconds(4));
  BOOST_TEST(reports_made == 1);
  advance(std::chrono::seconds(3));
  BOOST_TEST(status_of("10.0.0.2") == "ready");
}

BOOST_AUTO_TEST_CASE(a_stop_does_not_wait_for_each_claim_of_a_store_that_is_away) {
  auto trouble = std::make_shared<tests::faults>();
  trouble->only = "reports.update";
  options.store = tests::failing(stores, trouble).reports;
  options.workers = 1;
  hold = true;
  start();
  for (int i = 0; i < 5; ++i) send("count", count_of("10.0.0." + std::to_string(i)));
  trouble->down = true;
  const auto before = trouble->calls();
  const auto stopped = ask<messages::drained>(desk, messages::drain{});
  run();
  BOOST_TEST(trouble->calls() == before + 1);
  release(fail(failure::cancelled, "the server stops"));
  BOOST_TEST(stopped->has_value());
}

// Symptom: of hundreds that waited for a worker, each waited for the disk by the one before it, until it was
// cut.
BOOST_AUTO_TEST_CASE(a_stop_answers_all_who_wait_before_it_gives_their_queries_back) {
  auto trouble = std::make_shared<tests::faults>();
  options.store = tests::failing(stores, trouble).reports;
  options.workers = 1;
  hold = true;
  start();
  std::vector<answer> waiting;
  for (int i = 0; i < 5; ++i) waiting.push_back(send("count", count_of("10.0.0." + std::to_string(i))));
  std::vector<std::ptrdiff_t> answered;
  trouble->on_call = [&](std::string_view call) {
    const auto told = [](const answer& one) { return one->has_value(); };
    if (call == "reports.update") answered.push_back(std::count_if(waiting.begin(), waiting.end(), told));
  };
  const auto stopped = ask<messages::drained>(desk, messages::drain{});
  run();
  BOOST_TEST(answered == (std::vector<std::ptrdiff_t>{4, 4, 4, 4}), boost::test_tools::per_element());
  release(fail(failure::cancelled, "the server stops"));
  BOOST_TEST(stopped->has_value());
  for (int i = 1; i < 5; ++i) {
    BOOST_TEST((good(waiting[static_cast<std::size_t>(i)]).status == outcome::processing));
    BOOST_TEST(query_side::status_of("10.0.0." + std::to_string(i)) == "wait");
  }
}

BOOST_AUTO_TEST_CASE(equal_queries_of_the_operator_meet_one_outage) {
  start();
  hold = true;
  const auto first = send("count", count_of("10.0.0.1"), false, tests::user, true);
  const auto second = send("count", count_of("10.0.0.1"), false, tests::user, true);
  release(fail(failure::unavailable, "the archive is away"));
  for (const auto& asked : {first, second}) {
    BOOST_REQUIRE(asked->has_value());
    BOOST_REQUIRE(!(*asked)->has_value());
    BOOST_TEST(((*asked)->error().kind == failure::unavailable));
  }
  BOOST_TEST(reports_made == 1);
}

BOOST_AUTO_TEST_CASE(of_two_servers_one_makes_the_report_of_a_waiting_query) {
  const auto waiting = *report::with_status(asked.query, "wait");
  asked.parts.insert(asked.parts.end(), waiting.new_children.begin(), waiting.new_children.end());
  asked.parts.push_back(waiting.query);
  BOOST_REQUIRE(stores.reports->put(asked.parts));
  hold = true;
  start();
  const auto found = std::make_shared<const std::vector<tahoe::document>>(1, waiting.query);
  std::uint64_t taken = 0;
  for (const auto* server : {"first", "second"}) {
    options.claims.owner = server;
    start();
    const auto got = ask<messages::queries_taken>(desk, messages::run_queries{found});
    run();
    BOOST_REQUIRE(got->has_value());
    taken += got->value().taken;
  }
  BOOST_TEST(taken == 1u);
  BOOST_TEST(reports_made == 1);
  // Who asks the other server is told that it is being made, and gets the report when it is there.
  BOOST_TEST((good(send("count", count_of("10.0.0.1"))).status == outcome::processing));
  hold = false;
  release(report::failed_report("count", {failure::timed_out, "late"}, tests::user, now));
  BOOST_TEST((good(send("count", count_of("10.0.0.1"))).status == outcome::failed));
  BOOST_TEST(reports_made == 1);
}

BOOST_AUTO_TEST_CASE(old_values_of_our_fields_answer_nobody) {
  start();
  BOOST_TEST((good(send("count", count_of("10.0.0.1"))).report.data == tahoe::value(2)));
  const auto before = stored();
  visible.orgids.clear();
  BOOST_TEST((good(send("count", count_of("10.0.0.1"))).report.data == tahoe::value(0)));
  const auto after = stored();
  auto mixed = after;  // as an edit of the API leaves it that had read the query before
  mixed.extra = before.extra;
  write_back(mixed);
  visible.orgids = {"org"};
  BOOST_TEST((good(send("count", count_of("10.0.0.1"))).report.data == tahoe::value(2)));
}

BOOST_AUTO_TEST_CASE(the_socket_that_is_told_is_read_when_the_query_is_ready) {
  auto trouble = std::make_shared<tests::faults>();
  const auto watched = tests::failing(stores, trouble);
  const actors::query_claims claims{"this server", 60, 600};
  const auto taken = actors::open_query(*stores.reports, asked, visible, false, now, claims);
  BOOST_REQUIRE((taken && taken->what == actors::taken_query::outcome::taken));
  bool updated = false;
  trouble->on_call = [&](std::string_view call) {
    if (call == "reports.update") updated = true;
    if (call != "reports.get" || !updated) return;
    BOOST_REQUIRE(stores.reports->update(*report::with_socket(stored(), {"localhost", 4321, "00ff"})));
  };
  const auto made = *report::failed_report("count", {failure::timed_out, "late"}, tests::user, now);
  const auto done = actors::finish_query(
      *watched.reports, {std::make_shared<const tahoe::document>(taken->query),
                         std::make_shared<const tahoe::document>(made.report), "failed", "this server"});
  BOOST_TEST((done.what == messages::report_stored::outcome::stored));
  BOOST_TEST(done.socket.port == 4321);
  BOOST_TEST(done.socket.nonce == "00ff");
}

BOOST_AUTO_TEST_CASE(a_report_is_stored_in_one_step_with_the_status_that_names_it) {
  auto trouble = std::make_shared<tests::faults>();
  const auto watched = tests::failing(stores, trouble);
  const actors::query_claims claims{"this server", 60, 600};
  std::vector<std::string> calls;
  trouble->on_call = [&](std::string_view call) {
    if (call != "reports.get") calls.emplace_back(call);
  };
  const auto taken = actors::open_query(*watched.reports, asked, visible, false, now, claims);
  BOOST_REQUIRE(taken);
  const auto made = *report::failed_report("count", {failure::timed_out, "late"}, tests::user, now);
  const messages::store_report done{std::make_shared<const tahoe::document>(taken->query),
                                    std::make_shared<const tahoe::document>(made.report), "failed",
                                    "this server"};
  trouble->only = "reports.update";
  trouble->fail_once(1);
  BOOST_TEST(
      (actors::finish_query(*watched.reports, done).what == messages::report_stored::outcome::unavailable));
  BOOST_TEST(!stores.reports->get(made.report.hash)->has_value());
  BOOST_TEST((actors::finish_query(*watched.reports, done).what == messages::report_stored::outcome::stored));
  BOOST_TEST(stores.reports->get(made.report.hash)->has_value());
  BOOST_TEST(calls == (std::vector<std::string>{"reports.update", "reports.update", "reports.update"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
