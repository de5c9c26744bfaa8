#include "actors/supervisor.hpp"

#include <boost/test/unit_test.hpp>

#include "tests/fixtures/archive_line.hpp"

using namespace cybexd;
using namespace cybexd::tests;
using namespace std::chrono_literals;

namespace {

struct supervisor_fixture : archive_line_fixture {
  actors::line line;
  bool faulty_accounts = false;

  void start_all() {
    actors::line_options settings;
    settings.filters = actors::all_filters();
    const auto who = [this](const messages::submission&) -> expected<std::string> {
      if (faulty_accounts) throw std::runtime_error("the accounts fell over");
      return "org";
    };
    actors::line_partners with{stores, test_key(), crypto::public_key::of(test_key()),
                               who,    &metrics,   [] { return 1e9; }};
    line = actors::start_line(system, settings, with);
    keep(line.supervisor);
    run();
  }
  ~supervisor_fixture() { line = {}; }

  std::shared_ptr<std::optional<expected<messages::submitted>>> submit(const std::string& text) {
    messages::submission what;
    what.typetag = "cowrie";
    what.text = text;
    auto got = std::make_shared<std::optional<expected<messages::submitted>>>();
    const auto callback = [got](expected<messages::submitted> a) { *got = std::move(a); };
    act::post(line.supervisor,
              messages::submit{std::make_shared<const messages::submission>(what),
                               std::make_shared<messages::reply_once<messages::submitted>>(callback)});
    return got;
  }
  std::shared_ptr<std::optional<messages::drained>> stop() {
    auto got = std::make_shared<std::optional<messages::drained>>();
    const auto callback = [got](expected<messages::drained> a) { *got = a.value(); };
    act::post(line.supervisor,
              messages::stop{10s, std::make_shared<messages::reply_once<messages::drained>>(callback)});
    return got;
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(supervisor, supervisor_fixture)

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

BOOST_AUTO_TEST_CASE(what_it_waits_for_is_known_to_others) {
  trouble->only = "lake.";
  trouble->down = true;
  start_all();
  advance(5s);
  BOOST_TEST(line.ready->waits_for().find("lake") != std::string::npos);
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

BOOST_AUTO_TEST_CASE(a_stop_finishes_in_order_and_ends_every_actor) {
  for (int i = 0; i < 500; ++i) put(cowrie_line(i));
  start_all();
  const auto stopped = stop();
  run();
  const auto late = submit("x");
  advance(1s);
  BOOST_REQUIRE(stopped->has_value());
  BOOST_TEST((*stopped)->clean, (*stopped)->left);
  BOOST_TEST(late->has_value());
  metrics.forget_sources();
  line = {};
  run();
  BOOST_TEST(system.registry().running() == 1u);  // the fixture's own
}

BOOST_AUTO_TEST_CASE(a_stop_that_takes_too_long_is_not_clean) {
  put(cowrie_line(1));
  start_all();
  trouble->only = "lake.release";
  trouble->down = true;
  for (int i = 0; i < 5000; ++i) put(cowrie_line(i));
  act::post(line.supervisor, messages::nudge{});
  for (int i = 0; i < 30; ++i) scheduler.try_run_once();
  const auto stopped = stop();
  advance(15s);
  BOOST_REQUIRE(stopped->has_value());
  BOOST_TEST(!(*stopped)->clean);
  metrics.forget_sources();
}

BOOST_AUTO_TEST_SUITE_END()
