// One attribute in 200,000 events: every type of report over it is exact, reads little, and is there in time.
//
// The events come in pairs that share a url; of each pair the first is malicious. All hold the hub and an
// attribute of their own, and are ten days old. So everything can be counted by hand.
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <cmath>

#include "report/answer.hpp"
#include "report/threatrank.hpp"
#include "tahoe/json.hpp"
#include "tests/fixtures/embedded_archive.hpp"

using namespace cybexd;
using tests::must;

namespace {

constexpr std::size_t hub_events = 200'000;
constexpr double now = 1'700'000'000, first_time = now - 10.5 * 86'400;
const std::string org(64, 'a'), other_org(64, 'b');

tests::event_plan plan_of(std::size_t i) {
  tests::event_plan plan;
  plan.orgid = org;
  plan.timestamp = first_time + 0.001 * static_cast<double>(i);
  plan.category = i % 2 == 0 ? tahoe::category::malicious : tahoe::category::unknown;
  plan.attributes = {tests::attribute("asn", "hub"), tests::attribute("url", "pair " + std::to_string(i / 2)),
                     tests::attribute("username", "u" + std::to_string(i))};
  if (i % 4 == 1) plan.benign = {plan.attributes[0].hash};
  return plan;
}

tahoe::hash256 event_hash(std::size_t i) { return tests::make_parts(plan_of(i)).back().hash; }

/// Made once for all cases, with the grain of a server. Ten events are a session.
struct hub_archive {
  tests::temp_dir folder;
  std::shared_ptr<store::rocksdb_archive> archive =
      must(store::rocksdb_archive::open(tests::open_home(folder / "store")));

  hub_archive() {
    std::vector<tahoe::document> batch;
    for (std::size_t i = 0; i < hub_events; i += 10) {
      auto id = tests::attribute("sessionid", "s" + std::to_string(i));
      auto session = must(tahoe::make_session("cowrie_session", {&id}));
      for (std::size_t k = i; k < i + 10; ++k) {
        for (auto& d : tests::make_parts(plan_of(k))) batch.push_back(std::move(d));
        session.ref.push_back(batch.back().hash);
      }
      std::sort(session.ref.begin(), session.ref.end());
      batch.push_back(std::move(id));
      batch.push_back(std::move(session));
      if (batch.size() < 20'000 && i + 10 < hub_events) continue;
      for (const auto& one : must(archive->import(batch))) BOOST_REQUIRE(!one.refused);
      batch.clear();
    }
  }
};

struct hub_fixture {
  static hub_archive& made() {
    static hub_archive one;
    return one;
  }

  report::report_options options;
  std::uint64_t rows = 0;

  /// A ready report within a server's deadline, and the rows read for it.
  tahoe::value ask(const std::string& type, const tahoe::value& query) {
    auto view = must(made().archive->view());  // before the deadline: the first one makes the archive
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    const report::go_on keep_going = [deadline]() -> expected<void> {
      if (std::chrono::steady_clock::now() < deadline) return {};
      return fail(failure::timed_out, "the report took longer than it may");
    };
    auto answered =
        must(report::answer(type, query, {"u", true, {false, {org}}}, *view, now, options, keep_going));
    BOOST_REQUIRE_MESSAGE(answered.ready, tahoe::to_json(answered.report.data));
    rows = view->rows_read();
    return std::move(answered.report.data);
  }

