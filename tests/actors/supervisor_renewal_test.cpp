// The archive line goes on with new settings (SIGHUP): uploads and queries notice nothing.
#include <boost/test/unit_test.hpp>

#include "tests/fixtures/supervised_line.hpp"

using namespace cybexd;
using namespace cybexd::tests;
using namespace std::chrono_literals;
using outcome = messages::query_answer::outcome;

namespace {

struct renewing : supervised_line {
  renewing() { settings.queries = query_options(); }
  ~renewing() { metrics.forget_sources(); }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(supervisor_renewal, renewing)

BOOST_AUTO_TEST_CASE(new_settings_hold_and_nothing_is_lost) {
  std::vector<store::entry_id> ids;
  for (int i = 0; i < 300; ++i) ids.push_back(put(cowrie_line(i)));
  start_all();
  settings.poller.typetags["mine"] = "cowrie";
  const auto done = renew();
  const auto upload = submit(cowrie_line(300), "mine");
  advance(2s);
  BOOST_REQUIRE(done->has_value() && done->value().has_value());
  BOOST_TEST(done->value()->clean, done->value()->left);
  BOOST_REQUIRE(upload->value().has_value());
  ids.push_back(upload->value()->id);
  for (const auto& id : ids) BOOST_TEST((state_of(id) == store::entry_state::processed));
  BOOST_TEST(books().pending == 0);
}

BOOST_AUTO_TEST_CASE(only_records_of_the_filters_of_that_moment_count_as_waiting) {
  // Symptom: the alert never ended on a hub that takes kinds of records that no filter reads.
  trouble->on_call = [](std::string_view call) {
    if (call == "archive.unfiltered") throw std::runtime_error("nothing is caught up with");
  };
  std::vector<tahoe::document> raws;
  for (const auto* sub_type : {"sighting", "test_json"})
    raws.push_back(tahoe::make_raw(sub_type, tahoe::object{{"url", "a"}}, "org", "UTC").value());
  BOOST_REQUIRE(inner.archive->import(raws));
  const auto waiting = [&](int count) {
    const auto wanted = "cybexd_filter_pending " + std::to_string(count) + "\n";
    return metrics.render().find(wanted) != std::string::npos;
  };
  settings.filters = {"cowrie"};
  start_all();
  BOOST_TEST(waiting(0));
  settings.filters = {"cowrie", "sighting"};
  const auto done = renew();
  advance(2s);
  BOOST_REQUIRE(done->has_value() && done->value().has_value());
  BOOST_TEST(waiting(1));
}

BOOST_AUTO_TEST_CASE(an_upload_in_the_middle_of_it_is_not_refused) {
  start_all();
  const auto done = renew();
  std::vector<decltype(submit(""))> uploads;
  for (int step = 0; !done->has_value(); ++step) {  // an actor runs until its mailbox is empty
    if (step % 5 == 0) uploads.push_back(submit(cowrie_line(step)));
    BOOST_REQUIRE(scheduler.try_run_once());
  }
  advance(2s);
  BOOST_TEST(uploads.size() > 3u);
  for (const auto& upload : uploads) BOOST_TEST((upload->has_value() && upload->value().has_value()));
  BOOST_TEST(books().accepted == uploads.size());
  BOOST_TEST(books().pending == 0);
}

BOOST_AUTO_TEST_CASE(queries_that_wait_are_not_dropped) {
  start_all();
  const auto before = count("192.0.2.1");
  const auto done = renew();
  const auto meanwhile = count("192.0.2.2");
  advance(2s);
  BOOST_REQUIRE(done->has_value());
  for (const auto& got : {before, meanwhile}) {
    BOOST_REQUIRE(got->has_value() && got->value().has_value());
    BOOST_TEST((got->value()->status == outcome::ready));
  }
  BOOST_TEST(metrics.render().find("cybexd_actor_restarts_total{actor=\"query_desk\"} 0") !=
             std::string::npos);
}

BOOST_AUTO_TEST_CASE(settings_that_cannot_be_used_leave_the_line_as_it_was) {
  start_all();
  bad_settings = error{failure::not_found, "priv.pem is not there"};
  const auto done = renew();
  advance(1s);
  BOOST_REQUIRE(done->has_value());
  BOOST_TEST((!done->value() && done->value().error().text == "priv.pem is not there"));
  const auto got = submit(cowrie_line(1));
  settle();
  BOOST_TEST((state_of(got->value()->id) == store::entry_state::processed));
}

BOOST_AUTO_TEST_CASE(several_at_once_are_one_more_and_the_last_settings_hold) {
  start_all();
  const auto first = renew(), second = renew(), third = renew();
  settings.poller.typetags["last"] = "cowrie";
  advance(3s);
  for (const auto& done : {first, second, third})
    BOOST_TEST((done->has_value() && done->value().has_value()));
  const auto got = submit(cowrie_line(1), "last");
  settle();
  BOOST_TEST((state_of(got->value()->id) == store::entry_state::processed));
}

BOOST_AUTO_TEST_CASE(in_an_outage_the_new_line_waits_as_the_old_one_did) {
  const auto id = put(cowrie_line(1));
  trouble->only = "commit";
  trouble->down = true;
  start_all();
  const auto done = renew();
  advance(5s);
  BOOST_REQUIRE(done->has_value() && done->value().has_value());
  BOOST_TEST((state_of(id) == store::entry_state::waiting));
  trouble->heal();
  advance(60s);
  BOOST_TEST((state_of(id) == store::entry_state::processed));
}

BOOST_AUTO_TEST_CASE(a_poller_that_had_just_died_is_not_started_twice) {
  bool dies = true;
  trouble->on_call = [&dies](std::string_view call) {
    if (call == "lake.take" && std::exchange(dies, false)) throw std::runtime_error("the poller fell over");
  };
  start_all();
  const auto done = renew();
  advance(5s);
  BOOST_REQUIRE(done->has_value() && done->value().has_value());
  const auto got = submit(cowrie_line(1));
  settle();
  BOOST_TEST((state_of(got->value()->id) == store::entry_state::processed));
  const auto stopped = stop();
  advance(1s);
  BOOST_TEST(stopped->value()->clean, stopped->value()->left);
  line = {};
  run();
  BOOST_TEST(system.registry().running() == 1u);  // a second poller would still run
}

BOOST_AUTO_TEST_CASE(a_stop_in_the_middle_answers_both) {
  for (int i = 0; i < 500; ++i) put(cowrie_line(i));
  start_all();
  const auto done = renew();
  for (int i = 0; i < 3; ++i) scheduler.try_run_once();
  const auto stopped = stop();
  advance(15s);
  BOOST_REQUIRE(done->has_value() && stopped->has_value());
  line = {};
  run();
  BOOST_TEST(system.registry().running() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
