// The query poller alone: when it looks, what it brings to the desk, and how it ends.
#include "actors/query_poller.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>

#include "actors/log.hpp"
#include "report/tdql.hpp"
#include "tests/fixtures/actor_system.hpp"
#include "tests/fixtures/failing_store.hpp"

using namespace cybexd;
using namespace std::chrono_literals;

namespace {

/// The poller over a store that may fail, and a desk that answers what a test wants.
struct with_desk : tests::actor_system_fixture {
  actors::telemetry metrics{"test"};
  std::shared_ptr<tests::faults> trouble = std::make_shared<tests::faults>();
  store::stores inner = store::make_memory();
  double began = 1'620'000'000;
  std::vector<double> looks;  ///< When it looked, in seconds from the start.
  std::vector<std::size_t> brought;
  messages::queries_taken says{1, false};
  bool mute = false;
  std::vector<caf::typed_response_promise<messages::queries_taken>> waiting;
  messages::query_poller_actor poller;

  with_desk() {
    actors::set_log_sink({});
    trouble->on_call = [this](std::string_view call) {
      if (call == "reports.takeable") looks.push_back(seconds());
    };
  }

  messages::query_desk_actor desk() {
    using desk_actor = messages::query_desk_actor;
    return spawn([this](desk_actor::pointer self) -> desk_actor::behavior_type {
      return {[](messages::drain) { return messages::drained{}; },
              [](const messages::ask_query&) {},
              [](messages::abandon) {},
              [this, self](const messages::run_queries& found) -> caf::result<messages::queries_taken> {
                brought.push_back(found.queries->size());
                if (!mute) return says;
                waiting.push_back(self->make_response_promise<messages::queries_taken>());
                return waiting.back();
              },
              [](const messages::patience_over&) {},
              [](messages::renew_claims) {},
              [](messages::tick) {}};
    });
  }
  void start(std::chrono::seconds cap = 60s) {
    actors::query_poller_options options;
    options.store = tests::failing(inner, trouble).reports;
    options.now = [this] { return began + seconds(); };
    options.wait = {2, cap, 0s};
    options.metrics = &metrics;
    poller = spawn(actors::query_poller, std::move(options), desk());
    run();
  }
  /// A query that another module has put there.
  void put_waiting(const std::string& address) {
    const auto data = tahoe::object{{"sub_type", "ipv4"}, {"data", address}};
    const auto asked = *report::make_query("count", data, std::string(64, 'a'), began);
    BOOST_REQUIRE(inner.reports->put(asked.parts));
    BOOST_REQUIRE(inner.reports->put(std::vector{asked.query}));
    BOOST_REQUIRE(*inner.reports->update(*report::with_status(asked.query, "wait")));
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(query_poller, with_desk)

BOOST_AUTO_TEST_CASE(where_nothing_waits_it_looks_less_and_less_often) {
  start();
  advance(185s);
  BOOST_REQUIRE_EQUAL(looks.size(), 8u);
  const std::vector<long> wanted{0, 2, 6, 14, 30, 62, 122, 182};  // 2, 4, 8 ... seconds, a minute at most
  for (std::size_t i = 0; i < wanted.size(); ++i) BOOST_TEST(std::lround(looks[i] - looks[0]) == wanted[i]);
  BOOST_TEST(brought.empty());
  BOOST_TEST(metrics.render().find("cybexd_backoff_failures{of=\"queries\"} 8") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_waits_is_brought_and_more_is_looked_for_soon) {
  put_waiting("10.0.0.1");
  put_waiting("10.0.0.2");
  start();
  BOOST_TEST(brought == std::vector<std::size_t>{2}, boost::test_tools::per_element());
  BOOST_TEST(metrics.render().find("cybexd_backoff_failures{of=\"queries\"} 0") != std::string::npos);
  advance(50ms);
  BOOST_TEST(looks.size() == 2u);
}

BOOST_AUTO_TEST_CASE(a_desk_that_is_full_is_asked_again_later) {
  put_waiting("10.0.0.1");
  says = {1, true};
  start();
  advance(1900ms);
  BOOST_TEST(brought.size() == 1u);
  advance(100ms);
  BOOST_TEST(brought.size() == 2u);
}

BOOST_AUTO_TEST_CASE(a_desk_that_does_not_answer_is_asked_again) {
  put_waiting("10.0.0.1");
  mute = true;
  start();
  advance(2min);
  BOOST_TEST(looks.size() == 1u);  // one question at a time
  mute = false;
  advance(3s);
  BOOST_TEST(brought.size() >= 2u);
}

BOOST_AUTO_TEST_CASE(while_the_store_is_away_it_backs_off_and_then_finds_what_waits) {
  put_waiting("10.0.0.1");
  trouble->down = true;
  start(4s);
  advance(30s);
  BOOST_TEST(looks.size() == 9u);  // 0, 2, and every 4 s
  BOOST_TEST(brought.empty());
  trouble->heal();
  advance(4s);
  BOOST_TEST(!brought.empty());
}

BOOST_AUTO_TEST_CASE(a_drain_ends_it_at_once_or_when_the_desk_has_answered) {
  start();
  auto drained = ask<messages::drained>(poller, messages::drain{});
  run();
  BOOST_TEST(drained->has_value());
  advance(10min);
  BOOST_TEST(looks.size() == 1u);

  put_waiting("10.0.0.1");
  mute = true;
  start();
  drained = ask<messages::drained>(poller, messages::drain{});
  run();
  BOOST_TEST(!drained->has_value());
  advance(2min);  // the longest that it waits for the desk
  BOOST_TEST(drained->has_value());
}

BOOST_AUTO_TEST_SUITE_END()
