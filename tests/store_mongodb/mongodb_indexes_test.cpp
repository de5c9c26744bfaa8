// Indexes on a server that refuses them, or takes its time.
#include <boost/test/unit_test.hpp>
#include <future>
#include <optional>

#include "tahoe/store/mongodb_collection.hpp"
#include "tahoe/store/mongodb_index_builds.hpp"
#include "tests/fixtures/eventually.hpp"
#include "tests/fixtures/mongodb_server.hpp"

namespace cybexd::tests {

using namespace store;

namespace {

struct with_indexes {
  mongodb_server server;
  notices said;
  std::vector<std::string> sentences;
  std::shared_ptr<mongodb_home> home;
  mongodb_collection all, apart;  ///< `apart`: what the test itself asks, without the URL's own times.
  std::vector<index_wish> wishes{{"by_hash", bson().add("_hash", 1), true, {}},
                                 {"by_kind", bson().add("kind", 1), false, {}}};

  explicit with_indexes(const std::string& url = "", const std::string& name = "things")
      : home(mongodb_home::open({.url = server.url("&appName=indexed" + url)}).value()),
        all(home, "test", name),
        apart(mongodb_home::open({.url = server.url()}).value(), "test", name) {
    said.listen([this](const std::string& s) { sentences.push_back(s); });
  }
  void refuse(const std::string& mode, const std::string& how,
              const std::string& what = R"("createIndexes")") {
    server.fail_commands(mode, R"({"appName":"indexed","failCommands":[)" + what + "]," + how + "}");
  }
  void insert(const std::string& hash, int times) const {
    bulk_write some;
    for (int i = 0; i < times; ++i) some.insert(bson().add("_hash", hash).add("kind", i));
    BOOST_REQUIRE(apart.write(std::move(some), "test: insert"));
  }
  /// Whether the index stands, and is unique.
  std::optional<bool> is_unique(const std::string& name) const {
    std::optional<bool> found;
    const auto answer =
        apart.home().command("test", bson().add("listIndexes", all.name()), false, "test: list");
    BOOST_REQUIRE_MESSAGE(answer, (answer ? "" : answer.error().text));
    answer->view().find_dotted("cursor.firstBatch").document()->each([&](const bson_element& one) {
      if (one.document()->find("name").text() == name)
        found = one.document()->find("unique").boolean().value_or(false);
      return true;
    });
    return found;
  }
  expected<void> make() { return all.make_indexes(wishes, said, "test: index"); }
  bool said_that(const std::string& part) const {
    return std::any_of(sentences.begin(), sentences.end(),
                       [&](const std::string& s) { return s.find(part) != std::string::npos; });
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(mongodb_indexes, *with_mongodb())

// A server lists an index while it is being built. Then it forbids nothing yet, and finds nothing.
BOOST_AUTO_TEST_CASE(one_that_is_listed_may_not_stand_yet) {
  with_indexes world;
  BOOST_REQUIRE(world.make());
  world.refuse(R"("alwaysOn")", R"("closeConnection":true)");  // as when nothing is heard of it for long
  const auto made = world.make();
  BOOST_REQUIRE(!made);
  BOOST_TEST((made.error().kind == failure::unavailable));
  world.server.heal();
  world.sentences.clear();
  BOOST_TEST(world.make().has_value());
  BOOST_TEST(world.sentences.empty());  // nothing was made
}

BOOST_AUTO_TEST_CASE(a_unique_one_that_the_server_refuses_is_a_plain_one) {
  with_indexes world;
  world.refuse(R"({"times":1})",
               R"("errorCode":67)");  // as where the collection is sharded by something else
  BOOST_TEST(world.make().has_value());
  BOOST_TEST(world.said_that("made the index by_hash of test.things, not unique: "));
  BOOST_TEST(world.said_that("made the index by_kind of test.things"));
  world.sentences.clear();
  BOOST_TEST(world.make().has_value());
  BOOST_TEST(world.said_that("is there but not unique"));
}

BOOST_AUTO_TEST_CASE(where_none_may_be_made_the_store_works_without) {
  with_indexes world;
  world.refuse(R"("alwaysOn")", R"("errorCode":13)");  // no right to
  BOOST_TEST(world.make().has_value());
  BOOST_TEST(world.said_that("there is no index by_hash of test.things, and what needs it is slow: "));
  BOOST_TEST(world.said_that("there is no index by_kind of test.things"));
}

BOOST_AUTO_TEST_CASE(one_that_is_not_there_yet_is_told_once_and_waited_for) {
  with_indexes world;
  world.refuse(R"("alwaysOn")", R"("closeConnection":true)");
  for (int i = 0; i < 3; ++i) BOOST_TEST(!world.make());
  BOOST_REQUIRE_EQUAL(world.sentences.size(), 1u);
  BOOST_TEST(world.said_that("the index by_hash of test.things is not there yet"));
  world.server.heal();
  BOOST_TEST(world.make().has_value());
}

// A server would wait for every member of a replica set, also for one that is down.
BOOST_AUTO_TEST_CASE(a_majority_that_has_it_is_enough) {
  with_indexes world;
  BOOST_REQUIRE(world.home->command("test", bson().add("profile", 2), false, "test: profile"));
  BOOST_REQUIRE(world.make());
  const mongodb_collection told(world.home, "test", "system.profile");
  const auto asked =
      told.find_all(bson().add("command.createIndexes", bson().add("$exists", true)), {}, "test: profile");
  BOOST_REQUIRE(asked && asked->size() == 2);
  for (const auto& one : *asked)
    BOOST_TEST(one.view().find_dotted("command.commitQuorum").text().value_or("") == "majority");
}

BOOST_AUTO_TEST_CASE(a_server_that_knows_no_majority_for_it_makes_it_all_the_same) {
  for (const auto* code : {"2", "72", "40415"}) {
    with_indexes world;
    world.refuse(R"({"times":1})", R"("errorCode":)" + std::string(code));
    BOOST_TEST(world.make().has_value(), code);
    BOOST_TEST((world.is_unique("by_hash") == true), code);
    BOOST_TEST(world.home->counts().by_name["createIndexes"] == 3u);
  }
}

BOOST_AUTO_TEST_CASE(doubles_are_found_before_a_unique_one_is_asked_for) {
  with_indexes world("", "doubles");
  world.insert("a", 2);
  BOOST_TEST(world.make().has_value());
  BOOST_TEST((world.is_unique("by_hash") == false));
  BOOST_TEST(world.said_that("made the index by_hash of test.doubles, not unique: doubles are stored"));
  BOOST_TEST(world.home->counts().by_name["createIndexes"] == 2u);
}

/// A build takes longer than the server may be silent.
struct with_slow_builds : with_indexes {
  explicit with_slow_builds(const std::string& name) : with_indexes("&socketTimeoutMS=1000", name) {
    wishes.pop_back();  // one is enough
  }
  void slow_down(const std::string& what) {
    refuse(R"("alwaysOn")", R"("blockConnection":true,"blockTimeMS":1500)", what);
  }
  /// As a store asks again and again.
  bool made_at_last() {
    return eventually([&] { return make().has_value(); });
  }
};

BOOST_AUTO_TEST_CASE(one_that_takes_long_is_waited_for) {
  with_slow_builds world("slow");
  world.insert("a", 1);
  world.slow_down(R"("createIndexes")");
  BOOST_TEST(!world.make());
  BOOST_TEST(world.said_that("the index by_hash of test.slow is not there yet"));
  BOOST_REQUIRE(world.made_at_last());
  BOOST_TEST((world.is_unique("by_hash") == true));
}

// There are more documents than can be looked through for doubles in time, so its end tells of them.
BOOST_AUTO_TEST_CASE(a_unique_one_that_fails_after_long_is_a_plain_one) {
  with_slow_builds world("slow_doubles");
  world.insert("a", 2);
  world.slow_down(R"("createIndexes","aggregate")");
  BOOST_REQUIRE(world.made_at_last());
  BOOST_TEST((world.is_unique("by_hash") == false));
  world.server.heal();
  BOOST_TEST(world.make().has_value());
  BOOST_TEST(world.said_that("is there but not unique"));
}

BOOST_AUTO_TEST_CASE(what_is_being_built_is_read_of_servers_and_routers) {
  bson_list two, one;
  two.push(std::string("_hash_1")).push(std::string("kind_1"));
  one.push(std::string("_ref_1"));
  const auto shard = bson().add("ns", "test.things").add("indexBuilds", one);
  BOOST_TEST(
      (built_now(bson().add("indexBuilds", two).view()) == std::set<std::string>{"_hash_1", "kind_1"}));
  BOOST_TEST(
      (built_now(bson().add("shards", bson().add("a", shard)).view()) == std::set<std::string>{"_ref_1"}));
  BOOST_TEST(built_now(bson().add("ns", "test.things").view()).empty());
}

BOOST_AUTO_TEST_CASE(nobody_waits_long_while_another_prepares) {
  std::promise<void> may_end;
  std::promise<void> begun;
  once_ready ready([&]() -> expected<void> {
    begun.set_value();
    may_end.get_future().wait_for(std::chrono::minutes(1));
    return {};
  });
  auto first = std::async(std::launch::async, [&] { return ready(); });
  begun.get_future().wait_for(std::chrono::minutes(1));
  const auto second = ready();
  BOOST_REQUIRE(!second);
  BOOST_TEST((second.error().kind == failure::unavailable));
  BOOST_TEST(second.error().text.find("is being prepared") != std::string::npos);
  may_end.set_value();
  BOOST_TEST(first.get().has_value());
  BOOST_TEST(ready().has_value());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace cybexd::tests
