#include "actors/cache_poller.hpp"

#include <boost/test/unit_test.hpp>

#include "tests/fixtures/archive_line.hpp"

using namespace cybexd;
using namespace cybexd::tests;
using namespace std::chrono_literals;
using store::entry_state;

namespace {

/// An entry of which another program has not said whose it is.
store::new_entry of_nobody(const std::string& text, bool ndjson = false) {
  store::new_entry e{.name = "n", .orgid = "", .typetag = "cowrie", .ndjson = ndjson, .sealed = ""};
  e.records = ndjson ? 2 : 1;
  e.sealed = crypto::seal_envelope(crypto::public_key::of(test_key()), text);
  return e;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(cache_poller, archive_line_fixture)

BOOST_AUTO_TEST_CASE(one_record_goes_from_the_lake_to_its_events) {
  const auto id = put(cowrie_line(1));
  start();
  settle();
  BOOST_TEST((state_of(id) == entry_state::processed));
  BOOST_TEST(books().archived == 1);
  BOOST_TEST(books().pending == 0);
  std::size_t events = 0, raws = 0;
  BOOST_REQUIRE(inner.archive->each([&](const tahoe::document& d) {
    events += d.kind == tahoe::itype::event;
    raws += d.kind == tahoe::itype::raw;
    return true;
  }));
  BOOST_TEST(events == 1);
  BOOST_TEST(raws == 1);
}

BOOST_AUTO_TEST_CASE(each_bad_record_gets_its_state_and_costs_the_good_ones_nothing) {
  std::vector<store::entry_id> good;
  for (int i = 0; i < 50; ++i) good.push_back(put(cowrie_line(i)));
  const auto unknown = put("{}", "never_heard_of");
  const auto deep = put(std::string(40, '[') + std::string(40, ']'));
  store::new_entry broken{.name = "n", .orgid = "org", .typetag = "cowrie", .sealed = "too short"};
  const auto damaged = put(broken);
  const auto text = put("not json at all");
  const auto nobodys = put(of_nobody(cowrie_line(1))), many_of_nobody = put(of_nobody("{}\n{}\n", true));
  start();
  settle();
  for (const auto& id : good) BOOST_TEST((state_of(id) == entry_state::processed));
  BOOST_TEST((state_of(unknown) == entry_state::not_supported));
  BOOST_TEST(reason_of(unknown).find("never_heard_of") != std::string::npos);
  BOOST_TEST((state_of(deep) == entry_state::error));
  BOOST_TEST((state_of(damaged) == entry_state::bad_data));
  BOOST_TEST((state_of(text) == entry_state::processed));
  for (const auto& id : {nobodys, many_of_nobody}) {
    BOOST_TEST((state_of(id) == entry_state::error));
    BOOST_TEST(reason_of(id) == "the entry names no organisation");
  }
  const auto b = books();
  BOOST_TEST(b.accepted == b.archived + b.known + b.set_aside + b.pending);
  BOOST_TEST(b.set_aside == 6);
  BOOST_TEST(metrics.render().find("cybexd_archive_entries_total{outcome=\"bad_data\"} 1") !=
             std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_same_record_twice_is_known) {
  put(cowrie_line(1));
  put(cowrie_line(1));
  start();
  settle();
  BOOST_TEST(books().archived == 1);
  BOOST_TEST(books().known == 1);
}

BOOST_AUTO_TEST_CASE(many_lines_are_archived_in_parts_and_bad_ones_are_kept_with_their_numbers) {
  std::string text = "\n";
  for (int i = 0; i < 3000; ++i)
    text += (i % 1000 == 500 ? "{\"a\": NaN}" : cowrie_line(i)) + (i % 2 ? "\n" : "\r\n");
  const auto id = put(text, "cowrie", true);
  start();
  for (int i = 0; i < 10; ++i) settle();
  const auto report = inner.lake->find(id).value();
  BOOST_TEST((report->mark.state == entry_state::processed));
  BOOST_TEST(report->mark.archived == 2997);
  BOOST_TEST(report->mark.refs.size() == 2997);
  BOOST_REQUIRE_EQUAL(report->mark.bad_lines.size(), 3);
  std::vector<std::uint64_t> numbers;
  for (const auto& line : report->mark.bad_lines) numbers.push_back(line.number);
  BOOST_TEST((numbers == std::vector<std::uint64_t>{502, 1502, 2502}));
  BOOST_TEST(books().pending == 0);
  BOOST_TEST(books().archived == 2997);
  BOOST_TEST(books().set_aside == 3);
}

BOOST_AUTO_TEST_CASE(empty_rounds_wait_two_to_the_n_and_a_jitter) {
  options.seed = 11;
  std::vector<double> takes;
  trouble->on_call = [&](std::string_view call) {
    if (call == "lake.take") takes.push_back(seconds());
  };
  start();
  advance(std::chrono::minutes(180));
  BOOST_TEST(takes.size() >= 12u);
  double power = 2;  // after the first empty round n is 1
  for (std::size_t i = 1; i < takes.size(); ++i, power *= 2) {
    const double wait = takes[i] - takes[i - 1];
    BOOST_TEST(wait >= std::min(3600.0, power) - 1e-6);
    BOOST_TEST(wait <= std::min(3600.0, power + 1) + 1e-6);
  }
}

// A server that had been idle for long looked again after an hour, while a dead server's entries lay free.
BOOST_AUTO_TEST_CASE(no_entry_of_a_dead_server_waits_longer_than_its_claim) {
  std::vector<double> takes;
  trouble->on_call = [&](std::string_view call) {
    if (call == "lake.take") takes.push_back(seconds());
  };
  double claim_ends = 0;
  trouble->free_claim = [&]() -> std::optional<double> {
    return claim_ends > seconds() ? std::optional(claim_ends - seconds()) : std::nullopt;
  };
  start();
  advance(std::chrono::minutes(20));  // idle: the next look is a quarter of an hour away
  claim_ends = seconds() + 60;
  act::post(poller, messages::nudge{});
  settle();
  const auto before = takes.size();
  advance(std::chrono::seconds(62));
  BOOST_REQUIRE_EQUAL(takes.size(), before + 1);
  BOOST_TEST(takes.back() >= claim_ends);
  BOOST_TEST(takes.back() <= claim_ends + 1);
}

BOOST_AUTO_TEST_CASE(a_round_that_archives_sets_the_count_to_zero_and_a_nudge_starts_at_once) {
  start();
  advance(std::chrono::seconds(60));
  BOOST_TEST(status().failures >= 4u);
  const auto id = put(cowrie_line(1));
  act::post(poller, messages::nudge{});
  settle();
  BOOST_TEST((state_of(id) == entry_state::processed));
  BOOST_TEST(status().failures == 0u);
}

BOOST_AUTO_TEST_CASE(while_the_lake_is_down_nothing_is_marked_and_it_goes_on_by_itself) {
  trouble->only = "lake.";
  const auto id = put(cowrie_line(1));
  trouble->down = true;
  start();
  advance(std::chrono::seconds(40));
  BOOST_TEST((state_of(id) == entry_state::waiting));
  const auto before = status();
  BOOST_TEST(before.failures >= 3u);
  BOOST_TEST(before.trouble.find("lake") != std::string::npos);
  act::post(poller, messages::nudge{});
  run();
  BOOST_TEST(status().failures >= before.failures);
  trouble->heal();
  advance(std::chrono::seconds(70));
  BOOST_TEST((state_of(id) == entry_state::processed));
  BOOST_TEST(status().trouble == "");
}

BOOST_AUTO_TEST_CASE(files_that_cannot_be_read_for_now_are_no_bad_data) {
  trouble->only = "lake.read_files";
  const auto id = put(cowrie_line(1)), many = put(cowrie_line(2) + "\n" + cowrie_line(3), "cowrie", true);
  trouble->down = true;
  start();
  advance(std::chrono::seconds(20));
  BOOST_TEST((state_of(id) == entry_state::waiting));
  BOOST_TEST((state_of(many) == entry_state::waiting));
  trouble->heal();
  advance(std::chrono::seconds(40));
  BOOST_TEST((state_of(id) == entry_state::processed));
  BOOST_TEST((state_of(many) == entry_state::processed));
}

BOOST_AUTO_TEST_CASE(while_the_store_is_down_nothing_is_marked_and_it_goes_on_by_itself) {
  trouble->only = "commit";
  std::string text;
  for (int i = 100; i < 2000; ++i) text += cowrie_line(i) + "\n";
  std::vector<store::entry_id> ids{put(text, "cowrie", true)};
  for (int i = 0; i < 100; ++i) ids.push_back(put(cowrie_line(i)));
  trouble->down = true;
  start();
  advance(std::chrono::seconds(20));
  for (const auto& id : ids) BOOST_TEST((state_of(id) == entry_state::waiting));
  BOOST_TEST(status().failures >= 3u);
  BOOST_TEST(status().trouble != "");
  trouble->heal();
  advance(std::chrono::seconds(60));
  for (const auto& id : ids) BOOST_TEST((state_of(id) == entry_state::processed));
  BOOST_TEST(books().archived == 2000);
  BOOST_TEST(status().credit_in_use == 0u);
}

BOOST_AUTO_TEST_CASE(archive_once_ends_with_a_summary_and_force_takes_up_what_was_set_aside) {
  put(cowrie_line(1));
  put(cowrie_line(1));
  const auto unknown = put("{}", "my_tag");
  store::new_entry broken{.name = "n", .orgid = "org", .typetag = "cowrie", .sealed = "too short"};
  put(broken);
  start();
  auto answer = ask<messages::archive_summary>(poller, messages::archive_once{});
  advance(2s);
  BOOST_REQUIRE(answer->has_value());
  BOOST_TEST((*answer)->completed);
  BOOST_TEST((*answer)->archived == 1);
  BOOST_TEST((*answer)->known == 1);
  BOOST_TEST((*answer)->not_supported == 1);
  BOOST_TEST((*answer)->bad_data == 1);
  // Another module brings the sub_type into the archive: now the typetag is known.
  const auto raw = tahoe::make_raw("my_tag", tahoe::value("x"), "org", "UTC").value();
  BOOST_REQUIRE(inner.archive->import(std::span(&raw, 1)));
  answer = ask<messages::archive_summary>(poller, messages::archive_once{.force = true});
  advance(2s);
  BOOST_REQUIRE(answer->has_value());
  BOOST_TEST((*answer)->archived == 1);
  BOOST_TEST((*answer)->bad_data == 1);
  BOOST_TEST((state_of(unknown) == entry_state::processed));
  const auto b = books();
  BOOST_TEST(b.accepted == b.archived + b.known + b.set_aside + b.pending);
}

BOOST_AUTO_TEST_CASE(archive_once_says_that_the_store_is_down) {
  trouble->only = "commit";
  trouble->down = true;
  put(cowrie_line(1));
  start();
  const auto answer = ask<messages::archive_summary>(poller, messages::archive_once{});
  advance(2s);
  BOOST_REQUIRE(answer->has_value());
  BOOST_TEST(!(*answer)->completed);
  BOOST_TEST((*answer)->reason.find("commit") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(archive_once_also_waits_for_the_filters) {
  std::vector<tahoe::document> raws;
  for (int i = 0; i < 300; ++i)
    raws.push_back(
        tahoe::make_raw("sighting", tahoe::object{{"url", std::to_string(i)}}, "org", "UTC").value());
  BOOST_REQUIRE(inner.archive->import(raws));
  start();
  const auto answer = ask<messages::archive_summary>(poller, messages::archive_once{});
  advance(2s);
  BOOST_REQUIRE(answer->has_value());
  BOOST_TEST((*answer)->completed);
  BOOST_TEST(inner.archive->unfiltered_count(inner.archive->raw_sub_types().value()).value() == 0u);
}

BOOST_AUTO_TEST_CASE(a_drain_finishes_what_is_under_way_and_gives_the_rest_back) {
  std::vector<store::entry_id> ids;
  for (int i = 0; i < 2000; ++i) ids.push_back(put(cowrie_line(i)));
  options.line.units = 4;
  start();
  for (int i = 0; i < 60; ++i) scheduler.try_run_once();
  const auto answer = ask<messages::drained>(poller, messages::drain{});
  advance(1s);
  BOOST_REQUIRE(answer->has_value());
  BOOST_TEST((*answer)->clean);
  std::size_t done = 0, waiting = 0;
  for (const auto& id : ids) {
    done += state_of(id) == entry_state::processed;
    waiting += state_of(id) == entry_state::waiting;
  }
  BOOST_TEST(done + waiting == ids.size());
  BOOST_TEST(waiting > 0u);
  BOOST_TEST(inner.lake->take({}).value().size() == waiting);  // nothing stays taken
}

BOOST_AUTO_TEST_SUITE_END()