  static tahoe::value query() { return tahoe::object{{"sub_type", "asn"}, {"data", "hub"}}; }
  static tahoe::value query_with(const std::string& key, const tahoe::value& v) {
    auto q = query();
    q.set(key, v);
    return q;
  }
  std::int64_t count(const tahoe::value& q) { return *ask("count", q).get_if<std::int64_t>(); }
};

constexpr long double half = hub_events / 2, all = hub_events;

long double expected_rank() {
  const long double w = std::pow(0.998L, 10) / 3;
  return -(w + (half - 1) * w * w / all + (half - 1) * w * w * w / (4 * all));
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(hub, hub_fixture)

BOOST_AUTO_TEST_CASE(counts_are_exact_and_read_few_rows) {
  BOOST_TEST(count(query()) == 200'000);
  BOOST_TEST(rows < 60u);
  BOOST_TEST(count(query_with("category", "malicious")) == 100'000);
  BOOST_TEST(count(query_with("context", "benign")) == 50'000);
  BOOST_TEST(count(query_with("context", "unknown")) == 150'000);
  BOOST_TEST(count(query_with("category", "benign")) == 0);
  for (const std::size_t from : {0u, 1u, 77u, 4'095u, 99'999u, 199'999u})
    for (const std::size_t length : {1u, 10u, 300u, 5'000u, 123'456u}) {
      const auto end = std::min(from + length, hub_events);
      auto q = query();
      q.set("from", std::to_string(first_time + 0.001 * static_cast<double>(from) - 0.0004));
      q.set("to", std::to_string(first_time + 0.001 * static_cast<double>(end - 1) + 0.0004));
      BOOST_TEST(count(q) == static_cast<std::int64_t>(end - from));
      // At the ends of the range two small buckets are walked and some nodes on the way to them are read.
      BOOST_TEST(rows < 2 * 256 + 60u);
    }
}

BOOST_AUTO_TEST_CASE(any_page_shows_its_ten_events_and_reads_little_more) {
  for (const std::size_t page : {1u, 2u, 777u, 10'000u, 19'999u, 20'000u}) {
    auto q = query_with("page", static_cast<std::int64_t>(page));
    q.set("return_type", "event");
    q.set("summary", false);
    const auto shown = ask("related", q);
    const auto& events = *shown.get_if<tahoe::array>();
    BOOST_REQUIRE_EQUAL(events.size(), 10u);
    for (std::size_t i = 0; i < 10; ++i)
      BOOST_TEST(*events[i].find("_hash")->text() ==
                 crypto::to_hex(event_hash(hub_events - 1 - (page - 1) * 10 - i)));
    BOOST_TEST(rows < 256 + 250u);
  }
  BOOST_TEST(tahoe::to_json(ask("related", query_with("page", 20'001))) == "{}");
  const auto summary = ask("related", query_with("page", 20'000));
  BOOST_TEST(summary.find("username")->get_if<tahoe::array>()->size() == 10u);
  BOOST_TEST(summary.find("url")->get_if<tahoe::array>()->size() == 5u);
}

BOOST_AUTO_TEST_CASE(higher_levels_read_what_they_show) {
  for (const std::int64_t level : {2, 3})
    for (const std::int64_t page : {1, 9'000, 20'000}) {
      auto q = query_with("page", page);
      q.set("level", level);
      const auto summary = ask("related", q);
      BOOST_TEST(summary.find("username")->get_if<tahoe::array>()->size() == 10u);
      BOOST_TEST(rows < 256 + 450u);
      q.set("summary_graph", true);
      BOOST_TEST(ask("related", q).find("asn")->get_if<tahoe::array>()->size() == 1u);
    }
}

BOOST_AUTO_TEST_CASE(ranks_are_exact) {
  for (const std::size_t i : {1u, 100'001u, 199'999u}) {
    const auto data = ask("threatrank", tahoe::object{{"_hash", crypto::to_hex(event_hash(i))}});
    double room = 0;
    const long double rank = *data.number(room);
    BOOST_TEST(static_cast<double>(std::abs(rank / expected_rank() - 1)) < 1e-12);
  }
  BOOST_TEST(tahoe::to_json(ask("threatrank", tahoe::object{{"_hash", crypto::to_hex(event_hash(0))}})) ==
             "-1.0");
  BOOST_TEST(options.ranks->counted().read == 1u);
  BOOST_TEST(options.ranks->counted().kept == 2u);

  const auto view = made().archive->view();
  const report::rank_options counting{0.998, 6, true, std::nullopt};
  const auto found =
      must(report::threatrank(event_hash(1), {false, {org}}, **view, now, counting, *options.ranks, {}));
  BOOST_TEST(found.paths.value() == hub_events / 2 + 1 + 3 * (hub_events / 2 - 1));
  BOOST_TEST(must(report::threatrank(event_hash(1), {false, {org}}, **view, now,
                                     {0.998, 2, true, std::nullopt}, *options.ranks, {}))
                 .paths.value() == hub_events / 2 + 1);
}

BOOST_AUTO_TEST_CASE(a_rank_that_was_cut_off_anywhere_spoils_no_later_one) {
  const auto view = made().archive->view();
  report::rank_memory memory;
  int failed = 0;
  for (int steps = 0;; steps += 1 + steps / 8) {
    int left = steps;
    const report::go_on keep_going = [&left]() -> expected<void> {
      if (left-- > 0) return {};
      return fail(failure::timed_out, "the report took longer than it may");
    };
    const auto cut = report::threatrank(event_hash(1), {false, {org}}, **view, now, {}, memory, keep_going);
    if (!cut) {
      BOOST_REQUIRE(cut.error().kind == failure::timed_out);
      ++failed;
      continue;
    }
    BOOST_TEST(static_cast<double>(std::abs(cut->rank / expected_rank() - 1)) < 1e-12);
    break;
  }
  BOOST_TEST(failed > 10);
  const auto again = must(report::threatrank(event_hash(3), {false, {org}}, **view, now, {}, memory, {}));
  BOOST_TEST(static_cast<double>(std::abs(again.rank / expected_rank() - 1)) < 1e-12);
}

BOOST_AUTO_TEST_CASE(more_than_the_memory_allows_is_a_failed_report) {
  const auto view = made().archive->view();
  report::rank_memory small(std::size_t{4} << 20);
  const auto found = report::threatrank(event_hash(1), {false, {org}}, **view, now, {}, small, {});
  BOOST_REQUIRE(!found);
  BOOST_TEST((found.error().kind == failure::too_large));
  BOOST_TEST(small.bytes() == 0u);
}

BOOST_AUTO_TEST_CASE(who_sees_none_of_it_counts_none) {
  auto view = must(made().archive->view());
  const auto none = must(report::answer("count", query(), {"u", true, {false, {other_org}}}, *view, now));
  BOOST_TEST(tahoe::to_json(none.report.data) == "0");
  BOOST_TEST(view->rows_read() < 60u);
}

BOOST_AUTO_TEST_SUITE_END()
