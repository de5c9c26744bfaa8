// How few commands reports over the archive on MongoDB take, the end of the look counted in.
#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <functional>

#include "report/answer.hpp"
#include "tahoe/store/memory_archive.hpp"
#include "tests/fixtures/archive_on_mongodb.hpp"

namespace cybexd::tests {

using namespace store;

namespace {

constexpr double now = 2'000'000'000;

/// Forty sessions of log-ins from the same address, so many of them in each instant; every fifth log-in
/// belongs to the next session, too, and every eleventh is another organisation's.
std::vector<record_write> sessions(int seconds_apart = 60, bool in_sessions = true, int events = 240,
                                   int at_once = 1) {
  std::vector<record_write> batch;
  for (int i = 0; i < events; ++i) {
    event_plan plan;
    plan.timestamp = 1'500'000'000 + i / at_once * seconds_apart;
    plan.orgid = i % 11 == 0 ? "org2" : "org1";
    plan.attributes = {attribute("ipv4", "10.0.0.1"), attribute("filename", "f" + std::to_string(i)),
                       attribute("url", "http://u" + std::to_string(i % 50))};
    auto w = record_with(std::to_string(i), plan);
    const auto event = w.filtered->product.documents.back().hash;
    for (int more = 0; in_sessions && more < (i % 5 == 0 ? 2 : 1); ++more) {
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

  std::shared_ptr<archive_store> archive = on.archive;                         ///< The one that is asked ...
  std::function<std::uint64_t()> commands = [this] { return on.commands(); };  ///< ... and its commands.

  explicit commands_of_reports(const std::vector<record_write>& batch = sessions()) {
    for (auto* one : {on.archive.get(), memory.get()}) write(*one, batch);
  }
  commands_of_reports(const commands_of_reports&) = delete;
  commands_of_reports& operator=(const commands_of_reports&) = delete;

  /// What a ready report took; it is the one over the archive in memory.
  std::uint64_t ask(const std::string& type, const tahoe::object& query) {
    const report::asker who{"u", true, {false, {"org1"}}};
    const auto before = commands();
    {
      auto view = must(archive->view());
      made = must(report::answer(type, query, who, *view, now));
    }
    const auto took = commands() - before;
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

// A feed gives its records one time. Where more events stand at one instant than are read beyond a page, one
// more question finds the page, but where their sessions are followed twice.
BOOST_AUTO_TEST_CASE(a_page_within_one_instant_takes_six) {
  for (const bool in_sessions : {false, true}) {
    commands_of_reports reports(sessions(0, in_sessions));
    for (const int level : {1, 2, 3}) {
      for (const int page : {1, 2, 11, 22, 23}) {
        const auto query = hub({{"level", level}, {"page", page}, {"summary", false}});
        BOOST_TEST_CONTEXT(tahoe::to_json(query)) { BOOST_TEST(reports.ask("related", query) <= 6u); }
      }
    }
  }
}

// Each page at each level, in one shape of the three; CYBEXD_TEST_EVERY_SHAPE=1 asks for all of them.
BOOST_AUTO_TEST_CASE(a_page_across_instants_of_hundreds_takes_six) {
  commands_of_reports reports(sessions(60, true, 700, 230));  // at 210, 419 and 628 the instants change
  const std::vector<tahoe::object> shapes{
      {{"summary", false}}, {{"summary_graph", true}}, {{"from", "1500000060"}, {"to", "1500000120"}}};
  const std::size_t of_each = std::getenv("CYBEXD_TEST_EVERY_SHAPE") == nullptr ? 1 : shapes.size();
  std::size_t next = 0;
  for (const int page : {1, 2, 21, 22, 42, 43, 63, 64}) {
    for (const int level : {1, 2, 3}) {
      for (std::size_t i = 0; i < of_each; ++i, ++next) {
        const auto& shape = shapes[next % shapes.size()];
        auto query = hub({{"level", level}, {"page", page}});
        query.insert(query.end(), shape.begin(), shape.end());
        BOOST_TEST_CONTEXT(tahoe::to_json(query)) { BOOST_TEST(reports.ask("related", query) <= 6u); }
      }
    }
    ++next;  // another shape for each level
  }
}

// Old data holds documents twice, and its index is a plain one.
BOOST_AUTO_TEST_CASE(a_page_over_doubles_takes_six) {
  commands_of_reports reports;
  auto doubled = std::make_shared<archive_on_mongodb>(false);
  for (const auto& d : all_of(*reports.on.archive)) {
    doubled->insert(d);
    if (d.kind == tahoe::itype::event || d.kind == tahoe::itype::session) doubled->insert(d);
  }
  doubled->open();
  reports.archive = doubled->archive;
  reports.commands = [doubled] { return doubled->commands(); };
  for (const int level : {1, 2, 3}) {
    for (const int page : {1, 7, 24}) {
      const auto query = hub({{"level", level}, {"page", page}, {"summary", false}});
      BOOST_TEST_CONTEXT(tahoe::to_json(query)) { BOOST_TEST(reports.ask("related", query) <= 6u); }
    }
  }
  BOOST_TEST(reports.ask("count", hub()) <= 2u);
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
