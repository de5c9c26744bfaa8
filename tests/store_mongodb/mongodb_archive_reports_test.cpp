// How few commands reports over the archive on MongoDB take, the end of the look counted in.
#include <boost/test/unit_test.hpp>

#include "report/answer.hpp"
#include "tahoe/store/memory_archive.hpp"
#include "tests/fixtures/archive_on_mongodb.hpp"

namespace cybexd::tests {

using namespace store;

namespace {

constexpr double now = 2'000'000'000;

/// Forty sessions of six log-ins each, from the same address; every fifth log-in belongs to the next session,
/// too, and every eleventh is another organisation's.
std::vector<record_write> sessions() {
  std::vector<record_write> batch;
  for (int i = 0; i < 240; ++i) {
    event_plan plan;
    plan.timestamp = 1'500'000'000 + i * 60;
    plan.orgid = i % 11 == 0 ? "org2" : "org1";
    plan.attributes = {attribute("ipv4", "10.0.0.1"), attribute("filename", "f" + std::to_string(i)),
                       attribute("url", "http://u" + std::to_string(i % 50))};
    auto w = record_with(std::to_string(i), plan);
    const auto event = w.filtered->product.documents.back().hash;
    for (int more = 0; more < (i % 5 == 0 ? 2 : 1); ++more) {
      const auto id = "s" + std::to_string((i + more) % 40);
      w.filtered->product.documents.push_back(attribute("sessionid", id));
      w.filtered->product.sessions.push_back({session_of(id), {event}});
    }
    batch.push_back(std::move(w));
  }
  return batch;
}

struct commands_of_reports {
  archive_on_mongodb on;
  std::shared_ptr<archive_store> memory = make_memory_archive();
  report::made_report made;

  commands_of_reports() {
    const auto batch = sessions();
    for (auto* archive : {on.archive.get(), memory.get()}) write(*archive, batch);
  }

  /// What a ready report took; it is the one over the archive in memory.
  std::uint64_t ask(const std::string& type, const tahoe::object& query) {
    const report::asker who{"u", true, {false, {"org1"}}};
    const auto before = on.commands();
    {
      auto view = must(on.archive->view());
      made = must(report::answer(type, query, who, *view, now));
    }
    const auto took = on.commands() - before;
    BOOST_REQUIRE_MESSAGE(made.ready, text_of(made.report));
    auto view = must(memory->view());
    BOOST_TEST(text_of(made.report) == text_of(must(report::answer(type, query, who, *view, now)).report));
    return took;
  }
};

tahoe::object hub(tahoe::object more = {}) {
  tahoe::object query{{"sub_type", "ipv4"}, {"data", "10.0.0.1"}};
  query.insert(query.end(), more.begin(), more.end());
  return query;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(mongodb_archive_reports, *with_mongodb())

BOOST_AUTO_TEST_CASE(a_count_takes_two_commands) {
  commands_of_reports reports;
  for (const auto* context : {"all", "malicious", "unknown"}) {
    BOOST_TEST(reports.ask("count", hub({{"context", context}, {"from", "1500000000"}})) <= 2u);
  }
  BOOST_TEST(reports.ask("count", hub()) <= 2u);
  BOOST_TEST((reports.made.report.data == tahoe::value(std::int64_t{218})));
  BOOST_TEST(reports.ask("count", {{"sub_type", "ipv4"}, {"data", "10.9.9.9"}}) <= 2u);
}

BOOST_AUTO_TEST_CASE(a_page_of_related_takes_six) {
  commands_of_reports reports;
  for (const int page : {1, 7, 24, 99}) {
    for (const int level : {1, 2, 3}) {
      for (const auto& shape :
           {tahoe::object{}, tahoe::object{{"summary", false}},
            tahoe::object{{"summary", false}, {"from", "1500000600"}, {"to", "1500007200"}},
            tahoe::object{{"summary_graph", true}}}) {
        auto query = hub({{"level", level}, {"page", page}});
        query.insert(query.end(), shape.begin(), shape.end());
        BOOST_TEST_CONTEXT(tahoe::to_json(query)) { BOOST_TEST(reports.ask("related", query) <= 6u); }
      }
    }
  }
  BOOST_TEST(reports.ask("related", {{"sub_type", "filename"}, {"data", "f7"}, {"level", 3}}) <= 6u);
}

// Where more events stand at one instant than are read beyond a page, one more is needed.
BOOST_AUTO_TEST_CASE(a_page_within_one_instant_takes_one_more) {
  archive_on_mongodb on;
  std::vector<record_write> batch;
  for (int i = 0; i < 60; ++i) {
    auto plan = simple_plan();
    plan.attributes.push_back(attribute("filename", "f" + std::to_string(i)));
    batch.push_back(record_with(std::to_string(i), plan));
  }
  write(*on.archive, batch);
  const tahoe::object query{{"sub_type", "ipv4"}, {"data", "10.0.0.1"}, {"page", 3}, {"level", 2}};
  const auto before = on.commands();
  {
    auto view = must(on.archive->view());
    BOOST_TEST(must(report::answer("related", query, {"u", true, {false, {"org1"}}}, *view, now)).ready);
  }
  BOOST_TEST(on.commands() - before <= 6u);
}

BOOST_AUTO_TEST_CASE(a_rank_takes_a_few_commands_a_step) {
  commands_of_reports reports;
  std::uint64_t asked = 0;
  std::size_t ranks = 0;
  for (const auto& d : all_of(*reports.on.archive)) {
    if (d.kind != tahoe::itype::event || d.orgid != "org1" || ++ranks > 3) continue;
    asked += reports.ask("threatrank", {{"_hash", crypto::to_hex(d.hash)}});
  }
  BOOST_TEST(ranks > 3u);
  // For each the event, three steps of counting and reading, the end; or the whole archive.
  BOOST_TEST(asked <= 3 * 16u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace cybexd::tests
