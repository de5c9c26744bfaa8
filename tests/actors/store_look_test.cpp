// Whether the server is ready goes by all four stores, while nobody asks them anything.
#include "actors/store_look.hpp"

#include <boost/test/unit_test.hpp>

#include "tests/fixtures/supervised_line.hpp"

using namespace cybexd;
using namespace cybexd::tests;
using namespace std::chrono_literals;
using part = actors::readiness::part;
using store::entry_state;

namespace {

struct looked_after : supervised_line {
  std::string said;

  looked_after() {
    settings.queries = query_options();
    actors::set_log_sink([this](actors::log_level, std::string_view, std::string_view text) {
      said += std::string(text) + "\n";
    });
  }
  ~looked_after() {
    actors::set_log_sink({});
    metrics.forget_sources();
  }
  bool waits_for(const std::string& what) const {
    return line.ready->waits_for().find(what) != std::string::npos;
  }
  bool was_said(const std::string& what) const { return said.find(what) != std::string::npos; }
};

/// One look alone.
struct one_look : actor_system_fixture {
  actors::telemetry metrics{"test"};
  std::shared_ptr<actors::readiness> ready = std::make_shared<actors::readiness>();
  std::vector<double> looks;
  std::function<expected<void>()> answer = [] { return expected<void>(); };
  std::function<std::string()> known;
  int back = 0;

  void start() {
    actors::set_log_sink({});
    ready->set(part::whole, {});
    actors::store_look_options options;
    options.store = "the store";
    options.look = [this] {
      looks.push_back(seconds());
      return answer();
    };
    options.ready = ready;
    options.part = part::report;
    options.back = [this] { ++back; };
    options.metrics = &metrics;
    options.known = known;
    spawn(actors::store_look, options);
    run();
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(store_look)

// Symptom: every query and log-in was 503, and /readyz said 200.
BOOST_AUTO_TEST_CASE(each_store_that_is_away_is_told_and_that_it_is_back) {
  for (const auto& [calls, name] :
       std::vector<std::pair<std::string, std::string>>{{"identity.", "the identity store"},
                                                        {"reports.", "the report store"},
                                                        {"archive.", "the archive"},
                                                        {"lake.", "the cache data lake"}}) {
    looked_after world;
    world.trouble->only = calls;
    world.start_all();
    world.advance(1s);
    BOOST_TEST(world.line.ready->waits_for() == "", name);
    world.trouble->down = true;
    world.advance(5s);
    BOOST_TEST(world.waits_for(name + ": " + calls), name);
    BOOST_TEST(world.was_said(" 503 until this is over: " + name + ": " + calls), name);
    world.trouble->heal();
    world.advance(4s);
    BOOST_TEST(world.line.ready->waits_for() == "", name);
    BOOST_TEST(world.was_said("is over: " + name + ": " + calls), name);
  }
}

// Symptom: after an outage of an hour nobody sent anything for up to an hour more.
BOOST_FIXTURE_TEST_CASE(after_a_long_outage_the_line_goes_on_at_once, looked_after) {
  trouble->down = true;
  const auto id = put(cowrie_line(1));
  start_all();
  advance(1h);
  BOOST_TEST(waits_for("the archive: "));
  trouble->heal();
  advance(4s);
  BOOST_TEST(line.ready->waits_for() == "");
  BOOST_TEST((state_of(id) == entry_state::processed));
}

// Symptom: what an import had left to be filtered was in no report for up to an hour more.
BOOST_FIXTURE_TEST_CASE(after_a_long_outage_the_catch_up_goes_on_at_once, looked_after) {
  trouble->only = "archive.";
  trouble->down = true;
  auto raw = tahoe::parse_json(cowrie_line(1)).value();
  const std::vector raws{tahoe::make_raw("cowrie", std::move(raw), "org", "UTC").value()};
  BOOST_REQUIRE(inner.archive->import(raws));
  const auto pending = [this] {
    return inner.archive->unfiltered_count(std::vector<std::string>{"cowrie"}).value();
  };
  start_all();
  advance(1h);
  BOOST_TEST(pending() == 1u);
  trouble->heal();
  advance(4s);
  BOOST_TEST(pending() == 0u);
}

BOOST_FIXTURE_TEST_CASE(a_lake_that_others_found_wanting_is_tried_with_a_write, looked_after) {
  int tries = 0;
  trouble->on_call = [&tries](std::string_view call) { tries += call == "lake.try_write"; };
  trouble->only = "commit";
  start_all();
  advance(20s);
  BOOST_TEST(tries == 0);
  trouble->down = true;
  put(cowrie_line(1));
  act::post(line.supervisor, messages::nudge{});
  advance(20s);
  BOOST_TEST(tries > 0);
}

BOOST_FIXTURE_TEST_CASE(a_look_that_dies_is_replaced, looked_after) {
  bool dies = true;
  trouble->on_call = [&dies](std::string_view call) {
    if (call == "identity.get" && std::exchange(dies, false)) throw std::runtime_error("it fell over");
  };
  trouble->only = "identity.";
  start_all();
  advance(2s);
  BOOST_TEST(!dies);
  trouble->down = true;
  advance(6s);
  BOOST_TEST(waits_for("the identity store: "));
}

BOOST_FIXTURE_TEST_CASE(one_that_does_not_answer_is_told_after_a_while, one_look) {
  answer = [this] {
    const auto now = actors::readiness::clock::now();
    BOOST_TEST(ready->waits_for(now) == "");
    BOOST_TEST(ready->waits_for(now + 11s) == "the store does not answer");
    BOOST_TEST(ready->waits_for(part::report, now + 11s) == "the store does not answer");
    return expected<void>();
  };
  start();
  BOOST_TEST(looks.size() == 1u);
  BOOST_TEST(ready->waits_for(actors::readiness::clock::now() + 11s) == "");
}

BOOST_FIXTURE_TEST_CASE(what_is_known_to_be_away_stays_told_during_the_next_look, one_look) {
  answer = [this]() -> expected<void> {
    if (looks.size() > 1)
      BOOST_TEST(ready->waits_for(actors::readiness::clock::now() + 1h) == "the store: refused");
    return fail(failure::unavailable, "refused");
  };
  start();
  advance(5s);
  BOOST_TEST(looks.size() == 3u);  // at once, after 2 s and 4 s
}

BOOST_FIXTURE_TEST_CASE(who_waits_for_it_is_told_twice, one_look) {
  start();
  advance(30s);
  BOOST_TEST(back == 0);
  answer = [] { return expected<void>(fail(failure::unavailable, "refused")); };
  advance(5s);
  answer = [] { return expected<void>(); };
  advance(2s);
  BOOST_TEST(back == 1);
  advance(5s);
  BOOST_TEST(back == 2);
  advance(30s);
  BOOST_TEST(back == 2);
}

BOOST_FIXTURE_TEST_CASE(a_database_that_tells_by_itself_is_asked_seldom, one_look) {
  std::string trouble;
  known = [&trouble] { return trouble; };
  start();
  advance(29s);
  BOOST_TEST(looks.size() == 1u);
  advance(2s);
  BOOST_TEST(looks.size() == 2u);
  trouble = "it is silent";
  advance(10s);
  BOOST_TEST(looks.size() == 4u);
}

BOOST_AUTO_TEST_SUITE_END()
