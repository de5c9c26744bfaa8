#include "actors/supervisor.hpp"

#include <boost/test/unit_test.hpp>

#include "tests/fixtures/supervised_line.hpp"

using namespace cybexd;
using namespace cybexd::tests;
using namespace std::chrono_literals;

BOOST_FIXTURE_TEST_SUITE(supervisor, supervised_line)

BOOST_AUTO_TEST_CASE(an_upload_goes_through_the_whole_line) {
  start_all();
  BOOST_TEST(line.ready->waits_for() == "");
  const auto got = submit(cowrie_line(1));
  settle();
  BOOST_REQUIRE(got->has_value() && got->value().has_value());
  BOOST_TEST((state_of(got->value()->id) == store::entry_state::processed));
  const auto text = metrics.render();
  for (const auto* wanted :
       {"cybexd_lake_entries{state=\"accepted\"} 1", "cybexd_lake_entries{state=\"archived\"} 1",
        "cybexd_lake_entries{state=\"pending\"} 0", "cybexd_filter_pending 0",
        "cybexd_filter_records_total{filter=\"cowrie\",outcome=\"used\"} 1",
        "cybexd_store_up{store=\"archive\"} 1"})
    BOOST_TEST(text.find(wanted) != std::string::npos, wanted << " is missing");
  metrics.forget_sources();
}

// Symptom: while MongoDB was silent the poller said nothing, and the server called itself ready for 40 s.
BOOST_AUTO_TEST_CASE(a_database_that_cannot_be_used_is_waited_for) {
  std::string away;
  stores.trouble = [&away] { return away; };
  start_all();
  BOOST_TEST(line.ready->waits_for() == "");
  away = "db.example.org:27017 does not answer";
  advance(3s);
  BOOST_TEST(line.ready->waits_for() == away);
  away.clear();
  advance(3s);
  BOOST_TEST(line.ready->waits_for() == "");
}

BOOST_AUTO_TEST_CASE(what_it_waits_for_is_known_to_others) {
  trouble->only = "lake.";
  trouble->down = true;
  start_all();
  advance(5s);
  BOOST_TEST(line.ready->waits_for().find("lake") != std::string::npos);
  BOOST_TEST(line.ready->waits_for().find("uploads") == std::string::npos);
  const auto refused = submit(cowrie_line(1));
  run();
  BOOST_TEST((refused->value().error().kind == failure::unavailable));
  BOOST_TEST(line.ready->waits_for().find("to take uploads") != std::string::npos);
  trouble->heal();
  advance(30s);
  BOOST_TEST(line.ready->waits_for() == "");
  metrics.forget_sources();
}

BOOST_AUTO_TEST_CASE(an_intake_that_dies_is_replaced_behind_the_same_handle) {
  start_all();
  faulty_accounts = true;
  const auto lost = submit("x");
  run();
  BOOST_TEST(!lost->value().has_value());
  faulty_accounts = false;
  advance(2s);
  const auto got = submit(cowrie_line(1));
  settle();
  BOOST_TEST(got->value().has_value());
  BOOST_TEST(metrics.render().find("cybexd_actor_restarts_total{actor=\"intake\"} 1") != std::string::npos);
  metrics.forget_sources();
}

BOOST_AUTO_TEST_CASE(a_catch_up_that_dies_is_asked_again_for_who_waits) {
  // Symptom: the poller kept the handle of the one that had died, so `archive once` could not finish.
  int deaths = 0;
  trouble->on_call = [&deaths](std::string_view call) {
    if (call == "archive.unfiltered" && deaths++ == 0) throw std::runtime_error("the catch-up fell over");
  };
  const auto id = put(cowrie_line(1));
  settings.poller.start_at_once = false;
  start_all();
  const auto done = ask<messages::archive_summary>(line.supervisor, messages::archive_once{});
  advance(5s);
  BOOST_REQUIRE(done->has_value());
  BOOST_TEST(done->value().completed, done->value().reason);
  BOOST_TEST((state_of(id) == store::entry_state::processed));
  BOOST_TEST(metrics.render().find("cybexd_actor_restarts_total{actor=\"filter_catch_up\"} 1") !=
             std::string::npos);
  metrics.forget_sources();
}

