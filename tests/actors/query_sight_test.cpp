// Askers who may see less, or more, than when they asked.
#include <boost/test/unit_test.hpp>

#include "tests/fixtures/query_side.hpp"

using namespace cybexd;
using tests::query_side;
using outcome = messages::query_answer::outcome;

BOOST_FIXTURE_TEST_SUITE(query_sight, query_side)

// A removed user got the organisation's data from a query that still waited for a worker.
BOOST_AUTO_TEST_CASE(who_loses_sight_while_a_query_waits_gets_a_report_without_it) {
  options.workers = 1;
  hold = true;
  start();
  const auto first = send("count", count_of("10.0.0.2"));
  const auto waiting = send("count", count_of("10.0.0.1"));
  visible.orgids.clear();
  hold = false;
  release(report::failed_report("count", {failure::timed_out, "late"}, tests::user, now));
  BOOST_TEST((good(first).status == outcome::ready));  // made anew, too
  BOOST_TEST((good(waiting).report.data == tahoe::value(0)));
  const auto hash = report::make_query("count", count_of("10.0.0.1"), tests::user, now)->query.hash;
  BOOST_TEST(status_of(hash) == "ready");
  BOOST_TEST(report::report_id_of(**stores.reports->get(hash)) == crypto::to_hex(good(waiting).report.hash));
  BOOST_TEST(reports_made == 4);
}

BOOST_AUTO_TEST_CASE(who_loses_sight_while_a_report_is_stored_gets_none_of_it) {
  int looks = 0;
  options.visible_to = [&](const std::string&) -> expected<std::optional<store::visibility>> {
    return std::optional(++looks <= 2 ? visible : store::visibility{});
  };
  start();
  BOOST_TEST((good(send("count", count_of("10.0.0.1"))).status == outcome::processing));
  BOOST_TEST((good(send("count", count_of("10.0.0.1"))).report.data == tahoe::value(0)));
}

BOOST_AUTO_TEST_CASE(nothing_is_answered_while_nobody_can_say_what_the_asker_may_see) {
  int looks = 0;
  options.visible_to = [&](const std::string&) -> expected<std::optional<store::visibility>> {
    if (++looks == 2 || looks == 5) return fail(failure::unavailable, "the identity store is away");
    return std::optional(visible);
  };
  start();
  const auto before_storing = send("count", count_of("10.0.0.1"));  // second look
  BOOST_REQUIRE(before_storing->has_value());
  BOOST_TEST((before_storing->value().error().kind == failure::unavailable));
  BOOST_TEST(status_of("10.0.0.1") == "processing");
  const auto after_storing = send("count", count_of("10.0.0.2"));  // fifth
  BOOST_REQUIRE(after_storing->has_value());
  BOOST_TEST((after_storing->value().error().kind == failure::unavailable));
  BOOST_TEST(status_of("10.0.0.2") == "ready");
}

// It was put off until the identity store came back, though it shows nothing of anybody.
BOOST_AUTO_TEST_CASE(a_report_that_failed_is_told_while_nobody_can_say_what_the_asker_may_see) {
  bool away = false;
  options.visible_to = [&](const std::string&) -> expected<std::optional<store::visibility>> {
    if (away) return fail(failure::unavailable, "the identity store is away");
    return std::optional(visible);
  };
  hold = true;
  start();
  const auto first = send("count", count_of("10.0.0.1"));
  away = true;
  release(report::failed_report("count", {failure::bad_input, "`from` is no time"}, tests::user, now));
  BOOST_TEST((good(first).status == outcome::failed));
  BOOST_TEST(status_of("10.0.0.1") == "failed");
}

BOOST_AUTO_TEST_CASE(what_the_user_may_see_grew_so_the_report_that_is_made_stands) {
  hold = true;
  start();
  const auto first = send("count", count_of("10.0.0.1"));
  visible.orgids.push_back("another");
  release(report::failed_report("count", {failure::timed_out, "late"}, tests::user, now));
  BOOST_TEST((good(first).status == outcome::failed));
  BOOST_TEST(reports_made == 1);
}

BOOST_AUTO_TEST_SUITE_END()
