// When filters first ran, for each organisation by itself, in every home.
#include <boost/test/unit_test.hpp>

#include "tahoe/filters/filter.hpp"
#include "tests/fixtures/archive_homes.hpp"
#include "tests/fixtures/seed.hpp"

namespace cybexd::tests {

using store::archive_rules::first_run_of;

namespace {

/// A sighting without a time, filtered for the organisation at `now`.
record_write sighting(const std::string& orgid, double now, const std::string& address = "10.0.0.1") {
  const auto& filter = *tahoe::filters::for_sub_type("sighting");
  record_write w;
  w.raw = must(tahoe::make_raw("sighting", tahoe::object{{"ipv4", address}}, orgid, "UTC"));
  w.filtered = store::filter_result{std::string(filter.id), filter.run(w.raw.data, {orgid, "UTC", now}), now};
  return w;
}

/// Of the organisation's events, in order.
std::vector<double> times_of(store::archive_store& archive, const std::string& orgid) {
  std::vector<double> times;
  for (const auto& d : all_of(archive))
    if (d.kind == tahoe::itype::event && d.orgid == orgid) times.push_back(d.timestamp);
  std::sort(times.begin(), times.end());
  return times;
}

document the_raw(store::archive_store& archive) { return only(archive, tahoe::itype::raw); }

using times = std::vector<double>;

}  // namespace

CYBEXD_CONFORMANCE_SUITE(archive_first_runs)

// The second organisation's sightings were dated when the first one's were.
BOOST_AUTO_TEST_CASE(a_sighting_is_dated_when_its_own_organisation_sent_it) {
  in_every_home_reopened([](archive_pointer archive, const reopen_archive& reopen) {
    write(*archive, {sighting("org1", 1000.5)});
    write(*archive, {sighting("org2", 2000.5)});
    reopen(archive);
    write(*archive, {{sighting("org3", 0).raw, std::nullopt}});
    write(*archive, {sighting("org1", 3000), sighting("org2", 3000), sighting("org3", 3000)});
    reopen(archive);
    write(*archive, {sighting("org3", 4000)});
    BOOST_TEST((times_of(*archive, "org1") == times{1000.5}));
    BOOST_TEST((times_of(*archive, "org2") == times{2000.5}));
    BOOST_TEST((times_of(*archive, "org3") == times{3000}));
    const auto raw = the_raw(*archive);
    for (const auto& [orgid, when] : {std::pair("org1", 1000.5), {"org2", 2000.5}, {"org3", 3000.0}})
      BOOST_TEST((first_run_of(raw, orgid) == when));
    BOOST_TEST((!first_run_of(raw, "org4")));
    must(archive->check_index({[](const std::string& fault) { BOOST_ERROR(fault); }}));
  });
}

BOOST_AUTO_TEST_CASE(organisations_of_one_batch_have_their_own_times) {
  in_every_home([](store::archive_store& archive) {
    write(archive, {sighting("org1", 10), sighting("org2", 20), sighting("org1", 30), sighting("org2", 40)});
    BOOST_TEST((times_of(archive, "org1") == times{10}));
    BOOST_TEST((times_of(archive, "org2") == times{20}));
    write(archive, {sighting("org3", 50), sighting("org4", 60)});
    BOOST_TEST((times_of(archive, "org3") == times{50}));
    BOOST_TEST((times_of(archive, "org4") == times{60}));
  });
}

BOOST_AUTO_TEST_CASE(what_an_organisation_has_is_as_if_it_were_alone) {
  const auto seed = seed_of_test().value;
  BOOST_TEST_CONTEXT("seed " << seed) {
    in_every_home([&](store::archive_store& archive) {
      archive_world world(seed);
      std::map<std::string, archive_pointer> alone;
      for (int i = 0; i < 60; ++i) {
        std::vector<record_write> batch;
        for (std::size_t n = 1 + world.below(3); n-- > 0;) {
          const auto orgid = "org" + std::to_string(world.below(4));
          batch.push_back(sighting(orgid, 1000.0 + i, "10.0.0." + std::to_string(world.below(6))));
          auto& own = alone[orgid];
          if (!own) own = store::make_memory().archive;
          write(*own, {batch.back()});
        }
        write(archive, batch);
      }
      for (const auto& [orgid, own] : alone)
        BOOST_TEST(times_of(archive, orgid) == times_of(*own, orgid), boost::test_tools::per_element());
    });
  }
}

BOOST_AUTO_TEST_CASE(documents_of_before_keep_the_time_of_the_first_organisation) {
  in_every_home([](store::archive_store& archive) {
    auto old = sighting("org1", 0).raw;
    old.extra.emplace_back("_cybexd_first_run", 500.25);
    old.submissions.push_back({"org2", "UTC", {sighting("org2", 0).filtered->filter_id}});
    must(archive.import(std::vector{old}));
    write(archive, {sighting("org1", 1000), sighting("org2", 2000), sighting("org3", 3000)});
    BOOST_TEST((times_of(archive, "org1") == times{500.25}));
    BOOST_TEST((times_of(archive, "org2") == times{}));  // its filter had run
    BOOST_TEST((times_of(archive, "org3") == times{3000}));
  });
}

BOOST_AUTO_TEST_CASE(times_that_are_none_are_made_good) {
  in_every_home([](store::archive_store& archive) {
    auto odd = sighting("org1", 0).raw;
    odd.extra.emplace_back("_cybexd_first_run", "yesterday");
    odd.extra.emplace_back("_cybexd_first_runs",
                           tahoe::array{1, tahoe::object{{"orgid", "org2"}, {"first_run", "now"}}});
    must(archive.import(std::vector{odd}));
    write(archive, {sighting("org1", 1000), sighting("org2", 2000)});
    BOOST_TEST((times_of(archive, "org1") == times{1000}));
    BOOST_TEST((times_of(archive, "org2") == times{2000}));
    BOOST_TEST((first_run_of(the_raw(archive), "org2") == 2000.0));
  });
}

BOOST_AUTO_TEST_CASE(an_archive_takes_over_the_times_of_organisations_that_it_did_not_know) {
  in_every_home([](store::archive_store& archive) {
    auto ahead = store::make_memory().archive;
    write(*ahead, {sighting("org1", 1000), sighting("org2", 2000), sighting("org3", 3000)});
    write(archive, {sighting("org2", 2500)});
    for (int round = 0; round < 2; ++round) {  // the second changes nothing
      must(archive.adopt(all_of(*ahead)));
      const auto raw = the_raw(archive);
      BOOST_TEST(raw.orgid == "org2");
      BOOST_TEST((first_run_of(raw, "org1") == 1000.0));
      BOOST_TEST((first_run_of(raw, "org2") == 2500.0));
      BOOST_TEST((first_run_of(raw, "org3") == 3000.0));
      BOOST_TEST(store::archive_rules::first_runs_of(raw).size() == 3u);
    }
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace cybexd::tests
