#include "actors/intake.hpp"

#include <boost/test/unit_test.hpp>

#include "actors/lake_writer.hpp"
#include "tests/fixtures/archive_line.hpp"

using namespace cybexd;
using namespace cybexd::tests;

namespace {

using answer = std::shared_ptr<std::optional<expected<messages::submitted>>>;

struct intake_fixture : archive_line_fixture {
  messages::intake_actor intake;
  messages::lake_writer_actor writer;
  int arrivals = 0;
  int asked = 0;
  std::vector<std::string> trouble_told;

  void start_intake(actors::intake_options settings = {}) {
    actors::intake_partners with;
    with.who = [this](const messages::submission& what) -> expected<std::string> {
      ++asked;
      if (what.token != "good") return fail(failure::not_allowed, "bad token");
      return "org-" + what.org;
    };
    with.key = crypto::public_key::of(test_key());
    with.lake_writer = writer = keep(actors::spawn_lake_writer(system, stores.lake, metrics));
    with.arrived = [this] { ++arrivals; };
    with.now = [] { return 5.0; };
    with.told = [this](const std::string& what) { trouble_told.push_back(what); };
    intake = keep(actors::spawn_intake(system, settings, with, metrics));
  }
  ~intake_fixture() {
    intake = messages::intake_actor{};
    writer = messages::lake_writer_actor{};
  }

  answer submit(const std::string& text, const std::string& token = "good") {
    messages::submission what;
    what.token = token;
    what.name = "file";
    what.org = "o";
    what.typetag = "cowrie";
    what.text = text;
    auto got = std::make_shared<std::optional<expected<messages::submitted>>>();
    const auto callback = [got](expected<messages::submitted> a) { *got = std::move(a); };
    act::post(intake,
              messages::submit{std::make_shared<const messages::submission>(what),
                               std::make_shared<messages::reply_once<messages::submitted>>(callback)});
    return got;
  }
  static failure kind(const answer& a) { return a->value().error().kind; }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(intake, intake_fixture)

BOOST_AUTO_TEST_CASE(without_its_writer_it_ends) {
  start_intake();
  caf::anon_send_exit(writer, caf::exit_reason::kill);
  run();
  BOOST_TEST(has_ended(intake));
}

BOOST_AUTO_TEST_CASE(an_upload_is_sealed_durable_and_announced) {
  start_intake();
  const auto got = submit("hello");
  run();
  BOOST_REQUIRE(got->has_value() && got->value().has_value());
  const auto report = inner.lake->find(got->value()->id).value();
  BOOST_TEST(report->entry.orgid == "org-o");
  BOOST_TEST(report->entry.timestamp == 5.0);
  const std::vector<store::entry_id> ids{got->value()->id};
  const auto files = inner.lake->read_files(ids).value();
  BOOST_TEST(crypto::open_envelope(test_key(), *files.front()).value() == "hello");
  BOOST_TEST(arrivals == 1);
}

BOOST_AUTO_TEST_CASE(who_may_not_is_told_so_and_nothing_is_kept) {
  start_intake();
  const auto got = submit("hello", "bad");
  run();
  BOOST_TEST((kind(got) == failure::not_allowed));
  BOOST_TEST(books().accepted == 0);
}

BOOST_AUTO_TEST_CASE(uploads_that_come_during_a_write_share_the_next_one) {
  start_intake();
  std::vector<answer> answers;
  for (int i = 0; i < 100; ++i) answers.push_back(submit(std::to_string(i)));
  run();
  for (const auto& a : answers) BOOST_TEST(a->value().has_value());
  BOOST_TEST(books().accepted == 100);
  BOOST_TEST(trouble->calls() <= 10u);
}

BOOST_AUTO_TEST_CASE(one_write_holds_so_many_bytes_or_one_upload) {
  start_intake({.bytes_together = 10'000});
  int writes = 0;
  trouble->on_call = [&writes](std::string_view call) { writes += call == "lake.put" ? 1 : 0; };
  std::vector<answer> answers;
  for (int i = 0; i < 60; ++i) answers.push_back(submit(std::string(1'000, 'x')));
  for (int i = 0; i < 3; ++i) answers.push_back(submit(std::string(20'000, 'x')));
  run();
  for (const auto& a : answers) BOOST_TEST(a->value().has_value());
  BOOST_TEST((writes >= 9 && writes <= 11), writes << " writes");
}

BOOST_AUTO_TEST_CASE(beyond_the_budget_it_is_overloaded_at_once) {
  start_intake({.requests = 5, .bytes = 1000});
  std::vector<answer> answers;
  for (int i = 0; i < 8; ++i) answers.push_back(submit("x"));
  for (int i = 0; i < 8; ++i) scheduler.try_run_once();
  run();
  std::size_t refused = 0;
  for (const auto& a : answers)
    if (!a->value()) refused += kind(a) == failure::overloaded;
  BOOST_TEST(refused + books().accepted == 8u);
  const auto large = submit(std::string(100'000, 'x'));  // alone it may be larger than the budget
  run();
  BOOST_TEST(large->value().has_value());
}

BOOST_AUTO_TEST_CASE(while_the_lake_is_down_it_says_so_and_goes_on_when_it_is_back) {
  start_intake();
  trouble->down = true;
  std::vector<answer> answers;
  for (int i = 0; i < 10; ++i) answers.push_back(submit("x"));
  run();
  for (const auto& a : answers) BOOST_TEST((kind(a) == failure::unavailable));
  trouble->heal();
  const auto got = submit("y");
  run();
  BOOST_TEST(got->value().has_value());
  BOOST_TEST(books().accepted == 1);
}

BOOST_AUTO_TEST_CASE(draining_answers_what_it_has_and_takes_nothing_new) {
  start_intake();
  const auto before = submit("x");
  const auto done = ask<messages::drained>(intake, messages::drain{});
  run();
  BOOST_TEST(before->value().has_value());
  BOOST_REQUIRE(done->has_value());
  const auto after = submit("y");
  run();
  BOOST_TEST((kind(after) == failure::overloaded));
}

BOOST_AUTO_TEST_CASE(an_outage_is_told_and_found_to_be_over_without_an_upload) {
  trouble->only = "lake.";
  start_intake();
  trouble->down = true;
  const auto refused = submit("x");
  run();
  BOOST_TEST((kind(refused) == failure::unavailable));
  BOOST_REQUIRE(trouble_told.size() == 1u);
  BOOST_TEST(trouble_told.back().find("cache data lake") != std::string::npos);
  const auto before = trouble->calls();
  advance(std::chrono::minutes(10));
  // 1, 2, 4, then every 5 seconds: it goes on looking, and not more often.
  const auto tries = trouble->calls() - before;
  BOOST_TEST((tries > 100 && tries < 130), tries << " tries");
  BOOST_TEST(!trouble_told.back().empty());
  BOOST_TEST(arrivals == 0);
  trouble->heal();
  advance(std::chrono::seconds(6));
  BOOST_TEST(trouble_told.back() == "");
  BOOST_TEST(arrivals == 1);  // the archive line may have waited for the same
  const auto calm = trouble->calls();
  advance(std::chrono::minutes(1));
  BOOST_TEST(trouble->calls() == calm);
  const auto got = submit("y");
  run();
  BOOST_TEST(got->value().has_value());
}

BOOST_AUTO_TEST_SUITE_END()
