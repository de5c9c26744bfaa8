// Traces of the original's report module, which must not run beside the server, are told once.
#include <algorithm>

#include "tahoe/store/mongodb_documents.hpp"
#include "tests/fixtures/golden.hpp"
#include "tests/fixtures/mongodb_homes.hpp"
#include "tests/fixtures/mongodb_raw.hpp"

namespace cybexd::tests {

namespace {

using namespace store;
using fixtures::list_at;

struct reports_beside_others {
  mongodb_places places;
  std::shared_ptr<notices> say = std::make_shared<notices>();
  std::shared_ptr<report_store> reports = must(make_mongodb_reports(places.report, {.say = say}));
  mongodb_collection raw{places.home(), places.report.db, places.report.coll};
  std::size_t told = 0;

  reports_beside_others() {
    say->listen([this](const std::string& sentence) {
      if (sentence.find("report module") != std::string::npos) ++told;
    });
  }
  ~reports_beside_others() { say->listen({}); }
};

/// The golden query after a step of its life.
document query_after(std::string_view step) {
  const auto all = fixtures::golden("tdql");
  for (const auto& one : list_at(list_at(all, "cases").front(), "steps"))
    if (fixtures::text_at(one, "step") == step) return must(tahoe::from_value(fixtures::at(one, "doc")));
  BOOST_FAIL("no such step: " << step);
  return {};
}

query_update taking(const document& query) {
  query_update u;
  u.query = query;
  u.query.data.set("status", one("processing"));
  u.new_children = {must(tahoe::make_attribute("status", "processing"))};
  u.only_if_status = "wait";
  u.claim = query_claim{"me", 100};
  return u;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(mongodb_other_modules, *with_mongodb())

BOOST_AUTO_TEST_CASE(a_query_that_somebody_else_took_is_told_once) {
  reports_beside_others on;
  const auto waiting = query_after("wait"), taken = query_after("processing");
  must(insert(on.raw, tahoe::to_value(taken)));
  for (int again = 0; again < 2; ++again) BOOST_TEST(!must(on.reports->update(taking(waiting))));
  BOOST_TEST(on.told == 1u);
}

BOOST_AUTO_TEST_CASE(a_query_that_somebody_else_left_behind_is_told_once) {
  reports_beside_others on;
  must(insert(on.raw, tahoe::to_value(query_after("processing"))));
  for (int again = 0; again < 2; ++again) BOOST_TEST(must(on.reports->takeable(4e9, 600, 10)).size() == 1u);
  BOOST_TEST(on.told == 1u);
}

BOOST_AUTO_TEST_CASE(queries_of_several_of_our_servers_are_no_trace) {
  reports_beside_others on;
  const auto waiting = query_after("wait");
  must(insert(on.raw, tahoe::to_value(waiting)));
  BOOST_TEST(must(on.reports->update(taking(waiting))));
  BOOST_TEST(!must(on.reports->update(taking(waiting))));
  BOOST_TEST(must(on.reports->takeable(4e9, 600, 10)).size() == 1u);  // its claim has run out
  BOOST_TEST(on.told == 0u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace cybexd::tests
