// How much the poller takes before what it has is durable.
#include <boost/test/unit_test.hpp>

#include "tests/fixtures/archive_line.hpp"

using namespace cybexd;
using namespace cybexd::tests;
using namespace std::chrono_literals;
using store::entry_state;

BOOST_FIXTURE_TEST_SUITE(cache_poller_credit, archive_line_fixture)

BOOST_AUTO_TEST_CASE(credit_is_never_exceeded) {
  options.window_entries = 10;
  options.window_bytes = 5000;
  std::vector<store::entry_id> ids;
  for (int i = 0; i < 100; ++i) ids.push_back(put(cowrie_line(i)));
  const auto large = put("\"" + std::string(20'000, 'x') + "\"");
  for (int i = 0; i < 20; ++i) ids.push_back(put(cowrie_line(i)));
  start();
  std::uint64_t most = 0, most_bytes = 0, most_with_others = 0;
  for (int i = 0; i < 3000; ++i) {
    scheduler.try_run_once();
    if (scheduler.jobs.empty()) advance(20ms);
    const auto text = metrics.render();
    const auto value = [&text](const std::string& name) {
      return std::uint64_t{std::stoul(text.substr(text.find("\n" + name + " ") + name.size() + 2))};
    };
    const auto entries = value("cybexd_credit_in_use"), bytes = value("cybexd_credit_bytes_in_use");
    most = std::max(most, entries);
    most_bytes = std::max(most_bytes, bytes);
    if (entries > 1) most_with_others = std::max(most_with_others, bytes);
  }
  BOOST_TEST(most <= 10u);
  BOOST_TEST(most > 1u);
  BOOST_TEST(most_with_others <= 5000u);
  BOOST_TEST(most_bytes > 20'000u);
  for (const auto& id : ids) BOOST_TEST((state_of(id) == entry_state::processed));
  BOOST_TEST((state_of(large) == entry_state::processed));
}

BOOST_AUTO_TEST_CASE(credit_is_no_more_than_the_lake_wants_one_server_to_hold) {
  trouble->most_in_work = 7;
  std::vector<store::entry_id> ids;
  for (int i = 0; i < 60; ++i) ids.push_back(put(cowrie_line(i)));
  std::uint64_t most = 0;
  start();
  for (int i = 0; i < 1000 && books().pending != 0; ++i) {
    scheduler.try_run_once();
    if (scheduler.jobs.empty()) advance(20ms);
    most = std::max(most, status().credit_in_use);
    BOOST_TEST(status().credit_limit == trouble->most_in_work);
    if (books().archived > 30) trouble->most_in_work = 3;  // it changes as the lake learns
  }
  BOOST_TEST(most == 7u);
  for (const auto& id : ids) BOOST_TEST((state_of(id) == entry_state::processed));
  trouble->most_in_work = 0;  // one at least
  BOOST_TEST(status().credit_limit == 1u);
}

// Symptom: what the last take of a round brought lay there for ever, for nothing else was under way whose end
// would have begun it.
BOOST_AUTO_TEST_CASE(what_is_taken_when_nothing_else_is_under_way_is_begun) {
  for (const std::size_t entries : {17u, 20u, 31u}) {
    archive_line_fixture world;
    world.options.window_entries = 16;
    for (std::size_t i = 0; i < entries; ++i) world.put(cowrie_line(static_cast<int>(i)));
    world.start();
    const auto once = world.ask<messages::archive_summary>(world.poller, messages::archive_once{});
    world.advance(1s);
    BOOST_REQUIRE_MESSAGE(once->has_value(), entries);
    BOOST_TEST((*once)->archived == entries);
    BOOST_TEST(world.status().credit_in_use == 0u);
  }
}

BOOST_AUTO_TEST_CASE(entries_behind_one_that_is_larger_than_the_window_are_begun) {
  options.window_bytes = 50'000;
  put("\"" + std::string(60'000, 'x') + "\"");
  for (int i = 0; i < 3; ++i) put(cowrie_line(i));
  start();
  advance(1s);
  BOOST_TEST(books().archived == 4u);
  BOOST_TEST(books().pending == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
