#include "report/threatrank.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <map>

#include "report/answer.hpp"
#include "tahoe/store/stores.hpp"
#include "tests/fixtures/golden.hpp"

using namespace cybexd;
using fixtures::at;
using fixtures::list_at;
using fixtures::text_at;

namespace {

struct small_graph {
  std::shared_ptr<store::archive_store> archive = store::make_memory().archive;
  std::map<std::string, tahoe::hash256> events;

  explicit small_graph(const tahoe::array& nodes) {
    std::vector<tahoe::document> documents;
    for (const auto& node : nodes) {
      std::vector<tahoe::document> parts;
      for (const auto& name : list_at(node, "attributes"))
        parts.push_back(tahoe::make_attribute("hostname", name).value());
      std::vector<const tahoe::document*> children;
      for (const auto& part : parts) children.push_back(&part);
      double room = 0;
      const tahoe::event_fields fields{text_at(node, "org"),
                                       *at(node, "timestamp").number(room),
                                       *tahoe::category_from(text_at(node, "category")),
                                       {},
                                       {}};
      // The id keeps events with equal attributes apart.
      auto event = tahoe::make_event("sighting_" + text_at(node, "id"), children, fields).value();
      events[text_at(node, "id")] = event.hash;
      documents.insert(documents.end(), parts.begin(), parts.end());
      documents.push_back(std::move(event));
    }
    BOOST_REQUIRE(archive->import(documents));
  }
};

store::visibility who_of(const tahoe::value& c) {
  store::visibility who;
  for (const auto& org : list_at(c, "visible_orgs")) who.orgids.push_back(*org.text());
  return who;
}

void check_case(const tahoe::value& c, std::uint64_t near_visits) {
  const small_graph graph(list_at(c, "events"));
  const auto view = graph.archive->view();
  double room = 0;
  const double now = *at(c, "now").number(room);
  const report::rank_options options{0.998, static_cast<int>(*at(c, "max_edges").get_if<std::int64_t>()),
                                     true, near_visits};
  report::rank_memory memory;
  for (const auto& [id, wanted] : *at(c, "ranks").get_if<tahoe::object>()) {
    const auto found = report::threatrank(graph.events.at(id), who_of(c), **view, now, options, memory, {});
    if (wanted.is_null()) {
      BOOST_CHECK(!found && found.error().kind == failure::not_found);
      continue;
    }
    BOOST_REQUIRE_MESSAGE(found, id << ": " << (found ? "" : found.error().text));
    const double rank = *at(wanted, "rank").number(room);
    if (rank == 0) {
      BOOST_CHECK(found->rank == 0 && !std::signbit(found->rank));
    } else {
      BOOST_CHECK_MESSAGE(std::abs(found->rank - rank) <= 1e-12 * std::abs(rank),
                          id << ": " << found->rank << " for " << rank);
    }
    const auto* paths = at(wanted, "paths").number(room);
    BOOST_CHECK(paths == nullptr ? !found->paths : found->paths == *paths);
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(threatrank)

BOOST_AUTO_TEST_CASE(every_golden_case_near_and_in_one_pass) {
  const auto golden = fixtures::golden("threatrank");
  const auto& cases = list_at(golden, "cases");
  BOOST_CHECK_EQUAL(cases.size(), 80u);
  for (const auto& c : cases) {
    check_case(c, 1'000'000);
    check_case(c, 0);
  }
}

// The rank was -0.0, which has another report's hash than 0.0.
BOOST_AUTO_TEST_CASE(a_path_from_so_long_ago_that_nothing_is_left_ranks_zero) {
  const auto node = [](const char* id, double timestamp, const char* category) {
    return tahoe::object{{"id", id},
                         {"attributes", tahoe::array{"a.example"}},
                         {"org", "org1"},
                         {"timestamp", timestamp},
                         {"category", category}};
  };
  const small_graph graph({node("old", -1e15, "malicious"), node("asked", 0, "unknown")});
  const auto view = graph.archive->view();
  for (const std::uint64_t near_visits : {0u, 1'000'000u}) {
    report::rank_memory memory;
    const auto found = report::threatrank(graph.events.at("asked"), {true, {}}, **view, 0,
                                          {0.998, 6, true, near_visits}, memory, {});
    BOOST_REQUIRE(found);
    BOOST_TEST((found->paths && *found->paths == 1));
    BOOST_TEST(found->rank == 0);
    BOOST_TEST(!std::signbit(found->rank));
  }
}

BOOST_AUTO_TEST_CASE(unknown_invisible_and_no_event_are_one_text) {
  const auto golden = fixtures::golden("threatrank");
  const auto& c = list_at(golden, "cases").front();
  const small_graph graph(list_at(c, "events"));
  const auto view = graph.archive->view();
  const auto attribute = tahoe::make_attribute("hostname", "a1").value().hash;
  const auto event = graph.events.begin()->second;
  const auto text = [&](const tahoe::hash256& hash, const store::visibility& who) {
    const auto made = report::answer("threatrank", tahoe::object{{"_hash", crypto::to_hex(hash)}},
                                     {"", true, who}, **view, 1);
    BOOST_REQUIRE(made && !made->ready);
    auto said = *made->report.data.text();
    const auto place = said.find(crypto::to_hex(hash));
    return place == std::string::npos ? said : said.erase(place, 64);
  };
  const auto unknown = text(tahoe::hash256{}, {true, {}});
  BOOST_CHECK_EQUAL(unknown, text(attribute, {true, {}}));
  BOOST_CHECK_EQUAL(unknown, text(event, {}));
}

BOOST_AUTO_TEST_CASE(hash_is_read_in_either_case) {
  const auto golden = fixtures::golden("threatrank");
  const auto& c = list_at(golden, "cases").front();
  const small_graph graph(list_at(c, "events"));
  const auto view = graph.archive->view();
  auto hash = crypto::to_hex(graph.events.begin()->second);
  for (auto& digit : hash) digit = static_cast<char>(std::toupper(digit));
  const auto made =
      report::answer("threatrank", tahoe::object{{"_hash", hash}}, {"", true, {true, {}}}, **view, 1);
  BOOST_REQUIRE(made);
  BOOST_CHECK(made->ready);
}

BOOST_AUTO_TEST_CASE(a_deadline_ends_it_with_its_reason) {
  const auto golden = fixtures::golden("threatrank");
  const auto& c = list_at(golden, "cases").front();
  const small_graph graph(list_at(c, "events"));
  const auto view = graph.archive->view();
  const report::go_on over = []() -> expected<void> {
    return fail(failure::timed_out, "the report took too long");
  };
  const auto made =
      report::answer("threatrank", tahoe::object{{"_hash", crypto::to_hex(graph.events.begin()->second)}},
                     {"", true, {true, {}}}, **view, 1, {}, over);
  BOOST_REQUIRE(made);
  BOOST_CHECK(!made->ready);
  BOOST_CHECK_EQUAL(*made->report.data.text(), "the report took too long");
}

BOOST_AUTO_TEST_SUITE_END()
