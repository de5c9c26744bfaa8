// Random archives: the reports over each home's archive against those over the one in memory.
#include <boost/test/unit_test.hpp>

#include "report/answer.hpp"
#include "tahoe/json.hpp"
#include "tests/fixtures/fresh_archive.hpp"
#include "tests/fixtures/random_archive.hpp"

using namespace cybexd;

namespace {

#ifdef CYBEXD_TESTS_MONGODB
constexpr std::uint64_t seeds = 4;
using other_home = tests::fresh_archive;
#else
constexpr std::uint64_t seeds = 25;
struct other_home {
  tests::embedded_home home;
  std::shared_ptr<store::archive_store> archive = home.all.archive;
};
#endif

void same_answers(const report::made_report& one, const report::made_report& other,
                  const std::string& asked) {
  BOOST_CHECK_EQUAL(one.ready, other.ready);
  double room = 0, other_room = 0;
  const auto* rank = one.report.data.number(room);
  if (rank != nullptr && one.report.sub_type == "threatrank") {
    const auto* found = other.report.data.number(other_room);
    BOOST_REQUIRE_MESSAGE(found != nullptr, asked);
    BOOST_CHECK_LE(std::abs(*rank - *found), 1e-12 * std::abs(*rank));
  } else {
    BOOST_CHECK_MESSAGE(
        tahoe::to_json(tahoe::to_value(one.report)) == tahoe::to_json(tahoe::to_value(other.report)), asked);
  }
}

}  // namespace

CYBEXD_CONFORMANCE_SUITE(homes)

BOOST_AUTO_TEST_CASE(every_home_answers_as_the_archive_in_memory) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) BOOST_TEST_CONTEXT("seed " << seed) {
      fixtures::random_archive random(seed);
      std::vector<tahoe::document> all;
      for (const auto& [hash, d] : random.all) all.push_back(d);
      const auto memory = store::make_memory().archive;
      const other_home other;
      BOOST_REQUIRE(memory->import(all));
      BOOST_REQUIRE(other.archive->import(all));
      const auto view = memory->view();
      const auto orgs = random.some_orgs();
      const report::asker who{"u", true, {false, orgs}};
      for (int i = 0; i < 40; ++i) {
        const std::string type = i % 5 == 0 ? "threatrank" : i % 3 == 0 ? "count" : "related";
        const auto query = random.query(type);
        const auto other_view = other.archive->view();
        BOOST_REQUIRE(other_view);
        const auto one = report::answer(type, query, who, **view, fixtures::random_now);
        const auto same = report::answer(type, query, who, **other_view, fixtures::random_now);
        BOOST_REQUIRE(one && same);
        same_answers(*one, *same, type + tahoe::to_json(query));
      }
    }
}

BOOST_AUTO_TEST_SUITE_END()
