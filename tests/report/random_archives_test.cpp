// Random archives: the reports against a scan of everything, and against an archive that holds only what is
// visible.
#include <boost/test/unit_test.hpp>
#include <cstdlib>

#include "report/answer.hpp"
#include "report/threatrank.hpp"
#include "tahoe/json.hpp"
#include "tahoe/store/stores.hpp"
#include "tests/fixtures/embedded_archive.hpp"
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

std::vector<tahoe::document> list_of(const fixtures::documents& all) {
  std::vector<tahoe::document> out;
  for (const auto& [hash, d] : all) out.push_back(d);
  return out;
}

std::shared_ptr<store::archive_store> stored(const fixtures::documents& all) {
  auto archive = store::make_memory().archive;
  BOOST_REQUIRE(archive->import(list_of(all)));
  return archive;
}

/// An embedded archive with a small grain, so that the counted index is a tree already.
class embedded {
 public:
  embedded(const fixtures::documents& all, std::uint64_t seed)
      : archive(tests::open_archive(folder_ / "store", 1 + seed % 9)) {
    BOOST_REQUIRE(archive->import(list_of(all)));
  }

 private:
  tests::temp_dir folder_;

 public:
  std::shared_ptr<store::archive_store> archive;  // closed before the folder goes
};

tahoe::value ready_data(const std::string& type, const tahoe::value& query,
                        const std::vector<std::string>& orgs, store::archive_view& view) {
  auto made = report::answer(type, query, {"", true, {false, orgs}}, view, fixtures::random_now);
  BOOST_REQUIRE(made);
  BOOST_REQUIRE_MESSAGE(made->ready, tahoe::to_json(made->report.data));
  return std::move(made->report.data);
}

std::string shown_list(const brute_force::world& w, const brute_force::hashes& found,
                       const brute_force::asked_query& asked) {
  tahoe::array out;
  for (const auto& hash : found) {
    auto d = w.all.at(hash);
    if (asked.return_type != "all" && asked.return_type != tahoe::to_string(d.kind)) continue;
    if (d.kind == tahoe::itype::session)
      std::erase_if(d.ref, [&](const auto& part) {
        return w.all.at(part).kind == tahoe::itype::event && !w.sees(w.all.at(part));
      });
    out.push_back(tahoe::to_value(d));
  }
  return fixtures::unordered(out);
}

std::string shown_summary(const brute_force::world& w, const brute_force::hashes& found,
                          const brute_force::asked_query& asked) {
  std::map<std::string, tahoe::array> groups;
  const auto attribute = asked.attribute(w.all);
  if (!attribute) return fixtures::unordered(tahoe::object{});
  const auto steps = brute_force::distances(w, found, *attribute);
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

std::string answer_of_related(const brute_force::asked_query& asked, tahoe::value data) {
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

void check_count(const brute_force::world& w, const tahoe::value& query, store::archive_view& view) {
  const brute_force::asked_query asked(query);
  BOOST_CHECK_EQUAL(*ready_data("count", query, w.orgs, view).get_if<std::int64_t>(),
                    static_cast<std::int64_t>(brute_force::matching(w, asked).size()));
}

void check_related(const brute_force::world& w, tahoe::value query, store::archive_view& view) {
  for (int level = 1; level <= 3; ++level) {
    query.set("level", level);
    const brute_force::asked_query asked(query);
    const auto data = answer_of_related(asked, ready_data("related", query, w.orgs, view));
    const auto found = brute_force::related(w, asked);
    const bool lists = !asked.summary && !asked.summary_graph;
    const auto wanted = lists ? shown_list(w, found, asked) : shown_summary(w, found, asked);
    BOOST_CHECK_MESSAGE(data == wanted, tahoe::to_json(query));
  }
}

/// How many ranks were compared, and how many have too many paths to walk.
struct rank_tally {
  std::size_t compared = 0, skipped = 0;
};

void check_rank(brute_force::ranks& ranks, const brute_force::world& w, fixtures::random_archive& random,
                store::archive_view& view, report::rank_memory& memory, rank_tally& tally) {
  const auto& event = random.pick(random.events);
  const int edges = 2 * (random.below(3) + 1);
  const std::uint64_t visits = random.one_in(2) ? 0 : 1'000'000;
  const report::rank_options options{0.998, edges, random.one_in(4), visits};
  const auto rank =
      report::threatrank(event, {false, w.orgs}, view, fixtures::random_now, options, memory, {});
  BOOST_REQUIRE_EQUAL(rank.has_value(), ranks.knows(event));
  if (!rank) return;
  const auto wanted = ranks.rank(event, edges);
  ++(wanted ? tally.compared : tally.skipped);
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
  rank_tally tally;
  for (auto seed : seeds(60)) BOOST_TEST_CONTEXT("seed " << seed) {
      fixtures::random_archive random(seed);
      const auto memory = stored(random.all);
      const embedded disk(random.all, seed);
      const auto memory_view = memory->view(), disk_view = disk.archive->view();
      const brute_force::world w{random.all, random.some_orgs()};
      brute_force::ranks ranks(w, fixtures::random_now);
      report::rank_memory kept, none;
      for (int i = 0; i < 20; ++i) {
        const auto counted = random.query("count"), related = random.query("related");
        check_count(w, counted, **disk_view);
        check_related(w, related, **disk_view);
        check_rank(ranks, w, random, **disk_view, kept, tally);
        if (i % 4 != 0) continue;
        check_count(w, counted, **memory_view);
        check_related(w, related, **memory_view);
        check_rank(ranks, w, random, **memory_view, none, tally);
      }
    }
  BOOST_TEST_MESSAGE(tally.compared << " ranks compared, " << tally.skipped
                                    << " have too many paths to walk");
  BOOST_TEST(tally.skipped < tally.compared / 4);
}

BOOST_AUTO_TEST_CASE(answers_are_as_if_nothing_else_existed) {
  for (auto seed : seeds(40)) BOOST_TEST_CONTEXT("seed " << seed) {
      fixtures::random_archive random(seed, 100);
      const brute_force::world w{random.all, random.some_orgs()};
      const embedded whole(random.all, seed), visible(only_visible(w), seed + 1);
      const auto view = whole.archive->view(), narrow = visible.archive->view();
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
