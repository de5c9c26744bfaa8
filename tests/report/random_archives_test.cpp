// Random archives: the reports against a scan of everything, and against an archive that holds only what is
// visible.
#include <boost/test/unit_test.hpp>
#include <cstdlib>

#include "report/answer.hpp"
#include "report/threatrank.hpp"
#include "tahoe/json.hpp"
#include "tahoe/store/stores.hpp"
#include "tests/fixtures/golden.hpp"
#include "tests/report/brute_force.hpp"

using namespace cybexd;

namespace {

/// `CYBEXD_RANDOM_ARCHIVES` sets how many; the seed of archive i is i, or `CYBEXD_RANDOM_SEED` for one alone.
std::vector<std::uint64_t> seeds(std::uint64_t count) {
  if (const char* one = std::getenv("CYBEXD_RANDOM_SEED")) return {std::strtoull(one, nullptr, 10)};
  if (const char* text = std::getenv("CYBEXD_RANDOM_ARCHIVES")) count = std::strtoull(text, nullptr, 10);
  std::vector<std::uint64_t> out;
  for (std::uint64_t i = 1; i <= count; ++i) out.push_back(i);
  BOOST_TEST_MESSAGE("seeds 1 to " << count);
  return out;
}

std::shared_ptr<store::archive_store> stored(const fixtures::documents& all) {
  auto archive = store::make_memory().archive;
  std::vector<tahoe::document> list;
  for (const auto& [hash, d] : all) list.push_back(d);
  BOOST_REQUIRE(archive->import(list));
  return archive;
}

tahoe::value ready_data(const std::string& type, const tahoe::value& query,
                        const std::vector<std::string>& orgs, store::archive_view& view) {
  auto made = report::answer(type, query, {"", true, {false, orgs}}, view, fixtures::random_now);
  BOOST_REQUIRE(made);
  BOOST_REQUIRE_MESSAGE(made->ready, tahoe::to_json(made->report.data));
  return std::move(made->report.data);
}

std::string shown_list(const brute_force::world& w, const brute_force::hashes& found,
                       const report::query& asked) {
  tahoe::array out;
  for (const auto& hash : found) {
    auto d = w.all.at(hash);
    if (asked.only && *asked.only != d.kind) continue;
    if (d.kind == tahoe::itype::session)
      std::erase_if(d.ref, [&](const auto& part) {
        return w.all.at(part).kind == tahoe::itype::event && !w.sees(w.all.at(part));
      });
    out.push_back(tahoe::to_value(d));
  }
  return fixtures::unordered(out);
}

std::string shown_summary(const brute_force::world& w, const brute_force::hashes& found,
                          const report::query& asked) {
  std::map<std::string, tahoe::array> groups;
  const auto steps = brute_force::distances(w, found, *asked.attribute);
  for (const auto& hash : found) {
    const auto& d = w.all.at(hash);
    if (d.kind != tahoe::itype::attribute) continue;
    groups[d.sub_type].push_back(
        asked.summary_graph ? tahoe::array{d.data, static_cast<std::int64_t>(steps.at(hash) + 1)} : d.data);
  }
  tahoe::object out;
  for (auto& [sub_type, items] : groups) out.emplace_back(sub_type, std::move(items));
  return fixtures::unordered(out);
}

std::string answer_of_related(const report::query& asked, tahoe::value data) {
  if (asked.summary_graph)
    for (auto& [sub_type, items] : *data.get_if<tahoe::object>())
      for (auto& item : *items.get_if<tahoe::array>()) {
        auto& pair = *item.get_if<tahoe::array>();
        const auto& way = *pair[1].get_if<tahoe::array>();
        BOOST_CHECK_EQUAL(*way.front().text(), sub_type + "=attribute");
        BOOST_CHECK_EQUAL(*way.back().text(), asked.sub_type + "=attribute");
        pair[1] = static_cast<std::int64_t>(way.size());
      }
  return fixtures::unordered(data);
}

void check_count_and_related(const brute_force::world& w, fixtures::random_archive& random,
                             store::archive_view& view) {
  const auto counted = random.query("count");
  auto asked = report::read_query(report::query_type::count, counted, fixtures::random_now).value();
  BOOST_CHECK_EQUAL(*ready_data("count", counted, w.orgs, view).get_if<std::int64_t>(),
                    static_cast<std::int64_t>(brute_force::matching(w, asked).size()));

  const auto query = random.query("related");
  asked = report::read_query(report::query_type::related, query, fixtures::random_now).value();
  const auto data = answer_of_related(asked, ready_data("related", query, w.orgs, view));
  const auto found = brute_force::related(w, asked);
  const bool lists = !asked.summary && !asked.summary_graph;
  const auto wanted = lists ? shown_list(w, found, asked) : shown_summary(w, found, asked);
  BOOST_CHECK_MESSAGE(data == wanted, tahoe::to_json(query));
}

void check_rank(brute_force::ranks& ranks, const brute_force::world& w, fixtures::random_archive& random,
                store::archive_view& view) {
  const auto& event = random.pick(random.events);
  const int edges = 2 * (random.below(3) + 1);
  const report::rank_options options{0.998, edges, random.one_in(4), random.one_in(2) ? 0u : 1'000'000u};
  const auto rank = report::threatrank(event, {false, w.orgs}, view, fixtures::random_now, options, {});
  BOOST_REQUIRE_EQUAL(rank.has_value(), ranks.knows(event));
  const auto wanted = ranks.rank(event, edges);
  if (!wanted) return;
  BOOST_CHECK_MESSAGE(
      *wanted == 0 ? rank->rank == 0 : std::abs(rank->rank - *wanted) <= 1e-12 * std::abs(*wanted),
      rank->rank << " for " << *wanted);
}

/// What the archive would be if the events of other organisations had never been.
fixtures::documents only_visible(const brute_force::world& w) {
  fixtures::documents out;
  for (const auto& [hash, d] : w.all) {
    if (d.kind != tahoe::itype::event || !w.sees(d)) continue;
    out.emplace(hash, d);
    for (const auto& part : d.ref) out.emplace(part, w.all.at(part));
  }
  for (const auto& [hash, d] : w.all) {
    if (d.kind != tahoe::itype::session) continue;
    auto session = d;
    std::erase_if(session.ref, [&](const auto& part) {
      return w.all.at(part).kind == tahoe::itype::event && !w.sees(w.all.at(part));
    });
    for (const auto& part : session.ref) out.emplace(part, w.all.at(part));
    out.emplace(hash, session);
  }
  return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(random_archives)

BOOST_AUTO_TEST_CASE(answers_equal_those_of_a_scan) {
  for (auto seed : seeds(300)) BOOST_TEST_CONTEXT("seed " << seed) {
      fixtures::random_archive random(seed);
      const auto archive = stored(random.all);
      const auto view = archive->view();
      const brute_force::world w{random.all, random.some_orgs()};
      brute_force::ranks ranks(w, fixtures::random_now);
      for (int i = 0; i < 20; ++i) {
        check_count_and_related(w, random, **view);
        if (i % 4 == 0) check_rank(ranks, w, random, **view);
      }
    }
}

BOOST_AUTO_TEST_CASE(answers_are_as_if_nothing_else_existed) {
  for (auto seed : seeds(150)) BOOST_TEST_CONTEXT("seed " << seed) {
      fixtures::random_archive random(seed, 100);
      const brute_force::world w{random.all, random.some_orgs()};
      const auto whole = stored(random.all), visible = stored(only_visible(w));
      const auto view = whole->view(), narrow = visible->view();
      for (int i = 0; i < 20; ++i) {
        const std::string type = i % 10 == 0 ? "threatrank" : i % 3 == 0 ? "count" : "related";
        const auto query = random.query(type);
        const auto one =
            report::answer(type, query, {"u", true, {false, w.orgs}}, **view, fixtures::random_now);
        const auto other =
            report::answer(type, query, {"u", true, {false, w.orgs}}, **narrow, fixtures::random_now);
        BOOST_REQUIRE(one && other);
        BOOST_CHECK_EQUAL(one->ready, other->ready);
        BOOST_CHECK_MESSAGE(
            tahoe::to_json(tahoe::to_value(one->report)) == tahoe::to_json(tahoe::to_value(other->report)),
            tahoe::to_json(query));
      }
    }
}

BOOST_AUTO_TEST_SUITE_END()
