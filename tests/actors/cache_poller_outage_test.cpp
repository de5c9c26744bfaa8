// The cache poller when a store goes and comes back, and when askers join each other.
#include <boost/test/unit_test.hpp>

#include "actors/cache_poller.hpp"
#include "tests/fixtures/archive_line.hpp"

using namespace cybexd;
using namespace cybexd::tests;
using namespace std::chrono_literals;
using store::entry_state;

BOOST_FIXTURE_TEST_SUITE(cache_poller_outage, archive_line_fixture)

BOOST_AUTO_TEST_CASE(an_outage_after_a_quiet_night_is_over_when_the_lake_is_back) {
  trouble->only = "lake.";
  start();
  for (int hour = 0; hour < 4; ++hour) advance(1h);
  BOOST_TEST(status().failures >= 12u);
  trouble->down = true;
  advance(1h + 2s);  // the hourly round meets it
  BOOST_TEST(status().trouble != "");
  BOOST_TEST(status().failures >= 1u);
  BOOST_TEST(status().failures < 12u);
  trouble->heal();
  advance(std::chrono::seconds(static_cast<int>(status().next_round_seconds) + 1));
  BOOST_TEST(status().trouble == "");
  BOOST_TEST(status().failures >= 12u);  // of the quiet night
}

BOOST_AUTO_TEST_CASE(one_upload_in_a_short_outage_after_a_quiet_night_does_not_wait_for_an_hour) {
  trouble->only = "commit";
  start();
  for (int hour = 0; hour < 4; ++hour) advance(1h);
  trouble->down = true;
  const auto id = put(cowrie_line(1));
  act::post(poller, messages::nudge{});
  advance(2s);
  BOOST_TEST((state_of(id) == entry_state::waiting));
  trouble->heal();
  advance(8s);
  BOOST_TEST((state_of(id) == entry_state::processed));
}

BOOST_AUTO_TEST_CASE(uploads_in_an_outage_do_not_put_off_the_next_try) {
  // Symptom: each counted as a failure, and after some twelve of them the next try was an hour away.
  trouble->only = "commit";
  trouble->down = true;
  start();
  std::vector<store::entry_id> ids;
  for (int i = 0; i < 40; ++i) {
    ids.push_back(put(cowrie_line(i)));
    act::post(poller, messages::nudge{});
    advance(1100ms);
  }
  BOOST_TEST(status().trouble != "");
  BOOST_TEST(status().failures >= 4u);  // 2 + 4 + 8 + 16 s and jitter: as without uploads
  BOOST_TEST(status().failures <= 6u);
  BOOST_TEST(status().next_round_seconds <= 65);
  trouble->heal();
  advance(std::chrono::seconds(static_cast<int>(status().next_round_seconds) + 2));
  BOOST_TEST(status().trouble == "");
  for (const auto& id : ids) BOOST_TEST((state_of(id) == entry_state::processed));
}

BOOST_AUTO_TEST_CASE(an_upload_after_an_outage_is_archived_at_once) {
  trouble->only = "commit";
  trouble->down = true;
  start();
  put(cowrie_line(1));
  act::post(poller, messages::nudge{});
  advance(1h);
  trouble->heal();
  const auto id = put(cowrie_line(2));
  act::post(poller, messages::nudge{});
  advance(1s);
  BOOST_TEST(status().trouble == "");
  BOOST_TEST((state_of(id) == entry_state::processed));
}

// Symptom: it was set aside as not supported, for good.
BOOST_AUTO_TEST_CASE(a_typetag_that_only_the_archive_knows_waits_while_it_cannot_be_asked) {
  archive_line_fixture before;
  before.options.accept_unknown_typetags = true;
  before.put(R"({"a": 1})", "foo");
  before.start();
  before.advance(1s);
  BOOST_REQUIRE_EQUAL(before.books().archived, 1u);
  inner = before.inner;
  stores = failing(inner, trouble);
  trouble->only = "archive.raw_sub_types";
  trouble->down = true;
  const auto text = put(R"({"a": 2})", "foo");
  const auto lines = put("{\"a\": 3}\n{\"a\": 4}\n", "foo", true);
  const auto strange = put(R"({"a": 5})", "bar");
  int asked = 0;
  trouble->on_call = [&asked](std::string_view call) { asked += call == "archive.raw_sub_types"; };
  start();
  advance(500ms);
  for (const auto& id : {text, lines, strange}) BOOST_TEST((state_of(id) == entry_state::waiting));
  BOOST_TEST(status().trouble.find("archive knows the typetag `foo`") != std::string::npos);
  BOOST_TEST(asked == 1);  // one that is away may take seconds to say so
  trouble->heal();
  advance(std::chrono::seconds(static_cast<int>(status().next_round_seconds) + 2));
  BOOST_TEST(status().trouble == "");
  BOOST_TEST((state_of(text) == entry_state::processed));
  BOOST_TEST((state_of(lines) == entry_state::processed));
  BOOST_TEST((state_of(strange) == entry_state::not_supported));
}

BOOST_AUTO_TEST_CASE(who_joins_archive_once_waits_for_what_came_since) {
  std::optional<store::entry_id> late;
  trouble->on_call = [&](std::string_view call) {
    if (call != "archive.unfiltered" || late || books().archived == 0) return;
    late = "";
    late = put(cowrie_line(2));
    act::post(poller, messages::archive_once{});  // it comes before the end of the catch-up
  };
  put(cowrie_line(1));
  start();
  const auto first = ask<messages::archive_summary>(poller, messages::archive_once{});
  advance(5s);
  BOOST_REQUIRE(late.has_value() && first->has_value());
  BOOST_TEST((*first)->completed);
  BOOST_TEST((*first)->archived == 2);
  BOOST_TEST((state_of(*late) == entry_state::processed));
}

BOOST_AUTO_TEST_SUITE_END()
