// Each home's archive against the one in memory, which is plain enough to be believed: the same random
// writes, then every question that can be asked.
#include <boost/test/unit_test.hpp>

#include "tahoe/store/memory_archive.hpp"
#include "tests/fixtures/archive_world.hpp"
#include "tests/fixtures/compared_archive.hpp"
#include "tests/fixtures/same_archives.hpp"

namespace cybexd::tests {

namespace {

void write_both(store::archive_store& a, store::archive_store& b, const std::vector<record_write>& batch) {
  const auto left = must(a.write(batch)), right = must(b.write(batch));
  BOOST_REQUIRE_EQUAL(left.size(), right.size());
  for (std::size_t i = 0; i < left.size(); ++i) {
    BOOST_REQUIRE(left[i].raw == right[i].raw);
    BOOST_REQUIRE_EQUAL(left[i].known, right[i].known);
  }
}

}  // namespace

CYBEXD_CONFORMANCE_SUITE(archive_random)

BOOST_AUTO_TEST_CASE(written_records_give_the_same_archive) {
  for (const auto threshold : compared_archive::thresholds()) {
    for (std::uint64_t seed = 1; seed <= compared_archive::seeds; ++seed) {
      BOOST_TEST_CONTEXT("threshold " << threshold << ", seed " << seed) {
        archive_world world(seed);
        auto memory = store::make_memory_archive();
        compared_archive other(threshold);
        for (int round = 0; round < 12; ++round) {
          std::vector<record_write> batch;
          for (std::size_t i = 1 + world.below(compared_archive::records); i-- > 0;)
            batch.push_back(world.record());
          write_both(*memory, *other, batch);
          if (world.chance(0.2)) other.reopen();
          if (round % 4 == 3) same_archives(*memory, *other, world, compared_archive::questions / 3);
        }
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(imports_in_any_order_give_the_same_archive) {
  for (std::uint64_t seed = 11; seed < 11 + 2 * compared_archive::seeds; ++seed) {
    BOOST_TEST_CONTEXT("seed " << seed) {
      archive_world world(seed);
      auto source = store::make_memory_archive(), memory = store::make_memory_archive();
      compared_archive other(1 + world.below(20));
      std::vector<record_write> batch;
      for (std::size_t i = 0; i < 4 * compared_archive::records; ++i) batch.push_back(world.record());
      must(source->write(batch));
      auto documents = all_of(*source);
      if (seed % 2 == 0) std::shuffle(documents.begin(), documents.end(), world.engine());
      for (std::size_t begin = 0; begin < documents.size();) {
        const auto n = std::min(documents.size() - begin, 1 + world.below(100));
        const auto some = std::span(documents).subspan(begin, n);
        const auto left = must(memory->import(some)), right = must(other->import(some));
        for (std::size_t i = 0; i < n; ++i) {
          BOOST_TEST(left[i].stored == right[i].stored);
          BOOST_TEST(left[i].refused.has_value() == right[i].refused.has_value());
        }
        begin += n;
        if (world.chance(0.1)) same_archives(*memory, *other, world, 20);
      }
      same_archives(*memory, *other, world, compared_archive::questions);
      std::vector<record_write> more;
      for (std::size_t i = 0; i < 2 * compared_archive::records; ++i) more.push_back(world.record());
      write_both(*memory, *other, more);
      same_archives(*memory, *other, world, compared_archive::questions);
    }
  }
}

BOOST_AUTO_TEST_CASE(many_at_one_instant_are_paged_in_the_order_of_their_hashes) {
  archive_world world(21);
  auto memory = store::make_memory_archive();
  compared_archive other(16);
  constexpr auto many = compared_archive::at_one_instant;
  std::vector<record_write> batch;
  for (std::size_t i = 0; i < many; ++i) {
    event_plan p;
    p.timestamp = 1'500'000'000;
    p.orgid = "org" + std::to_string(i % 3);
    p.attributes = {attribute("method", "hub"), attribute("port", static_cast<std::int64_t>(i))};
    record_write w;
    w.raw = raw_of(std::to_string(i), p.orgid);
    w.filtered = filtered(make_parts(p));
    batch.push_back(std::move(w));
  }
  write_both(*memory, *other, batch);
  auto left = must(memory->view()), right = must(other->view());
  store::event_filter f;
  f.who.orgids = {"org0", "org2"};
  const auto hub = attribute("method", "hub").hash;
  for (std::uint64_t offset = 0; offset <= many * 2 / 3; offset += 10) {
    same_positions(must(left->page(hub, f, offset, 10)), must(right->page(hub, f, offset, 10)));
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace cybexd::tests
