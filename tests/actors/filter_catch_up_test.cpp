#include "actors/filter_catch_up.hpp"

#include <boost/test/unit_test.hpp>

#include "tests/fixtures/archive_line.hpp"

using namespace cybexd;
using namespace cybexd::tests;
using namespace std::chrono_literals;

namespace {

struct catch_up_fixture : archive_line_fixture {
  messages::filter_catch_up_actor catch_up;

  void start_catch_up(std::vector<std::string> sub_types = {"sighting"}) {
    const auto analysts = keep(actors::spawn_analysts(system, {.workers = 2}, filter, metrics));
    actors::catch_up_options settings;
    settings.sub_types = std::move(sub_types);
    settings.page = 10;
    catch_up = keep(actors::spawn_filter_catch_up(system, settings, stores.archive, analysts, metrics));
  }
  ~catch_up_fixture() { catch_up = messages::filter_catch_up_actor{}; }

  /// As another module or an import would: raw records that no filter has been through.
  void import(int count, const std::string& prefix = "r") {
    std::vector<tahoe::document> raws;
    for (int i = 0; i < count; ++i)
      raws.push_back(
          tahoe::make_raw("sighting", tahoe::object{{"url", prefix + std::to_string(i)}}, "org", "UTC")
              .value());
    BOOST_REQUIRE(inner.archive->import(raws));
  }
  std::uint64_t pending() {
    return inner.archive->unfiltered_count(std::vector<std::string>{"sighting"}).value();
  }
  auto run_now() { return ask<messages::caught_up>(catch_up, messages::catch_up{}); }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(filter_catch_up, catch_up_fixture)

BOOST_AUTO_TEST_CASE(it_catches_up_at_the_start_and_when_asked) {
  import(35);
  start_catch_up();
  run();
  BOOST_TEST(pending() == 0u);
  import(25, "later");
  BOOST_TEST(pending() == 25u);
  const auto answer = run_now();
  run();
  BOOST_REQUIRE(answer->has_value());
  BOOST_TEST((*answer)->completed);
  BOOST_TEST(pending() == 0u);
}

BOOST_AUTO_TEST_CASE(what_comes_while_it_runs_is_caught_up_before_the_answer) {
  import(100);
  start_catch_up();
  for (int i = 0; i < 20; ++i) scheduler.try_run_once();
  import(100, "meanwhile");
  const auto answer = run_now();
  run();
  BOOST_REQUIRE(answer->has_value());
  BOOST_TEST(pending() == 0u);
}

BOOST_AUTO_TEST_CASE(without_filters_there_is_nothing_to_do) {
  import(5);
  std::size_t asked = 0;
  trouble->on_call = [&](std::string_view call) { asked += call == "archive.unfiltered" ? 1u : 0u; };
  start_catch_up({});
  run();
  BOOST_TEST(asked == 1u);  // which makes the indexes of a database
  const auto answer = run_now();
  run();
  BOOST_REQUIRE(answer->has_value());
  BOOST_TEST((*answer)->completed);
  BOOST_TEST(pending() == 5u);
}

BOOST_AUTO_TEST_CASE(an_outage_is_said_and_retried_until_it_works) {
  import(35);
  trouble->only = "archive.write";
  trouble->down = true;
  start_catch_up();
  const auto answer = run_now();
  advance(10s);
  BOOST_REQUIRE(answer->has_value());
  BOOST_TEST(!(*answer)->completed);
  BOOST_TEST(pending() == 35u);
  trouble->heal();
  advance(60s);
  BOOST_TEST(pending() == 0u);
}

BOOST_AUTO_TEST_CASE(a_nudge_ends_its_wait_and_begins_nothing_else) {
  std::size_t asked = 0;
  trouble->on_call = [&](std::string_view call) { asked += call == "archive.unfiltered" ? 1u : 0u; };
  start_catch_up();
  run();
  const auto at_the_start = asked;
  act::post(catch_up, messages::nudge{});
  run();
  BOOST_TEST(asked == at_the_start);
  trouble->down = true;
  static_cast<void>(run_now());
  advance(1h);
  trouble->heal();
  import(35);
  run();
  BOOST_TEST(pending() == 35u);
  act::post(catch_up, messages::nudge{});
  run();
  BOOST_TEST(pending() == 0u);
}

BOOST_AUTO_TEST_CASE(a_record_that_kills_the_filter_counts_as_unusable_and_stops_no_other) {
  filter = [this](const messages::filter_records& job) {
    for (const auto& raw : *job.documents)
      if (*raw.data.find("url")->text() == "r7") throw std::runtime_error("the filter fell over");
    return actors::run_filters(job, {"sighting"}, 1'600'000'000, metrics);
  };
  import(35);
  start_catch_up();
  const auto answer = run_now();
  run();
  BOOST_REQUIRE(answer->has_value());
  BOOST_TEST((*answer)->completed);
  BOOST_TEST(pending() == 0u);
  std::size_t unusable = 0;
  BOOST_REQUIRE(inner.archive->each([&](const tahoe::document& d) {
    if (d.kind != tahoe::itype::raw || !d.valid || *d.valid) return true;
    ++unusable;
    BOOST_TEST(d.reason.find("the filter fell over") != std::string::npos);
    return true;
  }));
  BOOST_TEST(unusable == 1u);
}

BOOST_AUTO_TEST_CASE(a_drain_ends_it_between_two_pages) {
  import(200);
  start_catch_up();
  for (int i = 0; i < 10; ++i) scheduler.try_run_once();
  const auto done = ask<messages::drained>(catch_up, messages::drain{});
  run();
  BOOST_REQUIRE(done->has_value());
  BOOST_TEST(pending() > 0u);
}

BOOST_AUTO_TEST_SUITE_END()
