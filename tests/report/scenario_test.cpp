#include <boost/test/unit_test.hpp>
#include <optional>
#include <queue>

#include "report/answer.hpp"
#include "tests/fixtures/fresh_archive.hpp"
#include "tests/fixtures/scenario.hpp"

using namespace cybexd;
using fixtures::at;
using fixtures::text_at;

namespace {

struct case_runner {
  tests::fresh_archive home;
  fixtures::scenario world{home.archive};
  std::map<std::string, std::pair<std::int64_t, std::int64_t>>
      first_pages;  ///< Report hash -> pages of the first query that made it.

  std::pair<report::made_report, std::string> run(const tahoe::value& c, const tahoe::value& data) {
    auto view = world.archive->view();
    BOOST_REQUIRE(view);
    const auto& email = text_at(c, "user");
    const report::asker who{world.users.at(email), true, world.visibility_of(email)};
    double room = 0;
    auto made = report::answer(text_at(c, "type"), data, who, **view, *at(world.golden, "now").number(room));
    BOOST_REQUIRE(made);
    return {std::move(*made), email};
  }
};

tahoe::value without_order_of_paths(tahoe::value data) {
  for (auto& [sub_type, items] : *data.get_if<tahoe::object>())
    for (auto& item : *items.get_if<tahoe::array>()) {
      auto& pair = *item.get_if<tahoe::array>();
      pair[1] = static_cast<std::int64_t>(
          pair[1].get_if<tahoe::array>()->size());  // of equally short paths any will do
    }
  return data;
}

std::string comparable(const tahoe::value& data, bool graph) {
  return fixtures::unordered(graph ? without_order_of_paths(data) : data);
}

bool is_true(const tahoe::value& v, std::string_view key) {
  const auto* found = v.find(key);
  return found != nullptr && found->get_if<bool>() != nullptr && *found->get_if<bool>();
}

std::int64_t page_of(const tahoe::document& report, std::string_view key) {
  return *at(tahoe::to_value(report), key).get_if<std::int64_t>();
}

}  // namespace

CYBEXD_CONFORMANCE_SUITE(scenario)

BOOST_AUTO_TEST_CASE(every_golden_case) {
  case_runner runner;
  const auto& cases = fixtures::list_at(runner.world.golden, "cases");
  BOOST_CHECK_EQUAL(cases.size(), 240u);
  for (const auto& c : cases)
    BOOST_TEST_CONTEXT(tahoe::to_json(at(c, "data")) << text_at(c, "type") << text_at(c, "user")) {
      const auto decoded = tahoe::decanonical(text_at(c, "canonical"));
      BOOST_REQUIRE(decoded);
      const auto [made, email] = runner.run(c, *decoded);
      BOOST_CHECK(!made.trouble);
      const bool graph = is_true(at(c, "data"), "summary_graph");
      if (is_true(c, "original_crashed")) {
        BOOST_CHECK(made.ready);
        BOOST_CHECK_EQUAL(tahoe::to_json(made.report.data), graph ? "{}" : "[]");
        continue;
      }
      BOOST_CHECK_EQUAL(made.ready, text_at(c, "status") == "ready");
      if (!made.ready) {
        BOOST_CHECK(made.report.data.text() != nullptr);
        BOOST_CHECK_EQUAL(page_of(made.report, "current_page"), 1);
        continue;
      }
      if (!is_true(c, "exact")) continue;
      const auto& wanted = at(c, "report");
      BOOST_CHECK_EQUAL(comparable(made.report.data, graph), comparable(at(wanted, "data"), graph));
      BOOST_CHECK_EQUAL(made.report.sub_type, text_at(wanted, "sub_type"));
      if (!graph) BOOST_CHECK_EQUAL(crypto::to_hex(made.report.hash), text_at(wanted, "_hash"));
      // What is stored are the pages of the first query with that report.
      const auto pages = runner.first_pages.emplace(
          text_at(wanted, "_hash"),
          std::pair(page_of(made.report, "current_page"), page_of(made.report, "next_page")));
      BOOST_CHECK_EQUAL(pages.first->second.first, *at(wanted, "current_page").get_if<std::int64_t>());
      BOOST_CHECK_EQUAL(pages.first->second.second, *at(wanted, "next_page").get_if<std::int64_t>());
    }
}

BOOST_AUTO_TEST_CASE(pages_together_are_complete) {
  // The cases where `exact` is false: which ten are on a page is ours to choose, but no event twice and none
  // missing.
  case_runner runner;
  std::size_t paged = 0;
  for (const auto& c : fixtures::list_at(runner.world.golden, "cases")) {
    if (is_true(c, "exact")) continue;
    ++paged;
    auto data = at(c, "data");
    data.set("level", 1);
    data.set("return_type", "event");
    data.set("summary", false);
    data.set("summary_graph", false);
    std::set<std::string> seen;
    std::int64_t page = 1;
    for (bool more = true; more; ++page) {
      data.set("page", page);
      const auto [made, email] = runner.run(c, data);
      BOOST_REQUIRE(made.ready);
      const auto& events = *made.report.data.get_if<tahoe::array>();
      BOOST_CHECK_LE(events.size(), 10u);
      for (const auto& event : events) BOOST_CHECK(seen.insert(text_at(event, "_hash")).second);
      BOOST_CHECK_EQUAL(page_of(made.report, "current_page"), page);
      BOOST_CHECK_EQUAL(page_of(made.report, "next_page"), events.empty() ? 1 : page + 1);
      more = !events.empty();
    }
    auto counted = at(c, "data");
    const auto view = runner.world.archive->view();
    const auto count = report::answer(
        "count", counted, {"", true, runner.world.visibility_of(text_at(c, "user"))}, **view, 1620000000.25);
    BOOST_REQUIRE(count && count->ready);
    BOOST_CHECK_EQUAL(static_cast<std::int64_t>(seen.size()), *count->report.data.get_if<std::int64_t>());
  }
  BOOST_CHECK_EQUAL(paged, 11u);
}

BOOST_AUTO_TEST_SUITE_END()
