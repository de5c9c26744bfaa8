// The archive writer alone: when it commits, what each asker is told, and what an outage leaves.
#include "actors/archive_writer.hpp"

#include <boost/test/unit_test.hpp>

#include "tests/fixtures/actor_system.hpp"

using namespace cybexd;
using namespace std::chrono_literals;
using messages::work_committed;
using outcome = work_committed::outcome;

namespace {

/// Marks everything, unless a test wants something else. Remembers how much came at once.
struct committed final : store::committer {
  std::vector<std::size_t> batches;
  std::optional<error> problem;
  bool throws = false;

  expected<std::vector<store::entry_mark>> commit(std::vector<store::entry_work> batch) override {
    if (throws) throw std::runtime_error("it fell over");
    if (problem) return fail(*problem);
    batches.push_back(batch.size());
    std::vector<store::entry_mark> marks;
    for (auto& work : batch) marks.push_back(std::move(work.mark));
    return marks;
  }
};

struct writer : tests::actor_system_fixture {
  using answer = std::shared_ptr<std::optional<work_committed>>;
  using sizes = std::vector<std::size_t>;
  actors::telemetry metrics{"test"};
  std::shared_ptr<committed> kept = std::make_shared<committed>();
  messages::archive_writer_actor actor = keep(actors::spawn_archive_writer(system, {}, kept, metrics));
  int given = 0;

  writer() { actors::set_log_sink({}); }

  /// So many entries with so many records each; they are numbered through.
  answer give(int entries, std::size_t records = 1, bool alone = false) {
    auto work = std::make_shared<std::vector<store::entry_work>>();
    for (int i = 0; i < entries; ++i) {
      work->emplace_back().mark.id = std::to_string(given++);
      work->back().records.resize(records);
    }
    auto got = ask<work_committed>(actor, messages::commit_work{std::move(work), alone});
    run();
    return got;
  }
  static std::string ids(const answer& of) {
    std::string text;
    BOOST_REQUIRE(of->has_value() && (*of)->marks);
    for (const auto& mark : *(*of)->marks) text += mark.id + " ";
    return text;
  }
  bool up(const std::string& value) {
    return metrics.render().find("cybexd_store_up{store=\"archive\"} " + value) != std::string::npos;
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(archive_writer, writer)

BOOST_AUTO_TEST_CASE(little_work_is_committed_together_20_ms_after_the_first) {
  const auto first = give(2);
  advance(15ms);
  const auto second = give(1);
  advance(4ms);
  BOOST_TEST(!first->has_value());
  BOOST_TEST(kept->batches.empty());
  advance(1ms);
  BOOST_TEST(kept->batches == sizes{3}, boost::test_tools::per_element());
  BOOST_TEST(((*first)->what == outcome::durable));
  BOOST_TEST(ids(first) == "0 1 ");
  BOOST_TEST(ids(second) == "2 ");
}

BOOST_AUTO_TEST_CASE(as_many_entries_as_it_gathers_are_committed_at_once) {
  const auto most = give(1023);
  BOOST_TEST(!most->has_value());
  const auto last = give(1);
  BOOST_TEST(kept->batches == sizes{1024}, boost::test_tools::per_element());
  BOOST_TEST(most->has_value());
  BOOST_TEST(ids(last) == "1023 ");
}

BOOST_AUTO_TEST_CASE(as_many_records_as_it_gathers_are_committed_at_once) {
  BOOST_TEST(!give(1, 2047)->has_value());
  BOOST_TEST(give(1)->has_value());
  BOOST_TEST(kept->batches == sizes{2}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(the_timer_of_what_is_committed_does_not_hurry_what_comes_next) {
  give(1);
  advance(10ms);
  give(1023);  // that is a batch
  advance(1ms);
  const auto next = give(1);
  advance(19ms);
  BOOST_TEST(!next->has_value());
  advance(1ms);
  BOOST_TEST(next->has_value());
}

BOOST_AUTO_TEST_CASE(what_is_suspected_goes_alone) {
  const auto before = give(2), alone = give(1, 1, true);
  BOOST_TEST(kept->batches == (sizes{2, 1}), boost::test_tools::per_element());
  BOOST_TEST(ids(before) == "0 1 ");
  BOOST_TEST(ids(alone) == "2 ");
}

BOOST_AUTO_TEST_CASE(an_outage_is_told_to_everybody_and_nothing_is_kept) {
  kept->problem = error{failure::unavailable, "the disk is away"};
  const auto one = give(1), two = give(1);
  advance(20ms);
  for (const auto& answer : {one, two}) {
    BOOST_REQUIRE(answer->has_value());
    BOOST_TEST(((*answer)->what == outcome::unavailable));
    BOOST_TEST((*answer)->reason == "the disk is away");
    BOOST_TEST(!(*answer)->marks);
  }
  BOOST_TEST(up("0"));
  kept->problem.reset();
  const auto again = give(1);
  advance(20ms);
  BOOST_TEST(((*again)->what == outcome::durable));
  BOOST_TEST(kept->batches == sizes{1}, boost::test_tools::per_element());
  BOOST_TEST(up("1"));
}

BOOST_AUTO_TEST_CASE(a_store_that_refuses_or_throws_is_an_answer) {
  kept->problem = error{failure::bad_input, "too large"};
  const auto refused = give(1, 1, true);
  BOOST_TEST(((*refused)->what == outcome::refused));
  BOOST_TEST((*refused)->reason == "too large");
  BOOST_TEST(up("1"));
  kept->throws = true;
  const auto thrown = give(1, 1, true);
  BOOST_REQUIRE(thrown->has_value());
  BOOST_TEST(((*thrown)->what == outcome::refused));
  BOOST_TEST((*thrown)->reason == "it fell over");
  kept->throws = false;
  kept->problem.reset();
  BOOST_TEST(((*give(1, 1, true))->what == outcome::durable));  // it lives
}

BOOST_AUTO_TEST_SUITE_END()
