// Several servers on one lake.
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <set>
#include <thread>

#include "tests/fixtures/mongodb_lakes.hpp"

namespace cybexd::tests {

using namespace lake_talk;

namespace {

/// The clocks of both servers.
void turn(const shared_lake::server& a, const shared_lake::server& b, double seconds) {
  *a.now += seconds;
  *b.now += seconds;
}

take_limits few(std::size_t entries) {
  take_limits limits;
  limits.entries = entries;
  return limits;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(mongodb_claims, *conformance())

BOOST_AUTO_TEST_CASE(what_one_server_has_taken_another_does_not_take) {
  const shared_lake world;
  const auto a = world.join(), b = world.join();
  put(*a, {entry("1"), entry("2"), entry("3")});
  BOOST_TEST(take(*a, few(2)) == (names{"1", "2"}), boost::test_tools::per_element());
  BOOST_TEST(take(*b) == (names{"3"}), boost::test_tools::per_element());
  BOOST_TEST(take(*b).empty());
  BOOST_TEST(take(*b, forced()).empty());
}

BOOST_AUTO_TEST_CASE(a_claim_past_its_deadline_is_free_again) {
  const shared_lake world;
  const auto dead = world.join(), alive = world.join();
  put(*dead, {entry("1")});
  take(*dead);
  const auto soon = alive->seconds_to_a_free_claim();
  BOOST_REQUIRE(soon && *soon);
  BOOST_TEST(**soon == 60.0);
  *alive.now += 59;
  BOOST_TEST(take(*alive).empty());
  *alive.now += 2;
  BOOST_TEST(take(*alive) == (names{"1"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_claim_is_renewed_while_its_entry_is_in_work) {
  const shared_lake world;
  const auto a = world.join(), b = world.join();
  const auto ids = put(*a, {entry("1"), entry("2")});
  take(*a);
  for (int i = 0; i < 5; ++i) {
    turn(a, b, 40);
    a->renew_claims();
    BOOST_TEST(take(*b).empty());
  }
  mark(*a, {done(ids[0])});
  turn(a, b, 40);
  a->renew_claims();
  BOOST_TEST(take(*b).empty());
  BOOST_REQUIRE(a->release(std::span(&ids[1], 1)));
  BOOST_TEST(take(*b) == (names{"2"}), boost::test_tools::per_element());
  check_books(*b, {2, 1, 0, 0, 1}, 1);
}

BOOST_AUTO_TEST_CASE(nothing_is_claimed_for_ever_by_a_server_that_ends) {
  const shared_lake world;
  auto a = world.join();
  const auto b = world.join();
  put(*a, {entry("1"), entry("2")});
  take(*a);
  a.lake.reset();
  BOOST_TEST(take(*b).size() == 2u);
}

BOOST_AUTO_TEST_CASE(a_mark_after_another_server_has_marked_changes_nothing) {
  const shared_lake world;
  const auto slow = world.join(), fast = world.join();
  const auto ids = put(*slow, {entry("1"), entry("2")});
  take(*slow);
  *fast.now += 61;
  take(*fast);
  mark(*fast, {done(ids[0], 1, 0)});
  *slow.now += 61;
  mark(*slow, {done(ids[0], 0, 1), aside(ids[1], entry_state::error)});  // the second is in work at `fast`
  check_books(*fast, {2, 1, 0, 0, 1}, 1);
  BOOST_TEST(((*fast->find(ids[1]))->mark.state == entry_state::waiting));
  auto files = fast->read_files(ids);
  BOOST_TEST((files && (*files)[1] && *(*files)[1] == "sealed 2"));
  mark(*fast, {done(ids[1])});
  check_books(*fast, {2, 2, 0, 0, 0}, 0);
  BOOST_TEST(world.all("fs.files").empty());
}

/// An answer that comes late is as good as none: the claim has run out then.
BOOST_AUTO_TEST_CASE(a_renewal_waits_for_its_own_time_whatever_the_url_says) {
  mongodb_server server;
  for (const auto* longer : {"&socketTimeoutMS=120000", "&socketTimeoutMS=0", ""}) {
    mongodb_options bounded{.url = server.url("&appName=renews&retryReads=false" + std::string(longer))};
    bounded.answer = std::chrono::milliseconds(300);
    for (const bool at_most : {true, false}) {
      bounded.at_most = at_most;
      const auto home = mongodb_home::open(bounded);
      BOOST_REQUIRE(home);
      const mongodb_collection all(*home, "test", "things");
      const bool waits = !at_most && longer == std::string("&socketTimeoutMS=120000");
      // Whoever does not wait gets no answer, however long the machine is held up between asking and reading.
      const std::string blocked = waits ? "1000" : "20000";
      server.fail_commands(
          R"("alwaysOn")",
          R"({"appName":"renews","failCommands":["find"],"blockConnection":true,"blockTimeMS":)" + blocked +
              "}");
      BOOST_TEST(all.find_one({}, {}, "test: read").has_value() == waits, longer);
      server.heal();
    }
  }
}

BOOST_AUTO_TEST_CASE(a_claim_writes_nothing_to_its_entry) {
  const shared_lake world;
  const auto a = world.join();
  const auto ids = put(*a, {entry("1"), entry("2")});
  const auto before = std::string(world.raw(ids[0]).view().bytes());
  take(*a);
  BOOST_TEST(world.raw(ids[0]).view().bytes() == before);
  BOOST_REQUIRE_EQUAL(world.all("file_entries_cybexd_claims").size(), 1u);
  mark(*a, {done(ids[0]), done(ids[1])});
  const auto claims = world.all("file_entries_cybexd_claims");
  BOOST_TEST(claims[0].find("takes").document()->bytes().size() == 5u);  // an empty document
}

BOOST_AUTO_TEST_CASE(a_server_that_does_not_know_that_its_claim_ran_out_spoils_nothing) {
  const shared_lake world;
  const auto slow = world.join(), fast = world.join();  // the clock of `slow` stands still
  const auto ids = put(*slow, {entry("1"), entry("2"), entry("3")});
  take(*slow);
  *fast.now += 61;
  BOOST_TEST(take(*fast).size() == 3u);
  mark(*fast, {done(ids[0]), aside(ids[1], entry_state::quarantined), aside(ids[2], entry_state::error)});
  mark(*slow, {aside(ids[0], entry_state::error), aside(ids[1], entry_state::error), done(ids[2])});
  BOOST_TEST(((*fast->find(ids[0]))->mark.state == entry_state::processed));
  BOOST_TEST(((*fast->find(ids[1]))->mark.state == entry_state::quarantined));
  BOOST_TEST(((*fast->find(ids[2]))->mark.state == entry_state::processed));  // its record is in the archive
  BOOST_TEST(!world.raw(ids[2]).find("skip").exists());
  check_books(*fast, {3, 2, 0, 1, 0}, 0);
}

BOOST_AUTO_TEST_CASE(what_another_server_has_taken_over_is_not_renewed) {
  const shared_lake world;
  const auto a = world.join(), b = world.join();
  const auto ids = put(*a, {entry("1"), entry("2")});
  take(*a);
  turn(a, b, 61);
  BOOST_TEST(take(*b).size() == 2u);
  a->renew_claims();
  mark(*a, {aside(ids[0], entry_state::error), aside(ids[1], entry_state::error)});
  check_books(*b, {2, 0, 0, 0, 2}, 2);
  const auto soon = a->seconds_to_a_free_claim();
  BOOST_REQUIRE(soon && *soon);
  BOOST_TEST(**soon == 60.0);
}

BOOST_AUTO_TEST_CASE(a_dead_server_that_had_marked_all_it_took_keeps_nobody_awake) {
  const shared_lake world;
  const auto dead = world.join(), alive = world.join();
  const auto ids = put(*dead, {entry("1")});
  take(*dead);
  world.change("file_entries", bson(), bson().add("$set", bson().add("processed", true)));
  *alive.now += 61;
  BOOST_TEST(take(*alive).empty());
  BOOST_TEST(alive->seconds_to_a_free_claim().value().value() == 0.0);  // it may just have ended: look again
  BOOST_TEST(take(*alive).empty());
  BOOST_TEST(!alive->seconds_to_a_free_claim().value());
}

BOOST_AUTO_TEST_CASE(claims_that_somebody_has_removed_cost_no_entry) {
  const shared_lake world;
  const auto a = world.join(), b = world.join();
  const auto ids = put(*a, {entry("1"), entry("2")});
  take(*a);
  bulk_write all;
  all.remove_many(bson());
  BOOST_REQUIRE(world.collection("file_entries_cybexd_claims").write(std::move(all), "test: remove"));
  BOOST_TEST(take(*b, few(1)) == (names{"1"}), boost::test_tools::per_element());
  mark(*a, {done(ids[0]), done(ids[1])});
  mark(*b, {done(ids[0], 0, 1)});
  check_books(*b, {2, 2, 0, 0, 0}, 0);
  BOOST_TEST(take(*b).empty());
}

BOOST_AUTO_TEST_CASE(a_mark_of_an_entry_whose_claim_ran_out_counts_if_nobody_else_took_it) {
  const shared_lake world;
  const auto a = world.join(), b = world.join();
  const auto ids = put(*a, {entry("1"), entry("2")});
  take(*a);
  turn(a, b, 61);
  take(*b, few(1));
  BOOST_REQUIRE(b->release(std::span(&ids[0], 1)));  // and gave it back
  mark(*a, {done(ids[0]), done(ids[1])});
  check_books(*b, {2, 2, 0, 0, 0}, 0);
  BOOST_TEST(take(*b).empty());
}

BOOST_AUTO_TEST_CASE(a_mark_that_is_made_again_after_an_unknown_end_is_harmless) {
  const shared_lake world;
  const auto a = world.join();
  const auto ids = put(*a, {entry("1")});
  take(*a);
  // The answer to this server's own mark was lost: the entry stands marked, and is still held.
  world.change("file_entries", bson(),
               bson().add("$set", bson()
                                      .add("processed", true)
                                      .add("_cybexd_archived", 1)
                                      .add("_cybexd_known", 0)
                                      .add("_cybexd_set_aside", 0)));
  mark(*a, {done(ids[0], 0, 1)});
  check_books(*a, {1, 1, 0, 0, 0}, 0);
  BOOST_TEST(world.all("fs.files").empty());
}

BOOST_AUTO_TEST_CASE(two_servers_that_take_at_once_share_and_double_nothing) {
  const shared_lake world;
  const auto a = world.join(), b = world.join();
  std::vector<new_entry> entries;
  for (int i = 0; i < 120; ++i) entries.push_back(entry(std::to_string(i)));
  put(*a, entries);
  std::vector<std::vector<std::string>> got(2);
  std::atomic<bool> failed{false};
  std::vector<std::thread> threads;
  for (std::size_t who = 0; who < 2; ++who)
    threads.emplace_back([&, who] {
      auto& lake = *(who == 0 ? a : b);
      for (;;) {
        auto some = lake.take(few(10));
        if (!some) failed = true;
        if (!some || some->empty()) return;
        for (const auto& e : *some) got[who].push_back(e.name);
      }
    });
  for (auto& t : threads) t.join();
  BOOST_REQUIRE(!failed);
  std::set<std::string> all(got[0].begin(), got[0].end());
  all.insert(got[1].begin(), got[1].end());
  BOOST_TEST(all.size() == 120u);
  BOOST_TEST(got[0].size() + got[1].size() == 120u);
}

BOOST_AUTO_TEST_CASE(an_entry_still_in_work_here_is_not_taken_twice_by_its_own_server) {
  const shared_lake world;
  const auto a = world.join();
  put(*a, {entry("1"), entry("2")});
  take(*a, few(1));
  *a.now += 61;  // nothing could be renewed, and nobody else took it
  BOOST_TEST(take(*a, few(1)) == (names{"2"}), boost::test_tools::per_element());
  BOOST_TEST(take(*a).empty());
}

BOOST_AUTO_TEST_CASE(old_entries_are_added_up_once) {
  const shared_lake world;
  auto a = world.join(std::chrono::seconds(0));
  std::vector<entry_id> ids;
  for (int i = 0; i < 20; ++i) {
    const auto more = put(*a, {entry(std::to_string(i), 2)});
    ids.push_back(more[0]);
  }
  take(*a, few(15));
  std::vector<entry_mark> marks;
  for (std::size_t i = 0; i < 15; ++i)
    marks.push_back(i == 3 ? aside(ids[i], entry_state::quarantined) : done(ids[i], 1, 1));
  mark(*a, marks);
  const auto later = world.join(std::chrono::seconds(0));
  *later.now = 4'000'000'000;
  check_books(*later, {40, 14, 14, 2, 10}, 5);
  BOOST_TEST(later->entries_looked_at() == 6u);  // those that wait, and the one that was set aside
  BOOST_REQUIRE(later->retry(std::span(&ids[3], 1)));
  check_books(*later, {40, 14, 14, 0, 12}, 6);
  take(*later);
  mark(*later, {done(ids[3], 2), done(ids[15], 2)});
  check_books(*later, {40, 18, 14, 0, 8}, 4);
  BOOST_TEST(books(*later).quarantined_entries == 0u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace cybexd::tests
