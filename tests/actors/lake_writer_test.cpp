// The lake writer alone.
#include "actors/lake_writer.hpp"

#include <boost/test/unit_test.hpp>

#include "tests/fixtures/actor_system.hpp"
#include "tests/fixtures/failing_store.hpp"

using namespace cybexd;

namespace {

struct writer : tests::actor_system_fixture {
  actors::telemetry metrics{"test"};
  std::shared_ptr<tests::faults> trouble = std::make_shared<tests::faults>();
  store::stores inner = store::make_memory();
  messages::lake_writer_actor actor =
      keep(actors::spawn_lake_writer(system, tests::failing(inner, trouble).lake, metrics));

  writer() { actors::set_log_sink({}); }

  std::optional<messages::entries_put> put(const std::vector<std::string>& names) {
    auto entries = std::make_shared<std::vector<store::new_entry>>();
    for (const auto& name : names)
      entries->push_back({.name = name, .orgid = "org", .typetag = "t", .sealed = "s"});
    const auto answer = ask<messages::entries_put>(actor, messages::put_entries{std::move(entries)});
    run();
    return *answer;
  }
  bool up(const std::string& value) {
    return metrics.render().find("cybexd_store_up{store=\"cache\"} " + value) != std::string::npos;
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(lake_writer, writer)

BOOST_AUTO_TEST_CASE(entries_stand_in_the_lake_before_they_are_answered_in_order) {
  const auto answer = put({"a", "b", "c"});
  BOOST_REQUIRE(answer && !answer->problem);
  BOOST_REQUIRE_EQUAL(answer->ids.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    const auto there = inner.lake->find(answer->ids[i]);
    BOOST_REQUIRE(there && *there);
    BOOST_TEST((*there)->entry.name == std::string(1, static_cast<char>('a' + i)));
  }
  BOOST_TEST(up("1"));
}

BOOST_AUTO_TEST_CASE(an_outage_is_told_and_a_try_without_entries_says_when_it_is_over) {
  trouble->down = true;
  const auto away = put({"a"});
  BOOST_REQUIRE(away && away->problem);
  BOOST_TEST((away->problem->kind == failure::unavailable));
  BOOST_TEST(away->ids.empty());
  BOOST_TEST(up("0"));
  const auto tried = put({});
  BOOST_TEST((tried && tried->problem));
  trouble->heal();
  const auto back = put({});
  BOOST_REQUIRE(back);
  BOOST_TEST(!back->problem);
  BOOST_TEST(back->ids.empty());
  BOOST_TEST(up("1"));
  BOOST_TEST(inner.lake->books()->accepted == 0u);
}

BOOST_AUTO_TEST_CASE(an_upload_that_kills_it_costs_no_other) {
  trouble->on_call = [](std::string_view) { throw std::runtime_error("it fell over"); };
  BOOST_TEST(!put({"a"}));
  trouble->on_call = nullptr;
  const auto next = put({"b"});
  BOOST_REQUIRE(next);
  BOOST_TEST(next->ids.size() == 1u);
  BOOST_TEST(metrics.render().find("cybexd_actor_restarts_total{actor=\"lake_writer\"} 1") !=
             std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
