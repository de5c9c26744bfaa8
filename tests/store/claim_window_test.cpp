#include "tahoe/store/claim_window.hpp"

#include <boost/test/unit_test.hpp>

using window_of_claims = cybexd::store::claim_window;

BOOST_AUTO_TEST_SUITE(claim_window)

BOOST_AUTO_TEST_CASE(it_is_what_is_marked_in_half_a_claim) {
  window_of_claims window(60);
  BOOST_TEST(window.entries() == 150u * 30);  // nothing is known yet
  window.began(100);
  for (int second = 1; second <= 4; ++second) window.marked(500, 100 + second);
  BOOST_TEST(window.entries() == 500u * 30);
  for (int second = 5; second <= 60; ++second) window.marked(50, 100 + second);
  BOOST_TEST(window.entries() >= 50u * 30);
  BOOST_TEST(window.entries() <= 53u * 30);  // the rate of before fades
}

BOOST_AUTO_TEST_CASE(enough_for_questions_that_are_worth_their_cost_are_always_allowed) {
  window_of_claims window(6);
  window.began(0);
  window.marked(1, 1000);
  BOOST_TEST(window.entries() == 256u);
}

BOOST_AUTO_TEST_CASE(marks_that_come_at_once_are_one_measure) {
  window_of_claims window(60);
  window.began(0);
  window.marked(1000, 0);
  window.marked(1000, 1);
  BOOST_TEST(window.entries() == 150u * 30);  // too short to tell
  window.marked(1000, 10);
  BOOST_TEST(window.entries() == 300u * 30);
}

BOOST_AUTO_TEST_CASE(time_without_work_does_not_count) {
  window_of_claims window(60);
  window.began(0);
  window.marked(1000, 10);
  window.began(5000);
  window.marked(1000, 5010);
  BOOST_TEST(window.entries() == 100u * 30);
}

BOOST_AUTO_TEST_CASE(a_clock_that_is_set_back_starts_anew) {
  window_of_claims window(60);
  window.marked(1000, 100);  // work that was taken before there was a window
  window.marked(1000, 50);
  BOOST_TEST(window.entries() == 150u * 30);
  window.marked(1000, 60);
  BOOST_TEST(window.entries() == 100u * 30);
}

BOOST_AUTO_TEST_SUITE_END()
