#include "actors/readiness.hpp"

#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "actors/log.hpp"

using namespace cybexd;
using namespace std::chrono_literals;
using part = actors::readiness::part;

namespace {

struct told_outages {
  actors::readiness ready;
  std::vector<std::string> lines;
  told_outages() {
    actors::set_log_sink(
        [this](actors::log_level, std::string_view, std::string_view text) { lines.emplace_back(text); });
  }
  ~told_outages() { actors::set_log_sink({}); }
  /// What is told after the last time that this was asked.
  std::string told() {
    std::string all;
    for (const auto& line : std::exchange(lines, {})) all += line + "\n";
    return all;
  }
};

std::string begins(const std::string& what) {
  return "waits, and may answer 503 until this is over: " + what + "\n";
}
std::string ends(const std::string& what) { return "is over: " + what + "\n"; }

}  // namespace

BOOST_AUTO_TEST_SUITE(readiness)

// Symptom: one full disk was told by the intake, by the archive line and by the look at the lake.
BOOST_FIXTURE_TEST_CASE(an_outage_is_told_once_and_its_end_once, told_outages) {
  ready.set(part::intake, "the lake: the disk is full");
  BOOST_TEST(told() == begins("the lake: the disk is full"));
  for (int second = 0; second < 3; ++second) {
    ready.set(part::line, "commit: the disk is full");
    ready.set(part::cache, "lake: the disk is full");
    ready.set(part::intake, "the lake: the disk is full, still");
  }
  ready.set(part::intake, "");
  ready.set(part::cache, "");
  BOOST_TEST(told() == "");
  ready.set(part::line, "");
  BOOST_TEST(told() == ends("the lake: the disk is full"));
  ready.set(part::line, "");
  ready.set(part::intake, "");
  BOOST_TEST(told() == "");
  ready.set(part::line, "again");
  ready.set(part::line, "");
  BOOST_TEST(told() == begins("again") + ends("again"));
}

BOOST_FIXTURE_TEST_CASE(each_store_has_its_own, told_outages) {
  ready.set(part::cache, "c");
  ready.set(part::identity, "i");
  ready.set(part::report, "r");
  ready.set(part::archive, "a");
  BOOST_TEST(told() == begins("c") + begins("i") + begins("r") + begins("a"));
  ready.set(part::line, "c or a");
  for (const auto of : {part::identity, part::cache, part::archive, part::report, part::line})
    ready.set(of, "");
  BOOST_TEST(told() == ends("i") + ends("a") + ends("r") + ends("c"));
}

BOOST_FIXTURE_TEST_CASE(a_database_that_is_known_to_be_away_stands_for_all_its_stores, told_outages) {
  ready.set(part::databases, "db:27017 does not answer");
  for (const auto of : {part::cache, part::identity, part::report, part::archive, part::intake})
    ready.set(of, "x");
  ready.set(part::databases, "");
  for (const auto of : {part::cache, part::identity, part::report, part::archive}) ready.set(of, "");
  BOOST_TEST(told() == begins("db:27017 does not answer"));
  ready.set(part::intake, "");
  BOOST_TEST(told() == ends("db:27017 does not answer"));
}

BOOST_FIXTURE_TEST_CASE(what_is_no_outage_or_not_one_yet_is_not_told, told_outages) {
  const auto later = actors::readiness::clock::now() + 1h;
  ready.set(part::archive, "the archive does not answer", later);
  ready.set(part::archive, "");
  ready.set(part::whole, "the server to stop");
  ready.set(part::queries, "the query desk to be replaced");
  ready.end();
  BOOST_TEST(told() == "");
  BOOST_TEST(ready.waits_for().find("started anew") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
