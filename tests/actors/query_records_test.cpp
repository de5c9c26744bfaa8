// What a query document says of itself and of its report, to its asker and to nobody else.
#include <boost/test/unit_test.hpp>

#include "tests/fixtures/query_side.hpp"

using namespace cybexd;
using tests::query_side;
using outcome = messages::query_answer::outcome;

namespace {

const std::string other(64, 'c');

struct asked_reports : query_side {
  /// What GET /report/{hash} finds for a user who may see `who`.
  std::optional<tahoe::document> found(const tahoe::hash256& report, const store::visibility& who,
                                       const std::string& userid = tests::user) {
    auto one = actors::find_report(*stores.reports, userid, who, report);
    BOOST_REQUIRE(one);
    return std::move(*one);
  }
  void write(const tahoe::document& query) {
    store::query_update update;
    update.query = query;
    BOOST_REQUIRE(*stores.reports->update(update));
  }
  tahoe::document query_of(const std::string& address) {
    const auto hash = report::make_query("count", count_of(address), tests::user, now)->query.hash;
    return **stores.reports->get(hash);
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(query_records, asked_reports)

BOOST_AUTO_TEST_CASE(queries_of_one_canonical_form_get_one_answer) {
  start();
  auto blanks = count_of(" 10.0.0.1\n");
  blanks.set("category", "all");
  BOOST_TEST((good(send("count", blanks)).report.data == tahoe::value(2)));
  auto same = count_of("10.0.0.1");
  same.set("category", "\tall ");
  BOOST_TEST((good(send("count", same)).status == outcome::ready));
  BOOST_TEST(reports_made == 1);
  BOOST_TEST((good(send("count", same, true)).status == outcome::ready));
  BOOST_TEST(reports_made == 2);
}

BOOST_AUTO_TEST_CASE(a_report_is_shown_as_its_asker_asked_it) {
  start();
  const auto hash = good(send("count", count_of("10.0.0.1"))).report.hash;
  now += 5;
  good(send("count", count_of("10.0.0.1"), false, other));
  now += 5;
  const auto shown = found(hash, visible, other);
  BOOST_REQUIRE(shown);
  BOOST_TEST(shown->timestamp == now - 5);
  BOOST_TEST(*tahoe::to_value(*shown).find("userid")->text() == other);
  BOOST_TEST(found(hash, visible)->timestamp == now - 10);
  now += 3600;  // the same query in another hour is another one, and the last counts
  good(send("count", count_of("10.0.0.1")));
  BOOST_TEST(found(hash, visible)->timestamp == now);
  BOOST_TEST(!found(hash, visible, tests::stranger).has_value());
  BOOST_TEST(!found(crypto::sha256("no report"), visible).has_value());
}

BOOST_AUTO_TEST_CASE(a_failure_of_ours_is_no_answer_for_who_asks_again) {
  start();
  hold = true;
  const auto asked = send("count", count_of("10.0.0.1"));
  hold = false;
  release(report::failed_report("count", {failure::corrupt, "a document cannot be read"}, tests::user, now));
  const auto failed = good(asked);
  BOOST_TEST((failed.status == outcome::failed));
  BOOST_TEST(found(failed.report.hash, visible).has_value());
  const auto again = good(send("count", count_of("10.0.0.1")));
  BOOST_TEST((again.status == outcome::ready));
  BOOST_TEST((again.report.data == tahoe::value(2)));
  const auto made = reports_made;
  BOOST_TEST((good(send("count", count_of("10.0.0.1"))).status == outcome::ready));
  BOOST_TEST(reports_made == made);
}

BOOST_AUTO_TEST_CASE(a_failure_of_the_query_is_its_answer) {
  start();
  hold = true;
  const auto asked = send("count", count_of("10.0.0.1"));
  hold = false;
  release(report::failed_report("count", {failure::bad_input, "no such thing"}, tests::user, now));
  BOOST_TEST((good(asked).status == outcome::failed));
  BOOST_TEST((good(send("count", count_of("10.0.0.1"))).status == outcome::failed));
}

BOOST_AUTO_TEST_CASE(a_report_is_gone_with_what_it_was_made_of) {
  visible.orgids = {"org", "other org"};
  start();
  const auto hash = good(send("count", count_of("10.0.0.1"))).report.hash;
  BOOST_TEST(found(hash, {false, {"third", "other org", "org"}}).has_value());
  BOOST_TEST(!found(hash, {false, {"other org"}}).has_value());
  BOOST_TEST(!found(hash, {false, {}}).has_value());
  // Nor does it come back while the query is made anew.
  visible.orgids = {"other org"};
  hold = true;
  const auto again = send("count", count_of("10.0.0.1"));
  BOOST_TEST(status_of("10.0.0.1") == "processing");
  BOOST_TEST(!found(hash, visible).has_value());
  hold = false;
  release(report::failed_report("count", {failure::timed_out, "late"}, tests::user, now));
  BOOST_TEST(!found(hash, {false, {"org", "other org"}}).has_value());
  BOOST_TEST(found(good(again).report.hash, visible).has_value());
}

BOOST_AUTO_TEST_CASE(a_report_of_another_module_shows_its_query) {
  start();
  const auto hash = good(send("count", count_of("10.0.0.1"), false, other)).report.hash;
  now += 7;
  good(send("count", count_of("10.0.0.9")));
  auto query = query_of("10.0.0.9");
  query.data.set("report_id", tahoe::array{crypto::to_hex(hash)});  // our own fields are of another report
  write(query);
  BOOST_TEST(found(hash, {false, {}})->timestamp == now);
  query.extra.clear();
  write(query);
  const auto shown = found(hash, {false, {}});
  BOOST_REQUIRE(shown);
  BOOST_TEST(shown->timestamp == now);
  BOOST_TEST(*tahoe::to_value(*shown).find("userid")->text() == tests::user);
}

BOOST_AUTO_TEST_SUITE_END()
