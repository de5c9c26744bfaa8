#include "report/rank_memory.hpp"

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <thread>

#include "report/threatrank.hpp"
#include "tests/fixtures/archive_homes.hpp"
#include "tests/fixtures/random_archive.hpp"

using namespace cybexd;
using tests::must;

namespace {

constexpr double now = 1'620'000'000;
const report::rank_options whole{0.998, 6, false, 0};  // never near

/// Events a, b, ... in a row that share an attribute with the next one.
struct chain {
  tests::temp_dir folder;
  std::shared_ptr<store::rocksdb_archive> archive = tests::open_archive(folder / "store", 4);

  static tests::event_plan plan(int i, tahoe::category category, const std::string& orgid = "org1") {
    tests::event_plan p;
    p.orgid = orgid;
    p.timestamp = now - 86'400 * 3.5 - i;
    p.category = category;
    p.attributes = {tests::attribute("url", "link " + std::to_string(i)),
                    tests::attribute("url", "link " + std::to_string(i + 1))};
    return p;
  }
  tahoe::hash256 add(const tests::event_plan& p) {
    static int number = 0;
    must(archive->write(std::vector{tests::record_with("r" + std::to_string(++number), p)}));
    return tests::make_parts(p).back().hash;
  }
};

double rank(const tahoe::hash256& event, store::archive_view& view, report::rank_memory& memory,
            const store::visibility& who = {true, {}}, double at = now) {
  return must(report::threatrank(event, who, view, at, whole, memory, {})).rank;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(rank_memory)

BOOST_AUTO_TEST_CASE(a_graph_serves_until_the_archive_changes) {
  chain c;
  report::rank_memory memory;
  const auto a = c.add(chain::plan(0, tahoe::category::unknown));
  const auto b = c.add(chain::plan(1, tahoe::category::benign));
  const auto before = must(c.archive->view());
  BOOST_TEST(rank(a, *before, memory) == 0);
  BOOST_TEST(rank(b, *before, memory) == 0);
  BOOST_TEST(rank(a, *must(c.archive->view()), memory) == 0);
  BOOST_TEST(memory.counted().read == 1u);
  BOOST_TEST(memory.counted().kept == 2u);

  c.add(chain::plan(2, tahoe::category::malicious));
  const auto after = must(c.archive->view());
  const double w = std::pow(0.998, 3) / 2;
  BOOST_CHECK_CLOSE(rank(b, *after, memory), -w / 2, 1e-10);
  BOOST_CHECK_CLOSE(rank(a, *after, memory), -w * w / 4, 1e-10);
  // The answer is that of its view, not of the last one.
  BOOST_TEST(rank(b, *before, memory) == 0);
  BOOST_CHECK_CLOSE(rank(b, *after, memory), -w / 2, 1e-10);
}

BOOST_AUTO_TEST_CASE(a_graver_category_of_an_event_that_was_there_is_a_change) {
  chain c;
  report::rank_memory memory;
  const auto a = c.add(chain::plan(0, tahoe::category::unknown));
  c.add(chain::plan(1, tahoe::category::unknown));
  BOOST_TEST(rank(a, *must(c.archive->view()), memory) == 0);
  // The same event again, from another record.
  c.add(chain::plan(1, tahoe::category::malicious));
  BOOST_TEST(rank(a, *must(c.archive->view()), memory) < 0);
}

BOOST_AUTO_TEST_CASE(events_whose_parts_come_later_are_a_change) {
  chain c;
  report::rank_memory memory;
  const auto a = c.add(chain::plan(0, tahoe::category::unknown));
  const auto parts = tests::make_parts(chain::plan(1, tahoe::category::malicious));
  BOOST_TEST(rank(a, *must(c.archive->view()), memory) == 0);
  must(c.archive->import(std::vector{parts.back()}));
  const auto early = rank(a, *must(c.archive->view()), memory);
  must(c.archive->import(parts));
  report::rank_memory fresh;
  BOOST_TEST(early < 0);
  BOOST_TEST(rank(a, *must(c.archive->view()), memory) == rank(a, *must(c.archive->view()), fresh));
}

BOOST_AUTO_TEST_CASE(each_sees_the_graph_of_their_organisations) {
  chain c;
  report::rank_memory memory;
  const auto a = c.add(chain::plan(0, tahoe::category::unknown));
  c.add(chain::plan(1, tahoe::category::malicious, "org2"));
  const auto view = must(c.archive->view());
  for (int i = 0; i < 3; ++i) {
    BOOST_TEST(rank(a, *view, memory, {false, {"org1"}}) == 0);
    BOOST_TEST(rank(a, *view, memory, {false, {"org1", "org2"}}) < 0);
    BOOST_TEST(rank(a, *view, memory, {false, {"org2", "org1", "org2"}}) < 0);
    BOOST_TEST(rank(a, *view, memory, {true, {"org1"}}) < 0);
  }
  BOOST_TEST(memory.counted().read == 3u);
  BOOST_TEST(memory.counted().kept == 9u);
}

BOOST_AUTO_TEST_CASE(sums_are_those_of_the_asked_time_and_decay) {
  fixtures::random_archive random(5);
  const tests::temp_dir folder;
  const auto archive = tests::open_archive(folder / "store", 4);
  std::vector<tahoe::document> all;
  for (const auto& [hash, d] : random.all) all.push_back(d);
  must(archive->import(all));
  const auto view = must(archive->view());
  report::rank_memory memory;
  for (int i = 0; i < 200; ++i) {
    const auto& event = random.pick(random.events);
    const double at = fixtures::random_now + random.below(4) * 40'000.5 - random.below(2) * 1e6;
    const report::rank_options options{random.one_in(3) ? 0.9 : 0.998, 6, false, 0};
    report::rank_memory fresh;
    const auto kept = must(report::threatrank(event, {true, {}}, *view, at, options, memory, {}));
    BOOST_TEST(kept.rank == must(report::threatrank(event, {true, {}}, *view, at, options, fresh, {})).rank);
  }
  BOOST_TEST(memory.counted().read == 1u);
}

BOOST_AUTO_TEST_CASE(no_more_is_kept_than_allowed) {
  fixtures::random_archive random(6, 200);
  const tests::temp_dir folder;
  const auto archive = tests::open_archive(folder / "store", 4);
  std::vector<tahoe::document> all;
  for (const auto& [hash, d] : random.all) all.push_back(d);
  must(archive->import(all));
  const auto view = must(archive->view());
  report::rank_memory measured;
  const auto event = *std::find_if(random.events.begin(), random.events.end(), [&](const auto& hash) {
    return random.all.at(hash).category != tahoe::category::malicious;
  });
  (void)report::threatrank(event, {true, {}}, *view, now, whole, measured, {});
  const auto one = measured.bytes();
  BOOST_TEST(one > 0u);
  report::rank_memory memory(one * 8);
  for (int i = 0; i < 50; ++i) {
    auto who = store::visibility{false, {random.org(0), random.org(1), random.org(2)}};
    who.orgids.push_back("nobody's " + std::to_string(i));
    (void)report::threatrank(event, who, *view, now, whole, memory, {});
    BOOST_TEST(memory.bytes() <= one * 8);
  }
  BOOST_TEST(memory.counted().read == 50u);
}

BOOST_AUTO_TEST_CASE(who_waits_for_a_turn_may_give_up) {
  chain c;
  report::rank_memory memory;
  const auto a = c.add(chain::plan(0, tahoe::category::unknown));
  const auto view = must(c.archive->view());
  expected<report::rank_result> other;
  std::atomic<int> asked = 0;
  const auto done = memory.with_graph({true, {}}, *view, {}, [&](report::whole_graph&) -> expected<void> {
    std::thread waiting([&] {
      const auto its_view = must(c.archive->view());
      other = report::threatrank(a, {true, {}}, *its_view, now, whole, memory, [&]() -> expected<void> {
        if (++asked < 3) return {};
        return fail(failure::timed_out, "the report took longer than it may");
      });
    });
    waiting.join();
    return {};
  });
  BOOST_TEST(done.has_value());
  BOOST_REQUIRE(!other);
  BOOST_TEST((other.error().kind == failure::timed_out));
  BOOST_TEST(rank(a, *view, memory) == 0);
}

BOOST_AUTO_TEST_SUITE_END()
