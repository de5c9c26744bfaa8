#include "app/rate_window.hpp"

#include <boost/test/unit_test.hpp>

using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(rate_window)

BOOST_AUTO_TEST_CASE(the_last_minute_counts) {
  cybexd::app::rate_window seen;
  const std::chrono::steady_clock::time_point begin{};
  BOOST_TEST(seen.per_second() == 0);
  seen.add(begin, 1'000'000);  // of an earlier life
  BOOST_TEST(seen.per_second() == 0);
  seen.add(begin, 1'000'001);
  BOOST_TEST(seen.per_second() == 0);
  for (int second = 5; second <= 60; second += 5) seen.add(begin + second * 1s, 1'000'000 + 300.0 * second);
  BOOST_TEST(seen.per_second() == 300);
  for (int second = 65; second <= 120; second += 5) seen.add(begin + second * 1s, 1'018'000);
  BOOST_TEST(seen.per_second() == 0);
  seen.add(begin + 500s, 1'018'380);  // after a long silence: over the time that it took
  BOOST_TEST(seen.per_second() == 1);
}

BOOST_AUTO_TEST_SUITE_END()
