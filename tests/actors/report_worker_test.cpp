// The report worker alone.
#include "actors/report_worker.hpp"

#include <boost/test/unit_test.hpp>

#include "actors/log.hpp"
#include "tests/fixtures/failing_store.hpp"
#include "tests/fixtures/query_side.hpp"

using namespace cybexd;
using namespace std::chrono_literals;

namespace {

struct one_worker : tests::query_side {
  std::shared_ptr<tests::faults> trouble = std::make_shared<tests::faults>();
  messages::report_worker_actor worker =
      spawn(actors::report_worker, std::string("count_worker"), tests::failing(stores, trouble).archive,
            report::report_options{}, &metrics);
  std::shared_ptr<messages::report_job> job = std::make_shared<messages::report_job>();

  one_worker() {
    actors::set_log_sink({});
    job->type = "count";
    job->data = count_of("10.0.0.1");
    job->who = {tests::user, true, visible};
    job->now = now;
    job->deadline = std::chrono::steady_clock::now() + 1h;
  }

  expected<report::made_report> make() {
    const auto answer = ask<messages::report_made>(worker, messages::make_report{job});
    run();
    BOOST_REQUIRE(answer->has_value());
    return *(*answer)->result;
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(report_worker, one_worker)

BOOST_AUTO_TEST_CASE(it_makes_the_report_of_what_the_asker_may_see) {
  const auto seen = make();
  BOOST_REQUIRE(seen && seen->ready);
  BOOST_TEST((seen->report.data == tahoe::value(2)));
  job->who.who = {false, {"elsewhere"}};
  BOOST_TEST((make()->report.data == tahoe::value(0)));
  BOOST_TEST(metrics.render().find("cybexd_actor_handling_seconds_count{actor=\"count_worker\"} 2") !=
             std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_asked_is_a_failed_report) {
  job->data.set("level", "four");
  const auto failed = make();
  BOOST_REQUIRE(failed);
  BOOST_TEST(!failed->ready);
  BOOST_TEST(failed->report.data.text()->find("level") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(past_its_deadline_the_report_has_failed) {
  job->deadline = std::chrono::steady_clock::now();
  const auto late = make();
  BOOST_REQUIRE(late);
  BOOST_TEST(!late->ready);
  BOOST_TEST(late->report.data.text()->find("longer than it may") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_is_cancelled_is_not_made) {
  job->cancelled = true;
  const auto nothing = make();
  BOOST_REQUIRE(!nothing);
  BOOST_TEST((nothing.error().kind == failure::cancelled));
  BOOST_TEST(trouble->calls() == 0u);
}

BOOST_AUTO_TEST_CASE(an_archive_that_is_away_is_the_servers_trouble_and_the_next_report_is_made) {
  trouble->down = true;
  const auto away = make();
  BOOST_REQUIRE(away);
  BOOST_TEST(!away->ready);
  BOOST_REQUIRE(away->trouble);
  BOOST_TEST((away->trouble->kind == failure::unavailable));
  BOOST_TEST(away->report.data.text()->find("archive.view") == std::string::npos);  // nobody else's business
  trouble->heal();
  BOOST_TEST(make()->ready);
}

BOOST_AUTO_TEST_SUITE_END()
