// The analysts alone.
#include "actors/analyst.hpp"

#include <boost/test/unit_test.hpp>

#include "actors/archive_work.hpp"
#include "tests/fixtures/actor_system.hpp"

using namespace cybexd;

namespace {

struct analysts : tests::actor_system_fixture {
  actors::telemetry metrics{"test"};
  bool dies = false;
  messages::analyst_actor pool = keep(actors::spawn_analysts(
      system, {.workers = 1},
      [this](const messages::filter_records& job) {
        if (dies) throw std::runtime_error("it fell over");
        return actors::run_filters(job, {"sighting"}, 1'600'000'000, metrics);
      },
      metrics));

  analysts() { actors::set_log_sink({}); }

  static tahoe::document raw(const std::string& sub_type, const std::string& url) {
    return *tahoe::make_raw(sub_type, tahoe::object{{"url", url}}, std::string(64, 'a'), "UTC");
  }
  std::optional<messages::records_filtered> filtered(std::vector<tahoe::document> documents) {
    const auto answer = ask<messages::records_filtered>(
        pool,
        messages::filter_records{std::make_shared<const std::vector<tahoe::document>>(std::move(documents))});
    run();
    return *answer;
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(analyst, analysts)

BOOST_AUTO_TEST_CASE(each_record_goes_through_the_filter_that_reads_it) {
  const auto answer = filtered({raw("sighting", "http://a/"), raw("mine", "http://b/"), raw("cowrie", "c")});
  BOOST_REQUIRE(answer && answer->results);
  BOOST_REQUIRE_EQUAL(answer->results->size(), 3u);
  const auto& first = answer->results->at(0);
  BOOST_REQUIRE(first);
  BOOST_TEST(first->filter_id != "");
  BOOST_TEST(!answer->results->at(1));  // no filter reads it
  BOOST_TEST(!answer->results->at(2));  // its filter is off
}

BOOST_AUTO_TEST_CASE(a_record_that_kills_its_worker_is_not_answered_and_the_next_one_is) {
  dies = true;
  BOOST_TEST(!filtered({raw("sighting", "http://a/")}));
  BOOST_TEST(metrics.render().find("cybexd_actor_restarts_total{actor=\"analyst\"} 1") != std::string::npos);
  dies = false;
  BOOST_TEST(filtered({raw("sighting", "http://a/")}).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
