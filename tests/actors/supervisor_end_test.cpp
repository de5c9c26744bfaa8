// The supervisor ends of an exception (no memory, no thread): nothing is left running, and everybody is told.
#include <boost/test/unit_test.hpp>

#include "tests/fixtures/supervised_line.hpp"

using namespace cybexd;
using namespace cybexd::tests;
using namespace std::chrono_literals;

namespace {

struct ending : supervised_line {
  ending() { settings.queries = query_options(); }
  ~ending() { metrics.forget_sources(); }

  void fall_over() {
    no_memory = true;
    const auto renewed = renew();
    run();
    BOOST_REQUIRE(renewed->has_value());
    BOOST_TEST((!renewed->value() && renewed->value().error().kind == failure::overloaded));
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(supervisor_end, ending)

BOOST_AUTO_TEST_CASE(it_is_not_ready_any_more_and_says_that_it_has_ended) {
  // Symptom: every upload and query got 503 for ever, and /readyz said 200.
  start_all();
  advance(2s);
  BOOST_TEST(line.ready->waits_for() == "");
  BOOST_TEST(!line.ready->ended());
  fall_over();
  BOOST_TEST(line.ready->ended());
  BOOST_TEST(line.ready->waits_for().find("anew") != std::string::npos);
  const auto upload = submit(cowrie_line(1));
  const auto query = count("192.0.2.1");
  run();
  BOOST_REQUIRE(upload->has_value() && query->has_value());
  BOOST_TEST((!upload->value() && upload->value().error().kind == failure::overloaded));
  BOOST_TEST((!query->value() && query->value().error().kind == failure::overloaded));
}

BOOST_AUTO_TEST_CASE(every_actor_ends_with_it_and_what_was_taken_is_given_back) {
  for (int i = 0; i < 300; ++i) put(cowrie_line(i));
  start_all();
  fall_over();
  advance(1s);
  BOOST_TEST(inner.lake->take({1000, 1u << 30, false}).value().size() == books().pending);
  line = {};
  endings.clear();
  run();
  BOOST_TEST(system.registry().running() == 1u);  // the fixture's own
}

BOOST_AUTO_TEST_CASE(who_waits_for_archive_once_is_told) {
  // Symptom: the promises died with the supervisor, and `archive once` waited for a day.
  settings.poller.start_at_once = false;
  start_all();
  put(cowrie_line(1));
  const auto done = ask<messages::archive_summary>(line.supervisor, messages::archive_once{});
  const auto filtered = ask<messages::caught_up>(line.supervisor, messages::catch_up{});
  for (int i = 0; i < 3; ++i) scheduler.try_run_once();  // both askers, and the supervisor passes it on
  fall_over();
  BOOST_TEST(line.ready->ended());
  BOOST_REQUIRE(done->has_value() && filtered->has_value());
  BOOST_TEST((!done->value().completed && !filtered->value().completed));
}

BOOST_AUTO_TEST_CASE(a_stop_of_one_that_has_ended_is_answered) {
  start_all();
  fall_over();
  const auto stopped = stop();
  run();
  BOOST_REQUIRE(stopped->has_value());
}

BOOST_AUTO_TEST_SUITE_END()
