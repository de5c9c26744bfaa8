#include "tahoe/login_guard.hpp"

#include <boost/test/unit_test.hpp>
#include <string>

using guard_type = cybexd::tahoe::identity::login_guard;

BOOST_AUTO_TEST_SUITE(login_guard)

BOOST_AUTO_TEST_CASE(the_wait_doubles_after_the_free_failures) {
  guard_type guard;
  double now = 1000;
  for (unsigned i = 0; i < guard_type::free_failures; ++i) BOOST_TEST(guard.begin("a@b", now) == 0);
  for (const double wait : {1, 2, 4, 8, 16, 32, 60, 60, 60}) {
    BOOST_TEST(guard.begin("a@b", now) == wait);
    BOOST_TEST(guard.begin("a@b", now + wait / 2) == wait / 2);  // asking too early costs nothing
    now += wait;
    BOOST_TEST(guard.begin("a@b", now) == 0);
  }
}

BOOST_AUTO_TEST_CASE(one_address_does_not_slow_another) {
  guard_type guard;
  for (int i = 0; i < 6; ++i) (void)guard.begin("a@b", 1000);
  BOOST_TEST(guard.begin("a@b", 1000) > 0);
  BOOST_TEST(guard.begin("c@d", 1000) == 0);
}

BOOST_AUTO_TEST_CASE(success_and_time_start_afresh) {
  guard_type guard;
  for (int i = 0; i < 6; ++i) (void)guard.begin("a@b", 1000);
  guard.succeeded("a@b");
  BOOST_TEST(guard.size() == 0U);
  for (unsigned i = 0; i < guard_type::free_failures; ++i) BOOST_TEST(guard.begin("a@b", 1001) == 0);
  BOOST_TEST(guard.begin("a@b", 1001) > 0);
  const double later = 1001 + guard_type::forgotten_after + 1;
  for (unsigned i = 0; i < guard_type::free_failures; ++i) BOOST_TEST(guard.begin("a@b", later) == 0);
}

BOOST_AUTO_TEST_CASE(a_clock_set_back_keeps_nobody_out) {
  guard_type guard;
  for (int i = 0; i < 6; ++i) (void)guard.begin("a@b", 1'000'000);
  BOOST_TEST(guard.begin("a@b", 10) == 0);
}

BOOST_AUTO_TEST_CASE(the_table_is_bounded_and_forgets_the_oldest) {
  guard_type guard(100);
  for (int i = 0; i < 6; ++i) (void)guard.begin("kept@b", 1000);
  for (int i = 0; i < 6; ++i) (void)guard.begin("forgotten@b", 1000);
  (void)guard.begin("kept@b", 1000);
  for (int i = 0; i < 99; ++i) (void)guard.begin(std::to_string(i) + "@b", 1000);
  BOOST_TEST(guard.size() == 100U);
  BOOST_TEST(guard.begin("kept@b", 1000) > 0);
  BOOST_TEST(guard.begin("forgotten@b", 1000) == 0);
}

BOOST_AUTO_TEST_SUITE_END()
