#include "actors/backoff.hpp"

#include <boost/test/unit_test.hpp>

using cybexd::actors::backoff_settings;

namespace {
using waiting = cybexd::actors::backoff;  // the suite has the name of the file

double seconds(std::chrono::nanoseconds t) { return std::chrono::duration<double>(t).count(); }
}  // namespace

BOOST_AUTO_TEST_SUITE(backoff)

BOOST_AUTO_TEST_CASE(waits_two_to_the_n_plus_at_most_a_second_up_to_an_hour) {
  waiting wait({}, 42);
  double power = 1;
  for (int n = 0; n < 40; ++n, power *= 2) {
    const double got = seconds(wait.next());
    BOOST_TEST(got >= std::min(3600.0, power));
    BOOST_TEST(got <= std::min(3600.0, power + 1));
    wait.failed();
    BOOST_TEST(wait.failures() == static_cast<unsigned>(n) + 1);
  }
  wait.succeeded();
  BOOST_TEST(seconds(wait.next()) <= 2.0);
}

BOOST_AUTO_TEST_CASE(base_cap_and_jitter_are_settings_and_the_seed_decides_the_draw) {
  const backoff_settings settings{3, std::chrono::seconds(50), std::chrono::seconds(0)};
  waiting exact(settings, 1);
  exact.failed();
  exact.failed();
  BOOST_TEST(seconds(exact.next()) == 9.0, boost::test_tools::tolerance(1e-9));
  for (int i = 0; i < 100'000; ++i) exact.failed();
  BOOST_TEST(seconds(exact.next()) == 50.0, boost::test_tools::tolerance(1e-9));
  waiting first({}, 7), second({}, 7);
  for (int i = 0; i < 5; ++i) BOOST_TEST((first.next() == second.next()));
}

BOOST_AUTO_TEST_SUITE_END()
