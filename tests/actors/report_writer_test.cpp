// The report writer alone.
#include "actors/report_writer.hpp"

#include <boost/test/unit_test.hpp>

#include "actors/log.hpp"
#include "actors/query_records.hpp"
#include "tests/fixtures/failing_store.hpp"
#include "tests/fixtures/query_side.hpp"

using namespace cybexd;
using outcome = messages::report_stored::outcome;

namespace {

struct one_writer : tests::query_side {
  std::shared_ptr<tests::faults> trouble = std::make_shared<tests::faults>();
  messages::report_writer_actor writer =
      spawn(actors::report_writer, tests::failing(stores, trouble).reports, &metrics);
  tahoe::document query;
  tahoe::document report = *tahoe::make_report("count", tahoe::value(2), tests::user, now, 1, 1);

  one_writer() {
    actors::set_log_sink({});
    const auto asked = *report::make_query("count", count_of("10.0.0.1"), tests::user, now);
    const auto taken = actors::open_query(*stores.reports, asked, visible, false, now, options.claims);
    BOOST_REQUIRE(taken);
    query = taken->query;
  }

  messages::report_stored store(const std::string& status = "ready", const std::string& owner = "this server",
                                bool with_report = true) {
    messages::store_report done;
    done.query = std::make_shared<const tahoe::document>(query);
    if (with_report) done.report = std::make_shared<const tahoe::document>(report);
    done.status = status;
    done.owner = owner;
    done.who = visible;
    const auto answer = ask<messages::report_stored>(writer, std::move(done));
    run();
    BOOST_REQUIRE(answer->has_value());
    return **answer;
  }
  tahoe::document stored() { return **stores.reports->get(query.hash); }
  bool report_is_there() { return (*stores.reports->get(report.hash)).has_value(); }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(report_writer, one_writer)

BOOST_AUTO_TEST_CASE(the_report_and_its_querys_status_are_one_write) {
  const auto before = trouble->calls();
  std::uint64_t updates = 0;
  trouble->on_call = [&](std::string_view call) {
    updates += call == "reports.update" || call == "reports.put";
  };
  BOOST_TEST((store().what == outcome::stored));
  BOOST_TEST(updates == 1u);
  BOOST_TEST(trouble->calls() > before);
  BOOST_TEST(report::status_of(stored()) == "ready");
  BOOST_TEST(report::report_id_of(stored()) == crypto::to_hex(report.hash));
  BOOST_TEST(report_is_there());
}

BOOST_AUTO_TEST_CASE(a_query_that_failed_needs_no_report) {
  BOOST_TEST((store("failed", "this server", false).what == outcome::stored));
  BOOST_TEST(report::status_of(stored()) == "failed");
  BOOST_TEST(!report_is_there());
}

BOOST_AUTO_TEST_CASE(a_query_that_somebody_else_has_now_is_left_alone) {
  BOOST_TEST((store("ready", "another server").what == outcome::superseded));
  BOOST_TEST(report::status_of(stored()) == "processing");
  BOOST_TEST((store().what == outcome::stored));
  BOOST_TEST((store().what == outcome::superseded));  // it is finished
}

BOOST_AUTO_TEST_CASE(an_outage_is_told_and_leaves_nothing_half_done) {
  trouble->down = true;
  const auto away = store();
  BOOST_TEST((away.what == outcome::unavailable));
  BOOST_TEST(away.reason.find("reports.") != std::string::npos);
  BOOST_TEST(report::status_of(stored()) == "processing");
  BOOST_TEST(!report_is_there());
  trouble->heal();
  BOOST_TEST((store().what == outcome::stored));
}

BOOST_AUTO_TEST_SUITE_END()
