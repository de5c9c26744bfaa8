// A session so large that a list of its documents fits into no report: the summary is there, the list says
// what to ask for instead, and says so before everything is read.
#include <boost/test/unit_test.hpp>

#include "report/answer.hpp"
#include "report/related.hpp"
#include "tahoe/json.hpp"
#include "tests/fixtures/embedded_archive.hpp"

using namespace cybexd;
using tests::must;

namespace {

constexpr std::size_t events = 6000, shared = 40;
constexpr double now = 1'700'000'000;
const std::string org(64, 'a');

/// One session; each event holds the hub, forty attributes that all hold, and one of its own.
struct large_session {
  tests::temp_dir folder;
  std::shared_ptr<store::rocksdb_archive> archive =
      must(store::rocksdb_archive::open(tests::open_home(folder / "store")));

  large_session() {
    const auto id = tests::attribute("sessionid", "s");
    auto session = must(tahoe::make_session("cowrie_session", {&id}));
    std::vector<tahoe::document> batch{id};
    tests::event_plan plan;
    plan.orgid = org;
    plan.attributes = {tests::attribute("asn", "hub")};
    for (std::size_t i = 0; i < shared; ++i)
      plan.attributes.push_back(tests::attribute("domain", "d" + std::to_string(i)));
    for (std::size_t i = 0; i < events; ++i) {
      auto one = plan;
      one.timestamp = now - 1 - static_cast<double>(i);
      one.attributes.push_back(tests::attribute("username", "u" + std::to_string(i)));
      for (auto& d : tests::make_parts(one)) batch.push_back(std::move(d));
      session.ref.push_back(batch.back().hash);
    }
    std::sort(session.ref.begin(), session.ref.end());
    batch.push_back(std::move(session));
    (void)must(archive->import(batch));
  }

  struct answer {
    report::made_report made;
    std::uint64_t rows = 0;
  };
  answer ask(tahoe::value query) const {
    query.set("sub_type", "asn");
    query.set("data", "hub");
    auto view = must(archive->view());
    auto made = must(report::answer("related", query, {"u", true, {false, {org}}}, *view, now));
    return {std::move(made), view->rows_read()};
  }
};

std::size_t items(const tahoe::value& data, std::string_view sub_type) {
  return data.find(sub_type)->get_if<tahoe::array>()->size();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(related_size)

BOOST_AUTO_TEST_CASE(what_fits_is_there_and_what_does_not_says_what_to_ask_for) {
  const large_session world;
  const auto summary = world.ask(tahoe::object{{"level", 2}});
  BOOST_REQUIRE(summary.made.ready);
  BOOST_TEST(items(summary.made.report.data, "username") == events);
  BOOST_TEST(items(summary.made.report.data, "domain") == shared);

  const auto list = world.ask(tahoe::object{{"level", 2}, {"summary", false}});
  BOOST_REQUIRE(!list.made.ready);
  BOOST_TEST(*list.made.report.data.text() ==
             "the report would be larger than the 16 MiB that one may have; ask for a lower level, one "
             "return_type, the summary, or a shorter range (from, to, last)");
  const auto of_events = world.ask(tahoe::object{{"level", 2}, {"summary", false}, {"return_type", "event"}});
  BOOST_TEST(
      *of_events.made.report.data.text() ==
      "the report would be larger than the 16 MiB that one may have; ask for a lower level, the summary, "
      "or a shorter range (from, to, last)");
  BOOST_TEST(of_events.rows < summary.rows);  // it ends before all is read

  const auto attributes =
      world.ask(tahoe::object{{"level", 2}, {"summary", false}, {"return_type", "attribute"}});
  BOOST_REQUIRE(attributes.made.ready);
  BOOST_TEST(attributes.made.report.data.get_if<tahoe::array>()->size() == events + shared + 1);
  BOOST_TEST(world.ask(tahoe::object{{"level", 2}, {"summary", false}, {"last", "1000 s"}}).made.ready);
  BOOST_TEST(world.ask(tahoe::object{{"summary", false}}).made.ready);
}

BOOST_AUTO_TEST_CASE(no_more_is_offered_than_helps) {
  report::query asked;
  asked.level = 1;
  asked.summary = true;
  BOOST_TEST(report::too_large_text(asked).ends_with("; ask for a shorter range (from, to, last)"));
  asked.summary_graph = true;
  BOOST_TEST(
      report::too_large_text(asked).ends_with("ask for the summary, or a shorter range (from, to, last)"));
  asked.summary = asked.summary_graph = false;
  asked.only = tahoe::itype::event;
  asked.level = 3;
  BOOST_TEST(report::too_large_text(asked).ends_with(
      "ask for a lower level, the summary, or a shorter range (from, to, last)"));
}

// Symptom: the session documents of a summary were read, though it says nothing of them, and its attributes
// in the order of hashes, which is no order of the disk: a session of 200,000 events took 13 s.
BOOST_AUTO_TEST_CASE(a_summary_reads_each_document_a_few_times_at_most) {
  const large_session world;
  const auto rows = world.ask(tahoe::object{{"level", 2}}).rows;
  BOOST_TEST_MESSAGE(rows << " rows for " << events << " events with an attribute each");
  BOOST_TEST(rows < 5 * events);
}

BOOST_AUTO_TEST_SUITE_END()