BOOST_AUTO_TEST_CASE(a_catch_up_that_always_dies_is_given_up_after_three_tries) {
  trouble->on_call = [](std::string_view call) {
    if (call == "archive.unfiltered") throw std::runtime_error("the catch-up fell over");
  };
  settings.poller.start_at_once = false;
  start_all();
  const auto done = ask<messages::archive_summary>(line.supervisor, messages::archive_once{});
  advance(10s);
  BOOST_REQUIRE(done->has_value());
  BOOST_TEST(!done->value().completed);
  metrics.forget_sources();
}

BOOST_AUTO_TEST_CASE(a_poller_that_dies_is_replaced_and_nothing_is_lost) {
  // The last stage that tests of single workers leave out: the owner of all entries itself.
  bool dies = true;
  trouble->on_call = [&dies](std::string_view call) {
    if (call == "lake.take" && std::exchange(dies, false)) throw std::runtime_error("the poller fell over");
  };
  std::vector<store::entry_id> ids;
  for (int i = 0; i < 50; ++i) ids.push_back(put(cowrie_line(i)));
  start_all();
  BOOST_TEST(!dies);
  const auto while_it_is_gone = submit(cowrie_line(50));
  run();
  BOOST_TEST(while_it_is_gone->value().has_value());
  advance(3s);
  ids.push_back(while_it_is_gone->value()->id);
  for (const auto& id : ids) BOOST_TEST((state_of(id) == store::entry_state::processed));
  BOOST_TEST(books().pending == 0);
  BOOST_TEST(metrics.render().find("cybexd_actor_restarts_total{actor=\"cache_poller\"} 1") !=
             std::string::npos);
  metrics.forget_sources();
}

BOOST_AUTO_TEST_CASE(who_asked_to_archive_is_told_that_the_poller_died) {
  // Symptom: the promise died with the poller, and `archive once` waited for a day.
  settings.poller.start_at_once = false;
  start_all();
  trouble->on_call = [](std::string_view call) {
    if (call == "lake.take") throw std::runtime_error("the poller fell over");
  };
  put(cowrie_line(1));
  const auto done = ask<messages::archive_summary>(line.supervisor, messages::archive_once{});
  run();
  BOOST_REQUIRE(done->has_value());
  BOOST_TEST(!done->value().completed);
  BOOST_TEST(done->value().reason.find("poller") != std::string::npos);
  trouble->on_call = nullptr;
  advance(2s);
  const auto again = ask<messages::archive_summary>(line.supervisor, messages::archive_once{});
  advance(1s);
  BOOST_REQUIRE(again->has_value());
  BOOST_TEST(again->value().archived == 1u);
  metrics.forget_sources();
}

BOOST_AUTO_TEST_CASE(a_stop_finishes_in_order_and_ends_every_actor) {
  for (int i = 0; i < 500; ++i) put(cowrie_line(i));
  start_all();
  const auto stopped = stop();
  run();
  const auto late = submit("x");
  advance(1s);
  BOOST_REQUIRE(stopped->has_value() && stopped->value().has_value());
  BOOST_TEST(stopped->value()->clean, stopped->value()->left);
  BOOST_TEST(late->has_value());
  metrics.forget_sources();
  line = {};
  run();
  BOOST_TEST(system.registry().running() == 1u);  // the fixture's own
}

BOOST_AUTO_TEST_CASE(a_stop_that_takes_too_long_is_not_clean) {
  settings.poller.line.units = 4;  // so that some of the window wait for their turn
  put(cowrie_line(1));
  start_all();
  trouble->only = "lake.release";
  trouble->down = true;
  for (int i = 0; i < 5000; ++i) put(cowrie_line(i));
  act::post(line.supervisor, messages::nudge{});
  for (int i = 0; i < 30; ++i) scheduler.try_run_once();
  const auto stopped = stop();
  advance(15s);
  BOOST_REQUIRE(stopped->has_value() && stopped->value().has_value());
  BOOST_TEST(!stopped->value()->clean);
  metrics.forget_sources();
}

BOOST_AUTO_TEST_SUITE_END()
