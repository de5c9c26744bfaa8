// What every archive gains from the documents of another one.
#include <boost/test/unit_test.hpp>

#include "tests/fixtures/archive_homes.hpp"
#include "tests/fixtures/seed.hpp"

namespace cybexd::tests {

CYBEXD_CONFORMANCE_SUITE(archive_adoption)

BOOST_AUTO_TEST_CASE(an_archive_takes_over_what_another_one_knows_more) {
  const auto seed = seed_of_test().value;
  BOOST_TEST_CONTEXT("seed " << seed) {
    in_every_home([&](store::archive_store& behind) {
      archive_world world(seed);
      auto ahead = store::make_memory().archive;
      std::vector<record_write> first, all;
      for (int i = 0; i < 120; ++i) all.push_back(world.record());
      first.assign(all.begin(), all.begin() + 60);
      must(behind.write(first));
      must(ahead->write(all));
      const auto wanted = all_of(*ahead);
      for (int round = 0; round < 2; ++round) {  // the second changes nothing
        std::size_t stored = 0;
        for (std::size_t at = 0; at < wanted.size(); at += 50) {
          const auto batch = std::span(wanted).subspan(at, std::min<std::size_t>(50, wanted.size() - at));
          for (const auto& r : must(behind.adopt(batch))) {
            BOOST_TEST(!r.refused);
            stored += r.stored ? 1u : 0u;
          }
        }
        BOOST_TEST((stored == 0) == (round == 1));
        const auto got = all_of(behind);
        BOOST_REQUIRE_EQUAL(got.size(), wanted.size());
        for (std::size_t i = 0; i < got.size(); ++i) BOOST_TEST(text_of(got[i]) == text_of(wanted[i]));
        must(behind.check_index({[](const std::string& fault) { BOOST_ERROR(fault); }}));
        BOOST_TEST(unfiltered_in(behind) == unfiltered_in(*ahead));
        BOOST_TEST(must(behind.size()) >= wanted.size());
      }
    });
  }
}

BOOST_AUTO_TEST_CASE(an_archive_that_is_ahead_loses_nothing) {
  in_every_home([](store::archive_store& ahead) {
    auto plan = simple_plan();
    auto behind = store::make_memory().archive;
    must(behind->write(std::vector{record_with("r", plan)}));
    plan.category = tahoe::category::malicious;
    plan.malicious = {plan.attributes[0].hash};
    write(ahead, {record_with("r", plan)});
    must(ahead.write(std::vector<record_write>{{raw_of("r", "org2"), std::nullopt}}));
    const auto before = all_of(ahead);
    must(ahead.adopt(all_of(*behind)));
    const auto after = all_of(ahead);
    BOOST_REQUIRE_EQUAL(before.size(), after.size());
    for (std::size_t i = 0; i < before.size(); ++i) BOOST_TEST(text_of(after[i]) == text_of(before[i]));
  });
}

BOOST_AUTO_TEST_CASE(an_archive_refuses_what_an_import_would) {
  in_every_home([](store::archive_store& archive) {
    const auto report = must(tahoe::make_report("count", std::int64_t{1}, "user", 1, 1, 1));
    auto results = must(archive.adopt(std::vector{report, attribute("port", std::int64_t{1})}));
    BOOST_TEST((results[0].refused && !results[0].stored));
    BOOST_TEST((!results[1].refused && results[1].stored));
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace cybexd::tests
