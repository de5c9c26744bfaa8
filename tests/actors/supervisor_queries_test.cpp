// The query side under the supervisor: it dies, is replaced, and nobody waits in vain.
#include <boost/test/unit_test.hpp>

#include "report/tdql.hpp"
#include "tests/fixtures/supervised_line.hpp"

using namespace cybexd;
using namespace cybexd::tests;
using namespace std::chrono_literals;
using outcome = messages::query_answer::outcome;

namespace {

struct with_queries : supervised_line {
  with_queries() { settings.queries = query_options(); }

  std::string status_of(const std::string& address) {
    const tahoe::value data = tahoe::object{{"sub_type", "ipv4"}, {"data", address}};
    const auto asked = *report::make_query("count", data, asker, 1e9);
    const auto stored = *stores.reports->get(asked.query.hash);
    return stored ? report::status_of(*stored) : "absent";
  }
  bool restarted(const std::string& actor) {
    return metrics.render().find("cybexd_actor_restarts_total{actor=\"" + actor + "\"} 1") !=
           std::string::npos;
  }
  ~with_queries() { metrics.forget_sources(); }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(supervisor_queries, with_queries)

BOOST_AUTO_TEST_CASE(a_query_is_answered) {
  start_all();
  const auto got = count("192.0.2.1");
  advance(1s);
  BOOST_REQUIRE(got->has_value() && got->value().has_value());
  BOOST_TEST((got->value()->status == outcome::ready));
}

BOOST_AUTO_TEST_CASE(a_desk_that_dies_is_replaced_and_the_next_query_is_answered) {
  start_all();
  const auto waiting = count("192.0.2.1");
  faulty_tokens = true;
  for (int i = 0; i < 2; ++i) scheduler.try_run_once();  // the first one is with the desk
  faulty_tokens = false;
  scheduler.run();
  BOOST_REQUIRE(waiting->has_value());
  BOOST_REQUIRE(!waiting->value().has_value());
  BOOST_TEST((waiting->value().error().kind == failure::overloaded));
  BOOST_TEST(line.ready->waits_for() == "the query desk to be replaced");
  const auto meanwhile = count("192.0.2.1");
  run();
  BOOST_REQUIRE(meanwhile->has_value());
  BOOST_TEST((meanwhile->value().error().kind == failure::overloaded));
  advance(2s);
  BOOST_TEST(line.ready->waits_for() == "");
  BOOST_TEST(restarted("query_desk"));
  const auto next = count("192.0.2.1");
  advance(1s);
  BOOST_REQUIRE(next->has_value() && next->value().has_value());
  BOOST_TEST((next->value()->status == outcome::ready));
}

BOOST_AUTO_TEST_CASE(what_the_dead_desk_had_taken_is_made_by_the_next_one) {
  bool dies = false;
  trouble->on_call = [&dies](std::string_view call) {
    if (call == "archive.view") dies = true;  // the first query is with a worker
    if (call == "reports.get" && std::exchange(dies, false)) throw std::runtime_error("the desk fell over");
  };
  start_all();
  const auto first = count("192.0.2.1");
  for (int i = 0; i < 10'000 && !dies; ++i) scheduler.try_run_once();
  BOOST_REQUIRE(dies);
  const auto second = count("192.0.2.2");
  run();
  trouble->on_call = nullptr;
  BOOST_REQUIRE(first->has_value());
  advance(5s);
  BOOST_TEST(status_of("192.0.2.1") == "ready");
  BOOST_TEST(books().pending == 0);
}

BOOST_AUTO_TEST_CASE(a_query_poller_that_dies_is_replaced_too) {
  bool dies = true;
  trouble->on_call = [&dies](std::string_view call) {
    if (call == "reports.takeable" && std::exchange(dies, false))
      throw std::runtime_error("the query poller fell over");
  };
  start_all();
  advance(3s);
  BOOST_TEST(!dies);
  BOOST_TEST(restarted("query_poller"));
  const auto got = count("192.0.2.1");
  advance(1s);
  BOOST_TEST((got->value()->status == outcome::ready));
}

BOOST_AUTO_TEST_CASE(the_archive_line_goes_on_while_the_desk_is_gone) {
  start_all();
  faulty_tokens = true;
  const auto lost = count("192.0.2.1");
  run();
  BOOST_REQUIRE(lost->has_value());
  const auto got = submit(cowrie_line(1));
  settle();
  BOOST_REQUIRE(got->value().has_value());
  BOOST_TEST((state_of(got->value()->id) == store::entry_state::processed));
}

BOOST_AUTO_TEST_CASE(a_process_of_one_side_says_what_it_does_not_do) {
  settings.archives = false;
  start_all();
  const auto upload = submit(cowrie_line(1));
  const auto query = count("192.0.2.1");
  advance(1s);
  BOOST_TEST((upload->value().error().kind == failure::unavailable));
  BOOST_TEST((query->value()->status == outcome::ready));
  const auto stopped = stop();
  advance(1s);
  BOOST_TEST(stopped->value()->clean, stopped->value()->left);
}

BOOST_AUTO_TEST_CASE(a_stop_ends_both_sides) {
  start_all();
  const auto stopped = stop();
  advance(1s);
  BOOST_REQUIRE(stopped->has_value() && stopped->value().has_value());
  BOOST_TEST(stopped->value()->clean, stopped->value()->left);
  const auto late = count("192.0.2.1");
  run();
  BOOST_TEST(late->has_value());
  line = {};
  run();
  BOOST_TEST(system.registry().running() == 1u);  // the fixture's own
}

BOOST_AUTO_TEST_SUITE_END()
