// Writes that take several messages: what was refused in one says nothing of the others.
#include "tahoe/store/mongodb_collection.hpp"
#include "tests/fixtures/mongodb_homes.hpp"

namespace cybexd::tests {

using namespace store;

namespace {

/// A collection of a server that can be made to fail, with a unique index over `_hash`.
struct failing_things {
  mongodb_server server;
  std::shared_ptr<mongodb_home> home = opened(mongodb_home::open({.url = server.url("&appName=watched")}));
  mongodb_collection all{home, "test", "things"};
  notices said;

  failing_things() {
    BOOST_REQUIRE(all.make_indexes({{"by_hash", bson().add("_hash", 1), true, {}}}, said, "test: index"));
    bulk_write first;
    first.insert(bson().add("_hash", "a"));
    BOOST_REQUIRE(all.write(std::move(first), "test: write"));
  }
  void fail(const std::string& command, int after) {
    server.fail_commands(
        R"({"skip":)" + std::to_string(after) + "}",
        R"({"appName":"watched","failCommands":[")" + command + R"("],"closeConnection":true})");
  }
};

constexpr std::size_t large = 16'000'000;

/// `a` is there already; with the others it passes what one message holds.
bulk_write duplicate_and_large() {
  bulk_write writes;
  writes.insert(bson().add("_hash", "a").add("text", std::string(large, 'x')));
  for (const auto* hash : {"b", "c", "d"})
    writes.insert(bson().add("_hash", hash).add("text", std::string(large, 'x')));
  return writes;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(mongodb_bulks, *with_mongodb())

BOOST_AUTO_TEST_CASE(a_message_that_fails_after_one_with_duplicates_is_a_failure) {
  failing_things on;
  on.fail("insert", 1);
  const auto cut = on.all.write(duplicate_and_large(), "test: write");
  BOOST_REQUIRE(!cut);
  BOOST_TEST((cut.error().kind == failure::unavailable), cut.error().text);
  on.server.heal();
  const auto before = on.home->counts().commands;
  const auto again = on.all.write(duplicate_and_large(), "test: write");
  BOOST_REQUIRE(again);
  BOOST_TEST(on.home->counts().commands - before == 2u);
  BOOST_TEST(again->duplicates.size() + again->inserted == 4u);
  BOOST_TEST(again->faults.empty());
}

BOOST_AUTO_TEST_CASE(indexes_of_results_go_on_from_message_to_message) {
  failing_things on;
  const auto mixed = [] {
    bulk_write writes;
    for (const auto* hash : {"a", "b"}) writes.insert(bson().add("_hash", hash));
    for (const auto* hash : {"c", "a"})
      writes.update_one(bson().add("_hash", hash), bson().add("$set", bson().add("n", 1)), upsert::yes);
    writes.insert(bson().add("_hash", "b"));
    writes.remove_one(bson().add("_hash", "a"));
    return writes;
  };
  on.fail("update", 0);
  const auto cut = on.all.write(mixed(), "test: write");
  BOOST_REQUIRE(!cut);
  BOOST_TEST((cut.error().kind == failure::unavailable), cut.error().text);
  on.server.heal();
  const auto done = on.all.write(mixed(), "test: write");
  BOOST_REQUIRE(done);
  BOOST_TEST(done->duplicates == (std::vector<std::size_t>{0, 1, 4}), boost::test_tools::per_element());
  BOOST_TEST(done->upserted_at == std::vector<std::size_t>{2}, boost::test_tools::per_element());
  BOOST_TEST((done->matched == 1u && done->modified == 1u && done->removed == 1u));
}

BOOST_AUTO_TEST_CASE(in_order_what_comes_after_a_refused_write_is_not_sent) {
  failing_things on;
  bulk_write writes(writing::in_order);
  writes.insert(bson().add("_hash", "a"));
  writes.remove_one(bson().add("_hash", "a"));
  const auto done = on.all.write(std::move(writes), "test: write");
  BOOST_REQUIRE(done);
  BOOST_TEST(done->duplicates == std::vector<std::size_t>{0}, boost::test_tools::per_element());
  BOOST_TEST(done->removed == 0u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace cybexd::tests
