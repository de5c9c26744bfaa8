#include <boost/test/unit_test.hpp>

#include "tests/fixtures/query_side.hpp"

using namespace cybexd;
using tests::query_side;
using outcome = messages::query_answer::outcome;

namespace {

std::string userid_of(const tahoe::document& report) {
  const auto json = tahoe::to_value(report);
  return *json.find("userid")->text();
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(query_desk, query_side)

BOOST_AUTO_TEST_CASE(a_count_is_made_stored_and_answered) {
  start();
  const auto got = good(send("count", count_of("10.0.0.1")));
  BOOST_TEST((got.status == outcome::ready));
  BOOST_TEST((got.report.data == tahoe::value(2)));
  BOOST_TEST(userid_of(got.report) == tests::user);
  const auto asked = *report::make_query("count", count_of("10.0.0.1"), tests::user, now);
  const auto stored = **stores.reports->get(asked.query.hash);
  BOOST_TEST(report::status_of(stored) == "ready");
  BOOST_TEST(report::report_id_of(stored) == crypto::to_hex(got.report.hash));
  std::vector<tahoe::hash256> named_by;
  BOOST_REQUIRE(stores.reports->queries_with(tests::user, got.report.hash, [&](const tahoe::document& d) {
    named_by.push_back(d.hash);
    return true;
  }));
  BOOST_TEST((named_by == std::vector{asked.query.hash}));
}

BOOST_AUTO_TEST_CASE(the_same_query_within_the_hour_is_one_report) {
  start();
  good(send("count", count_of("10.0.0.1")));
  put_event(1'619'999'600, "10.0.0.1");
  BOOST_TEST((good(send("count", count_of("10.0.0.1"))).report.data == tahoe::value(2)));
  BOOST_TEST(reports_made == 1);
  BOOST_TEST((good(send("count", count_of("10.0.0.1"), true)).report.data == tahoe::value(3)));
  BOOST_TEST((good(send("count", count_of("10.0.0.1"))).report.data == tahoe::value(3)));
  BOOST_TEST(reports_made == 2);
  now += 3600;
  good(send("count", count_of("10.0.0.1")));
  BOOST_TEST(reports_made == 3);
}

BOOST_AUTO_TEST_CASE(what_the_user_may_see_has_changed_so_the_report_is_made_anew) {
  start();
  BOOST_TEST((good(send("count", count_of("10.0.0.1"))).report.data == tahoe::value(2)));
  visible.orgids.clear();
  BOOST_TEST((good(send("count", count_of("10.0.0.1"))).report.data == tahoe::value(0)));
}

BOOST_AUTO_TEST_CASE(equal_reports_of_two_users_each_show_their_own_asker) {
  start();
  const std::string other(64, 'c');
  good(send("count", count_of("10.0.0.1")));
  good(send("count", count_of("10.0.0.1"), false, other));
  now += 5;
  const auto again = good(send("count", count_of("10.0.0.1"), false, other));
  BOOST_TEST(userid_of(again.report) == other);
  BOOST_TEST(again.report.timestamp == now - 5);
}

BOOST_AUTO_TEST_CASE(a_query_in_processing_is_answered_so_at_once) {
  hold = true;
  start();
  const auto first = send("count", count_of("10.0.0.1"));
  BOOST_TEST(!first->has_value());
  BOOST_TEST((good(send("count", count_of("10.0.0.1"))).status == outcome::processing));
  BOOST_TEST((good(send("count", count_of("10.0.0.1"), true)).status == outcome::processing));
  BOOST_TEST(reports_made == 1);
  advance(std::chrono::milliseconds(4999));
  BOOST_TEST(!first->has_value());
  advance(std::chrono::milliseconds(2));
  BOOST_TEST((good(first).status == outcome::processing));
}

BOOST_AUTO_TEST_CASE(equal_queries_of_the_operator_each_get_a_report_of_their_own) {
  hold = true;
  start();
  const auto first = send("count", count_of("10.0.0.1"), true, tests::user, true);
  const auto second = send("count", count_of("10.0.0.1"), true, tests::user, true);
  BOOST_TEST(!second->has_value());
  hold = false;
  release(report::failed_report("count", {failure::timed_out, "late"}, tests::user, now));
  BOOST_TEST((good(first).status == outcome::failed));
  BOOST_TEST((good(second).status == outcome::ready));
  BOOST_TEST((good(second).report.data == tahoe::value(2)));
}

BOOST_AUTO_TEST_CASE(what_is_wrong_is_a_failed_report_that_names_the_key) {
  start();
  tahoe::value bad = count_of("10.0.0.1");
  bad.set("bogus", 1);
  const auto got = good(send("count", bad));
  BOOST_TEST((got.status == outcome::failed));
  BOOST_TEST(got.report.data.text()->find("bogus") != std::string::npos);
  BOOST_TEST((good(send("nonsense", count_of("1"))).status == outcome::failed));
  BOOST_TEST((good(send("count", count_of("1"), false, tests::stranger)).status == outcome::failed));
  const auto no_type = send("no type", count_of("1"));
  BOOST_REQUIRE(no_type->has_value());
  BOOST_TEST((no_type->value().error().kind == failure::bad_input));
  const auto no_token = send("count", count_of("1"), false, "");
  BOOST_TEST((no_token->value().error().kind == failure::not_allowed));
}

BOOST_AUTO_TEST_CASE(beyond_its_queue_a_type_is_overloaded_and_others_are_not) {
  hold = true;
  options.workers = 1;
  options.queue = 3;
  start();
  for (int i = 0; i < 4; ++i) BOOST_TEST(!send("count", count_of(std::to_string(i)))->has_value());
  const auto fifth = send("count", count_of("5"));
  BOOST_REQUIRE(fifth->has_value());
  BOOST_TEST((fifth->value().error().kind == failure::overloaded));
  BOOST_TEST(!send("related", count_of("1"))->has_value());
  BOOST_TEST(reports_made == 2);
}

BOOST_AUTO_TEST_CASE(waiting_for_a_worker_takes_nothing_of_a_reports_time) {
  options.workers = 1;
  hold = true;
  start();
  send("count", count_of("10.0.0.1"));
  const auto second = send("count", count_of("10.0.0.2"));
  BOOST_TEST(reports_made == 1);
  hold = false;
  advance(std::chrono::seconds(3));
  const auto begun = std::chrono::steady_clock::now();
  release(report::failed_report("count", {failure::timed_out, "late"}, tests::user, now));
  BOOST_TEST((good(second).status == outcome::ready));
  BOOST_TEST((last_deadline >= begun + options.deadline));
  // Symptom: the time of a report's work held its wait as well.
  for (const auto* sum : {"report_seconds", "report_wait_seconds"}) {
    const auto line = "cybexd_" + std::string(sum) + "_sum{type=\"count\"} 3\n";
    BOOST_TEST(metrics.render().find(line) != std::string::npos, line);
  }
}

BOOST_AUTO_TEST_CASE(a_worker_that_dies_costs_its_report_only) {
  start();
  die = true;
  const auto got = good(send("count", count_of("10.0.0.1")));
  BOOST_TEST((got.status == outcome::failed));
  BOOST_TEST(got.report.data.text()->find("poison") == std::string::npos);
  die = false;
  BOOST_TEST((good(send("related", count_of("10.0.0.1"))).status == outcome::ready));
}

BOOST_AUTO_TEST_CASE(without_its_workers_it_ends) {
  start();
  caf::anon_send_exit(worker, caf::exit_reason::kill);
  run();
  BOOST_TEST(has_ended(desk));
}

BOOST_AUTO_TEST_CASE(waiting_queries_of_others_are_found_answered_and_told_however_long_storing_takes) {
  // Symptom: a report that took longer than 30 s to store was put off, and its asker never told.
  storing_takes = std::chrono::seconds(90);
  auto asked = *report::make_query("count", count_of("10.0.0.1"), tests::user, now);
  const auto socket = *report::with_socket(asked.query, {"localhost", 4321, "00ff"});
  const auto waiting = *report::with_status(socket.query, "wait");
  for (const auto* update : {&socket, &waiting})
    asked.parts.insert(asked.parts.end(), update->new_children.begin(), update->new_children.end());
  asked.parts.push_back(waiting.query);
  BOOST_REQUIRE(stores.reports->put(asked.parts));
  start();
  poll();
  advance(std::chrono::seconds(95));
  BOOST_TEST(status_of(asked.query.hash) == "ready");
  BOOST_REQUIRE(told.size() == 1);
  BOOST_TEST(told[0].nonce == "00ff");
  BOOST_TEST(told[0].port == 4321);
}

BOOST_AUTO_TEST_CASE(a_broken_query_of_others_fails_and_stops_nothing) {
  auto asked = *report::make_query("count", count_of("10.0.0.1"), tests::user, now);
  auto waiting = *report::with_status(asked.query, "wait");
  waiting.query.data.erase("qdata");
  asked.parts.insert(asked.parts.end(), waiting.new_children.begin(), waiting.new_children.end());
  asked.parts.push_back(waiting.query);
  BOOST_REQUIRE(stores.reports->put(asked.parts));
  start();
  const auto taken = ask<messages::queries_taken>(
      desk, messages::run_queries{std::make_shared<const std::vector<tahoe::document>>(1, waiting.query)});
  run();
  BOOST_REQUIRE(taken->has_value());
  BOOST_TEST(status_of(asked.query.hash) == "failed");
  const auto id = *crypto::hash_from_hex(report::report_id_of(**stores.reports->get(asked.query.hash)));
  const auto failed_report = **stores.reports->get(id);
  BOOST_TEST(failed_report.data.text()->find("qdata") != std::string::npos);
  BOOST_TEST(
      (good(send("count", count_of("10.0.0.1"))).status == outcome::failed));  // the same query, answered
}

BOOST_AUTO_TEST_CASE(a_claim_of_a_dead_server_runs_out) {
  auto asked = *report::make_query("count", count_of("10.0.0.1"), tests::user, now);
  const auto dead = actors::query_claims{"dead server", 90, 600};
  BOOST_REQUIRE((actors::open_query(*stores.reports, asked, visible, false, now, dead)->what ==
                 actors::taken_query::outcome::taken));
  start();
  BOOST_TEST((good(send("count", count_of("10.0.0.1"))).status == outcome::processing));
  poll();
  advance(std::chrono::seconds(5));
  BOOST_TEST(reports_made == 0);
  now += 91;
  advance(std::chrono::seconds(5));
  BOOST_TEST(reports_made == 1);
  BOOST_TEST(status_of(asked.query.hash) == "ready");
}

BOOST_AUTO_TEST_CASE(a_query_set_to_wait_by_somebody_else_is_made_again) {
  hold = true;
  start();
  const auto first = send("count", count_of("10.0.0.1"));
  const auto hash = report::make_query("count", count_of("10.0.0.1"), tests::user, now)->query.hash;
  BOOST_REQUIRE(stores.reports->update(*report::with_status(**stores.reports->get(hash), "wait")));
  release(report::failed_report("count", {}, tests::user, now));
  BOOST_TEST((good(first).status == outcome::processing));
  BOOST_TEST(status_of(hash) == "wait");
}

BOOST_AUTO_TEST_CASE(a_report_that_nobody_waits_for_any_more_is_not_made) {
  hold = true;
  options.workers = 1;
  start();
  send_as(7, "1");  // with a worker
  send_as(8, "2");  // waits for one
  leave(8);
  BOOST_TEST(status_of("2") == "invalid");
  leave(7);
  BOOST_TEST(status_of("1") == "processing");
  hold = false;
  release(fail(failure::cancelled, "the asker has left"));
  BOOST_TEST(status_of("1") == "invalid");
  BOOST_TEST(reports_made == 1);
  const auto again = send_as(9, "2");  // whoever asks again has it made
  BOOST_TEST((good(again).status == outcome::ready));
  BOOST_TEST((good(send_as(10, "1")).status == outcome::ready));
  leave(9);
  leave(12345);
  BOOST_TEST(status_of("2") == "ready");
}

BOOST_AUTO_TEST_CASE(a_report_that_somebody_else_wants_is_made_though_its_asker_leaves) {
  hold = true;
  start();
  send_as(7, "10.0.0.1");
  BOOST_TEST((good(send_as(8, "10.0.0.1")).status == outcome::processing));  // told to come back for it
  leave(7);
  hold = false;
  release(report::failed_report("count", {failure::timed_out, "late"}, tests::user, now));
  BOOST_TEST(status_of("10.0.0.1") == "failed");
  hold = true;
  const auto impatient = send_as(9, "10.0.0.2");
  advance(std::chrono::seconds(6));
  BOOST_TEST((good(impatient).status == outcome::processing));
  leave(9);
  hold = false;
  release(report::failed_report("count", {failure::timed_out, "late"}, tests::user, now));
  BOOST_TEST(status_of("10.0.0.2") == "failed");
}

BOOST_AUTO_TEST_CASE(a_query_found_in_the_store_is_made_whoever_leaves) {
  auto asked = *report::make_query("count", count_of("10.0.0.1"), tests::user, now);
  const auto waiting = *report::with_status(asked.query, "wait");
  asked.parts.insert(asked.parts.end(), waiting.new_children.begin(), waiting.new_children.end());
  asked.parts.push_back(waiting.query);
  BOOST_REQUIRE(stores.reports->put(asked.parts));
  start();
  ask<messages::queries_taken>(
      desk, messages::run_queries{std::make_shared<const std::vector<tahoe::document>>(1, waiting.query)});
  leave(0);
  BOOST_TEST(status_of("10.0.0.1") == "ready");
}

BOOST_AUTO_TEST_CASE(a_stop_puts_back_what_waits_and_what_does_not_finish) {
  hold = true;
  options.workers = 1;
  start();
  const auto running = send("count", count_of("1"));
  const auto waiting = send("count", count_of("2"));
  const auto done = ask<messages::drained>(desk, messages::drain{});
  run();
  BOOST_TEST((good(waiting).status == outcome::processing));
  BOOST_TEST(status_of(report::make_query("count", count_of("2"), tests::user, now)->query.hash) == "wait");
  BOOST_TEST(!done->has_value());
  advance(std::chrono::seconds(6));
  release(fail(failure::cancelled, "the server is stopping"));
  BOOST_TEST(done->has_value());
  BOOST_TEST(status_of(report::make_query("count", count_of("1"), tests::user, now)->query.hash) == "wait");
}

BOOST_AUTO_TEST_SUITE_END()
