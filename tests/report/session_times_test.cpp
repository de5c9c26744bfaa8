// What an asker learns of when a session began and ended that several organisations share.
#include <boost/test/unit_test.hpp>

#include "report/answer.hpp"
#include "tahoe/json.hpp"
#include "tahoe/store/stores.hpp"
#include "tests/fixtures/archive_homes.hpp"
#include "tests/fixtures/seed.hpp"
#include "tests/fixtures/shared_session.hpp"

namespace cybexd::tests {

namespace {

using orgs = std::vector<std::string>;

/// The session as a report lists it; null where none is.
value shown(store::archive_store& archive, const orgs& visible, std::int64_t level = 2) {
  const auto view = must(archive.view());
  const value query = tahoe::object{{"sub_type", "ipv4"},       {"data", "1.1.1.1"}, {"level", level},
                                    {"return_type", "session"}, {"summary", false},  {"from", "2025-12-31"},
                                    {"to", "2026-01-02"}};
  const auto made =
      must(report::answer("related", query, {"u", true, {false, visible}}, *view, first_minute_of_2026));
  const auto* list = made.report.data.get_if<tahoe::array>();
  BOOST_TEST(tahoe::to_json(tahoe::to_value(made.report)).find("_cybexd_") == std::string::npos);
  return list == nullptr || list->empty() ? value() : list->front();
}

/// Start, end and duration; null where there is none.
value times(const value& session) {
  tahoe::array out;
  for (const auto* key : {"start_time", "end_time", "duration"}) {
    const auto* found = session.find(key);
    out.push_back(found != nullptr ? *found : value());
  }
  return out;
}

value times(const value& start, const value& end, const value& duration) {
  return tahoe::array{start, end, duration};
}

const value nothing;
const value none = times(nothing, nothing, nothing);

document the_session(store::archive_store& archive) { return only(archive, tahoe::itype::session); }

}  // namespace

CYBEXD_CONFORMANCE_SUITE(session_times)

// A session that two organisations share told each when the other one saw it begin and end.
BOOST_AUTO_TEST_CASE(who_sees_one_organisation_sees_the_times_of_its_records_alone) {
  in_every_home_reopened([](archive_pointer archive, const reopen_archive& reopen) {
    write(*archive, {tried("org2", 20)});
    write(*archive, {opened("org1", 5), tried("org1", 21), closed("org1", 50, 45)});
    reopen(archive);
    BOOST_TEST((times(shown(*archive, {"org2"})) == none));
    BOOST_TEST((times(shown(*archive, {"org1"})) == times(at_second(5), at_second(50), 45)));
    write(*archive, {opened("org2", 7)});
    reopen(archive);
    write(*archive, {closed("org2", 55, "48"), closed("org1", 40, 35)});
    BOOST_TEST((times(shown(*archive, {"org2"}, 3)) == times(at_second(7), at_second(55), "48")));
    BOOST_TEST((times(shown(*archive, {"org1"})) == times(at_second(5), at_second(50), 45)));
    const auto both = times(at_second(5), at_second(55), "48");
    BOOST_TEST((times(shown(*archive, {"org1", "org2"})) == both));
    BOOST_TEST((times(shown(*archive, {"org3", "org2", "org1"})) == both));
    BOOST_TEST((times(tahoe::to_value(the_session(*archive))) == both));
    BOOST_TEST(shown(*archive, {"org3"}).is_null());
    must(archive->check_index({[](const std::string& fault) { BOOST_ERROR(fault); }}));
  });
}

// Records that open and close a session make no event, so nobody sees that those of org1 are there.
BOOST_AUTO_TEST_CASE(times_are_hidden_where_no_event_tells_of_the_other_organisation) {
  in_every_home([](store::archive_store& archive) {
    write(archive, {opened("org1", 5), closed("org1", 50, 45), tried("org2", 20)});
    BOOST_TEST((times(shown(archive, {"org2"})) == none));
    BOOST_TEST((times(shown(archive, {"org1", "org2"})) == times(at_second(5), at_second(50), 45)));
  });
}

BOOST_AUTO_TEST_CASE(a_session_is_shown_as_if_there_were_what_the_asker_sees_alone) {
  const auto seed = seed_of_test().value;
  BOOST_TEST_CONTEXT("seed " << seed) {
    in_every_home([&](store::archive_store& archive) {
      archive_world world(seed);
      const std::vector<orgs> askers{{"org0"},         {"org1"},         {"org2"},
                                     {"org0", "org1"}, {"org2", "org1"}, {"org0", "org1", "org2"}};
      std::vector<archive_pointer> alone;
      for (std::size_t i = 0; i < askers.size(); ++i) alone.push_back(store::make_memory().archive);
      for (int round = 0; round < 12; ++round) {
        std::vector<record_write> batch;
        for (std::size_t n = 1 + world.below(6); n-- > 0;)
          batch.push_back(any_of_session(world, "org" + std::to_string(world.below(3))));
        write(archive, batch);
        for (std::size_t i = 0; i < askers.size(); ++i) {
          for (const auto& one : batch)
            if (std::count(askers[i].begin(), askers[i].end(), one.raw.orgid) != 0) write(*alone[i], {one});
          BOOST_TEST(tahoe::to_json(shown(archive, askers[i])) ==
                     tahoe::to_json(shown(*alone[i], askers[i])));
        }
      }
    });
  }
}

BOOST_AUTO_TEST_CASE(times_that_no_list_explains_are_shown_to_who_sees_every_event) {
  in_every_home([](store::archive_store& archive) {
    auto before = store::make_memory().archive;
    write(*before, {tried("org1", 20), tried("org2", 21)});
    auto all = all_of(*before);
    for (auto& d : all)
      if (d.kind == tahoe::itype::session) d.start_time = 100.5;
    must(archive.import(all));
    BOOST_TEST((times(shown(archive, {"org1", "org2"})) == times(100.5, nothing, nothing)));
    BOOST_TEST((times(shown(archive, {"org1"})) == none));
    BOOST_TEST((times(shown(archive, {"org2"})) == none));
    write(archive, {closed("org1", 50, 45)});
    BOOST_TEST((times(shown(archive, {"org1", "org2"})) == times(100.5, at_second(50), 45)));
    BOOST_TEST((times(shown(archive, {"org1"})) == times(nothing, at_second(50), 45)));
    BOOST_TEST((times(shown(archive, {"org2"})) == none));
    write(archive, {opened("org3", 9)});  // neither sees that organisation
    BOOST_TEST((times(shown(archive, {"org1", "org2"})) == times(nothing, at_second(50), 45)));
  });
}

BOOST_AUTO_TEST_CASE(who_takes_over_an_archive_shows_the_same) {
  in_every_home([](store::archive_store& archive) {
    auto source = store::make_memory().archive;
    write(*source, {opened("org1", 5), tried("org1", 20), tried("org2", 21), closed("org2", 50, 29)});
    must(archive.import(all_of(*source)));
    must(source->write(std::vector{opened("org2", 3), closed("org1", 51, "46"), tried("org3", 30)}));
    const auto check = [&] {
      for (const auto& visible : {orgs{"org1"}, {"org2"}, {"org3"}, {"org1", "org2"}, {"org1", "org3"}})
        BOOST_TEST(tahoe::to_json(shown(archive, visible)) == tahoe::to_json(shown(*source, visible)));
    };
    for (int round = 0; round < 2; ++round) {  // the second changes nothing
      must(archive.adopt(all_of(*source)));
      check();
      BOOST_TEST(text_of(the_session(archive)) == text_of(the_session(*source)));
    }
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace cybexd::tests
