// How few commands reports over the archive on MongoDB take, the end of the look counted in.
#include <boost/test/unit_test.hpp>

#include "report/answer.hpp"
#include "tests/fixtures/archive_on_mongodb.hpp"

namespace cybexd::tests {

namespace {

constexpr double now = 2'000'000'000;

/// Forty sessions of six log-ins each, from the same address.
void write_sessions(store::archive_store& archive) {
  std::vector<record_write> batch;
  for (int i = 0; i < 240; ++i) {
    event_plan plan;
    plan.timestamp = 1'500'000'000 + i * 60;
    plan.attributes = {attribute("ipv4", "10.0.0.1"), attribute("filename", "f" + std::to_string(i)),
                       attribute("url", "http://u" + std::to_string(i % 50))};
    auto w = record_with(std::to_string(i), plan);
    const auto event = w.filtered->product.documents.back().hash;
    const auto id = "s" + std::to_string(i % 40);
    w.filtered->product.documents.push_back(attribute("sessionid", id));
    w.filtered->product.sessions.push_back({session_of(id), {event}});
    batch.push_back(std::move(w));
  }
  write(archive, batch);
}

struct commands_of_reports {
  archive_on_mongodb on;
  commands_of_reports() { write_sessions(*on.archive); }

  /// What a ready report took; the report in `made`.
  std::uint64_t ask(const std::string& type, const tahoe::object& query) {
    const auto before = on.commands();
    {
      auto view = must(on.archive->view());
      made = must(report::answer(type, query, {"u", true, {false, {"org1"}}}, *view, now));
    }
    BOOST_REQUIRE_MESSAGE(made.ready, tahoe::to_json(made.report.data));
    return on.commands() - before;
  }
  report::made_report made;
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
  BOOST_TEST((reports.made.report.data == tahoe::value(std::int64_t{240})));
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
  BOOST_TEST(reports.ask("related", hub({{"level", 2}, {"summary", false}, {"return_type", "event"}})) <= 6u);
  BOOST_TEST(reports.made.report.data.get_if<tahoe::array>()->size() == 60u);  // ten sessions of six
}

BOOST_AUTO_TEST_CASE(a_rank_takes_a_few_commands_a_step) {
  commands_of_reports reports;
  const auto before = reports.on.commands();
  std::uint64_t asked = 0;
  std::size_t ranks = 0;
  for (const auto& d : all_of(*reports.on.archive)) {
    if (d.kind != tahoe::itype::event || ++ranks > 3) continue;
    asked += reports.ask("threatrank", {{"_hash", crypto::to_hex(d.hash)}});
  }
  BOOST_TEST(ranks > 3u);
  BOOST_TEST(asked <=
             3 * 16u);  // the event, three steps of counting and reading, the end; or the whole archive
  BOOST_TEST(reports.on.commands() > before);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace cybexd::tests
