// Who asks for the stores' figures is answered though a store is silent.
#include "actors/store_figures.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <future>

#include "actors/asked_aside.hpp"
#include "actors/line_metrics.hpp"
#include "tests/fixtures/eventually.hpp"
#include "tests/fixtures/failing_store.hpp"

using namespace cybexd;
using namespace cybexd::tests;
using namespace std::chrono_literals;

namespace {

constexpr auto up = "cybexd_store_up{store=\"cache\"} 1";
constexpr auto not_up = "cybexd_store_up{store=\"cache\"} 0";
constexpr auto old_figures = "# The books of the cache data lake are those of an earlier scrape";

/// A lake that a test lets fall silent.
struct silent_lake {
  std::atomic<bool> silent{false};
  std::promise<void> speaks_again;
  std::shared_ptr<faults> trouble = std::make_shared<faults>();
  store::stores inner = store::make_memory();
  store::stores stores = failing(inner, trouble);
  actors::telemetry metrics{"test"};
  std::shared_ptr<actors::store_figures> figures;

  silent_lake() {
    trouble->on_call = [this, again = speaks_again.get_future().share()](std::string_view call) {
      if (silent && call.starts_with("lake.")) again.wait();
    };
  }
  ~silent_lake() {
    if (silent) speaks_again.set_value();
    metrics.forget_sources();
  }
  void connect(const actors::figure_limits& limits) {
    const auto filtered = std::make_shared<actors::filtered_sub_types>();
    figures = actors::connect_metrics(
        metrics, stores, [] { return 1e9; }, filtered, limits);
  }
  void put() {
    store::new_entry entry;
    entry.typetag = "cowrie";
    entry.sealed = "sealed";
    BOOST_REQUIRE(inner.lake->put(std::vector{entry}));
  }
  bool scraped(const std::vector<std::string>& wanted) {
    const auto text = metrics.render();
    return std::all_of(wanted.begin(), wanted.end(),
                       [&](const auto& line) { return text.find(line) != std::string::npos; });
  }
};

std::string accepted(int records) {
  return "cybexd_lake_entries{state=\"accepted\"} " + std::to_string(records);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(store_figures)

BOOST_FIXTURE_TEST_CASE(each_scrape_has_the_figures_of_its_time, silent_lake) {
  connect({.patience = 1h, .doubt = 1h, .silence = 1h});
  for (int records = 0; records < 20; ++records) {
    BOOST_TEST(scraped({accepted(records), up}));
    BOOST_TEST(figures->books().value().accepted == static_cast<std::uint64_t>(records));
    put();
  }
}

// Symptom: /metrics answered after the 30 s that the driver waits for a silent database.
BOOST_FIXTURE_TEST_CASE(a_silent_store_leaves_the_last_figures_and_is_not_up, silent_lake) {
  put();
  connect({.patience = 20ms, .doubt = 20ms, .silence = 0ms});
  BOOST_TEST(eventually([&] { return scraped({accepted(1), up}); }));
  silent = true;
  put();
  const std::string report_up = "cybexd_store_up{store=\"report\"} 1";
  BOOST_TEST(eventually([&] { return scraped({accepted(1), not_up, report_up, old_figures}); }));
  BOOST_TEST((figures->books().error().kind == failure::timed_out));
  silent = false;
  speaks_again.set_value();
  BOOST_TEST(eventually([&] { return scraped({accepted(2), up}); }));
}

BOOST_FIXTURE_TEST_CASE(a_store_that_is_only_slow_stays_up, silent_lake) {
  connect({.patience = 20ms, .doubt = 20ms, .silence = 1h});
  BOOST_TEST(eventually([&] { return scraped({accepted(0), up}); }));
  silent = true;
  BOOST_TEST(eventually([&] { return scraped({accepted(0), up, old_figures}); }));
}

BOOST_FIXTURE_TEST_CASE(of_a_database_in_trouble_little_is_expected, silent_lake) {
  stores.trouble = [] { return std::string("db.example.org:27017 does not answer"); };
  silent = true;
  connect({.patience = 1h, .doubt = 20ms, .silence = 1h});
  BOOST_TEST(scraped({not_up, old_figures}));
}

BOOST_AUTO_TEST_CASE(a_question_that_throws_is_answered_with_an_error) {
  bool throws = true;
  actors::asked_aside<int> asked([&throws]() -> expected<int> {
    if (std::exchange(throws, false)) throw std::runtime_error("it fell over");
    return 7;
  });
  BOOST_TEST(asked.wait(asked.begin(), 1h)->error().text == "it fell over");
  BOOST_TEST(asked.wait(asked.begin(), 1h)->value() == 7);
  BOOST_TEST((asked.silent_for() == 0s));
}

BOOST_AUTO_TEST_SUITE_END()
