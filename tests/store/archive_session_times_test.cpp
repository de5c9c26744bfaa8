// The times of sessions by organisation, as every home keeps them.
#include <boost/test/unit_test.hpp>

#include "tahoe/bson.hpp"
#include "tahoe/fingerprint.hpp"
#include "tahoe/store/stores.hpp"
#include "tests/fixtures/compared_archive.hpp"
#include "tests/fixtures/seed.hpp"
#include "tests/fixtures/shared_session.hpp"

namespace cybexd::tests {

using store::archive_rules::own_times_of;
using store::archive_rules::set_own_times;

namespace {

document the_session(store::archive_store& archive) { return only(archive, tahoe::itype::session); }

std::string own_times(store::archive_store& archive) {
  const auto session = the_session(archive);
  const auto* field = own_times_of(session);
  return field != nullptr ? tahoe::to_json(*field) : "";
}

std::string in(const tahoe::array& list) { return tahoe::to_json(value(list)); }

tahoe::object own(const std::string& orgid, tahoe::object times) {
  times.insert(times.begin(), {"orgid", orgid});
  return times;
}

std::string fingerprint(const std::vector<document>& documents) {
  tahoe::fingerprint_maker maker;
  for (const auto& d : documents) must(maker.add(d));
  return tahoe::to_json(must(maker.finish()).to_value());
}

}  // namespace

CYBEXD_CONFORMANCE_SUITE(archive_session_times)

BOOST_AUTO_TEST_CASE(each_organisation_has_the_widest_times_of_its_own_records) {
  in_every_home_reopened([](archive_pointer archive, const reopen_archive& reopen) {
    write(*archive, {tried("org2", 20)});
    BOOST_TEST(own_times(*archive) == "");
    write(*archive, {opened("org2", 9), opened("org1", 5), opened("org2", 8)});
    BOOST_TEST(own_times(*archive) == in({own("org1", {{"start_time", at_second(5)}}),
                                          own("org2", {{"start_time", at_second(8)}})}));
    reopen(archive);
    write(*archive, {closed("org2", 30, 22), closed("org1", 31, 26)});
    write(*archive, {closed("org2", 30, 21.5), closed("org2", 29, 99), opened("org1", 6), opened("org0", 7)});
    reopen(archive);
    BOOST_TEST(
        own_times(*archive) ==
        in({own("org0", {{"start_time", at_second(7)}}),
            own("org1", {{"start_time", at_second(5)}, {"end_time", at_second(31)}, {"duration", 26}}),
            own("org2", {{"start_time", at_second(8)}, {"end_time", at_second(30)}, {"duration", 22}})}));
    const auto session = the_session(*archive);
    BOOST_TEST((session.start_time == at_second(5) && session.end_time == at_second(31)));
    must(archive->check_index({[](const std::string& fault) { BOOST_ERROR(fault); }}));
  });
}

BOOST_AUTO_TEST_CASE(the_list_depends_neither_on_the_order_nor_on_the_batches) {
  const auto seed = seed_of_test().value;
  BOOST_TEST_CONTEXT("seed " << seed) {
    in_every_home([&](store::archive_store& archive) {
      archive_world world(seed);
      std::vector<record_write> records;
      for (int i = 0; i < 60; ++i)
        records.push_back(any_of_session(world, "org" + std::to_string(world.below(4))));
      auto memory = store::make_memory().archive;
      write(*memory, records);
      std::shuffle(records.begin(), records.end(), world.engine());
      for (std::size_t at = 0; at < records.size(); at += 7)
        write(archive, {records.begin() + static_cast<std::ptrdiff_t>(at),
                        records.begin() + static_cast<std::ptrdiff_t>(std::min(records.size(), at + 7))});
      BOOST_TEST(own_times(archive) == own_times(*memory));
      BOOST_TEST(text_of(the_session(archive)) == text_of(the_session(*memory)));
    });
  }
}

BOOST_AUTO_TEST_CASE(an_export_brings_the_list_along_and_the_fingerprint_does_not_know_it) {
  in_every_home([](store::archive_store& archive) {
    auto source = store::make_memory().archive;
    write(*source, {opened("org1", 5), tried("org1", 20), closed("org2", 50, 29)});
    auto exported = all_of(*source);
    must(archive.import(exported));
    BOOST_TEST(own_times(archive) == own_times(*source));
    for (auto& d : exported) d = must(tahoe::from_value(tahoe::to_value(d)));
    for (const auto& d : exported)
      if (d.kind == tahoe::itype::session) BOOST_TEST(own_times_of(d) != nullptr);
    auto without = exported;
    for (auto& d : without) set_own_times(d, std::nullopt);
    BOOST_TEST(fingerprint(exported) == fingerprint(without));
    BOOST_TEST(fingerprint(all_of(archive)) == fingerprint(exported));
  });
}

BOOST_AUTO_TEST_CASE(a_list_that_is_none_is_made_good) {
  for (const auto& odd : {value("yesterday"), value(tahoe::object{{"orgid", "org1"}}),
                          value(tahoe::array{1, tahoe::object{{"orgid", 5}, {"start_time", 1}},
                                             tahoe::object{{"end_time", 1}}, value()})})
    in_every_home([&](store::archive_store& archive) {
      auto source = store::make_memory().archive;
      write(*source, {tried("org1", 20)});
      auto all = all_of(*source);
      for (auto& d : all)
        if (d.kind == tahoe::itype::session) set_own_times(d, odd);
      must(archive.import(all));
      write(archive, {opened("org2", 9), opened("org1", 5)});
      write(archive, {closed("org1", 50, 45)});
      BOOST_TEST(
          own_times(archive) ==
          in({own("org1", {{"start_time", at_second(5)}, {"end_time", at_second(50)}, {"duration", 45}}),
              own("org2", {{"start_time", at_second(9)}})}));
    });
}

BOOST_AUTO_TEST_CASE(an_archive_takes_over_what_another_one_knows_of_each_organisation) {
  in_every_home([](store::archive_store& archive) {
    write(archive, {opened("org1", 5), closed("org1", 40, 35), opened("org2", 3)});
    auto other = store::make_memory().archive;
    write(*other, {opened("org1", 6), closed("org1", 50, 45), opened("org2", 9), opened("org3", 1)});
    for (int round = 0; round < 2; ++round) {  // the second changes nothing
      must(archive.adopt(all_of(*other)));
      BOOST_TEST(
          own_times(archive) ==
          in({own("org1", {{"start_time", at_second(5)}, {"end_time", at_second(50)}, {"duration", 45}}),
              own("org2", {{"start_time", at_second(3)}}), own("org3", {{"start_time", at_second(1)}})}));
      const auto session = the_session(archive);
      BOOST_TEST((session.start_time == at_second(1) && session.end_time == at_second(50)));
    }
  });
}

// On MongoDB it depended on the order whether the null or the number stayed; elsewhere the null always did.
BOOST_AUTO_TEST_CASE(a_null_of_a_record_is_no_time) {
  const auto nothing = closed("org1", 40, value()), number = closed("org2", 40, 1.5);
  for (const auto& batches : std::vector<std::vector<std::vector<record_write>>>{
           {{nothing}, {number}}, {{number}, {nothing}}, {{nothing, number}}, {{number, nothing}}})
    in_every_home_reopened([&](archive_pointer archive, const reopen_archive& reopen) {
      for (const auto& batch : batches) {
        write(*archive, batch);
        reopen(archive);
      }
      const auto session = the_session(*archive);
      BOOST_TEST((session.end_time == at_second(40) && session.duration == value(1.5)));
      BOOST_TEST(own_times(*archive) == in({own("org1", {{"end_time", at_second(40)}}),
                                            own("org2", {{"end_time", at_second(40)}, {"duration", 1.5}})}));
      write(*archive, {closed("org1", 41, value())});
      BOOST_TEST(!the_session(*archive).duration);
    });
}

BOOST_AUTO_TEST_CASE(nulls_of_another_archive_give_way_to_times) {
  auto source = store::make_memory().archive;
  write(*source, {tried("org1", 20)});
  auto all = all_of(*source);
  for (auto& d : all)
    if (d.kind == tahoe::itype::session) d.start_time = d.end_time = d.duration = value();
  in_every_home_reopened([&](archive_pointer archive, const reopen_archive& reopen) {
    must(archive->import(all));
    reopen(archive);
    BOOST_TEST(text_of(the_session(*archive)) == text_of(the_session(*source)));
    must(archive->adopt(all));
    write(*archive, {opened("org1", 5), closed("org1", 50, 45)});
    must(archive->adopt(all));
    const auto session = the_session(*archive);
    BOOST_TEST((session.start_time == at_second(5) && session.end_time == at_second(50)));
    BOOST_TEST((session.duration == value(45)));
  });
}

BOOST_AUTO_TEST_CASE(a_duration_that_is_no_time_is_not_kept_for_each_organisation) {
  in_every_home([](store::archive_store& archive) {
    const std::string large(2000, 'x');
    write(archive, {closed("org1", 40, large), closed("org2", 30, "7")});
    BOOST_TEST(own_times(archive) == in({own("org1", {{"end_time", at_second(40)}}),
                                         own("org2", {{"end_time", at_second(30)}, {"duration", "7"}})}));
    BOOST_TEST((the_session(archive).duration == value(large)));
  });
}

#ifndef CYBEXD_TESTS_MONGODB
// The row of a session's times was too large when the batch was complete, so none of it was ever written.
BOOST_AUTO_TEST_CASE(a_session_without_room_for_more_times_holds_up_no_other_record) {
  compared_archive archive(3);
  const std::string large(tahoe::max_bson_size - 2500, 'x');
  write(*archive, {closed("org1", 40, large)});
  std::vector<record_write> more{tried("org2", 20)};
  for (int i = 10; i < 99; ++i) more.push_back(opened("org" + std::to_string(i), 5));
  write(*archive, more);
  archive.reopen();
  BOOST_TEST((the_session(*archive).duration == value(large)));
  std::size_t useless = 0, of_use = 0;
  for (const auto& d : all_of(*archive))
    if (d.kind == tahoe::itype::raw) ++(d.valid == false ? useless : of_use);
  BOOST_TEST(useless >= 1u);
  BOOST_TEST(of_use >= 2u);
}
#endif

BOOST_AUTO_TEST_SUITE_END()

}  // namespace cybexd::tests
