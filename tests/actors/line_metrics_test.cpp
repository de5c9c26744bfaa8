#include "actors/line_metrics.hpp"

#include <boost/test/unit_test.hpp>

using namespace cybexd;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(line_metrics)

BOOST_AUTO_TEST_CASE(a_figure_that_takes_long_is_found_now_and_then) {
  actors::spaced_look look;
  const actors::spaced_look::time start{1h};
  BOOST_TEST(look.due(start));
  look.looked(start, start + 999ms);
  BOOST_TEST(look.due(start + 999ms));  // each time that somebody asks
  look.looked(start, start + 15s);
  BOOST_TEST(!look.due(start + 15s));
  BOOST_TEST(!look.due(start + 314s));
  BOOST_TEST(look.due(start + 315s));
  look.looked(start + 315s, start + 316s - 1ms);  // few wait again
  BOOST_TEST(look.due(start + 316s));
}

BOOST_AUTO_TEST_SUITE_END()
