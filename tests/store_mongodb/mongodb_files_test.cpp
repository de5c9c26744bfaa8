// Files of the lake in GridFS: broken ones, and those that a stop leaves.
#include <boost/test/unit_test.hpp>

#include "tests/fixtures/mongodb_lakes.hpp"

namespace cybexd::tests {

using namespace lake_talk;

namespace {

expected<std::string> file_of(cache_lake& lake, const entry_id& id) {
  auto files = lake.read_files(std::span(&id, 1));
  BOOST_REQUIRE_MESSAGE(files && files->size() == 1, (files ? "" : files.error().text));
  return files->front();
}

/// What a lake does while the database refuses every command of these kinds after the first `passing`.
struct lake_in_trouble {
  mongodb_server server;
  const shared_lake world{mongodb_places(server.url("&appName=trouble"))};
  shared_lake::server on = world.join();

  void refuse(const std::string& commands, int passing) {
    server.fail_commands(R"({"skip":)" + std::to_string(passing) + "}",
                         R"({"appName":"trouble","failCommands":[)" + commands + R"(],"errorCode":262})");
  }
  /// Files and chunks that are there after the sweep of a start that comes much later.
  std::size_t left_after_a_start() {
    server.heal();
    on.lake.reset();
    on = world.join();
    *on.now = 4'000'000'000;
    BOOST_TEST(take(*on).empty());
    return world.all("fs.files").size() + world.all("fs.chunks").size();
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(mongodb_files, *conformance())

BOOST_AUTO_TEST_CASE(nothing_stays_of_a_put_that_failed_anywhere) {
  lake_in_trouble lake;
  put(*lake.on, {entry("archived")});
  for (int passing = 0; passing < 3; ++passing) {  // heads, chunks, entries
    lake.refuse(R"("insert","delete")", passing);
    const auto entries = std::vector{entry("a"), entry("b")};
    BOOST_TEST(!lake.on->put(entries));
    lake.server.heal();
  }
  mark(*lake.on, {done(lake.on->entries("", 10).value().front().entry.id)});
  BOOST_TEST(lake.left_after_a_start() == 0u);
}

BOOST_AUTO_TEST_CASE(nothing_stays_of_a_removal_that_failed_anywhere) {
  lake_in_trouble lake;
  for (int passing = 0; passing < 2; ++passing) {
    const auto ids = put(*lake.on, {entry("a")});
    lake.refuse(R"("delete")", passing);
    mark(*lake.on, {done(ids[0])});
    lake.server.heal();
  }
  BOOST_TEST(lake.left_after_a_start() == 0u);
}

BOOST_AUTO_TEST_CASE(a_file_that_is_broken_is_bad_data_of_its_entry_only) {
  const shared_lake world;
  const auto server = world.join();
  const auto chunk_of = [&](const entry_id& id, int n) {
    return bson().add("files_id", *world.raw(id).find("fid").id()).add("n", n);
  };
  std::vector<entry_id> ids;
  for (const auto* name :
       {"well", "no head", "hole", "no end", "short", "long", "wrong length", "no data", "one more"})
    ids.push_back(world.put_original(name));
  const auto remove = [&](const std::string& where, const bson& filter) {
    bulk_write one;
    one.remove_many(filter);
    BOOST_REQUIRE(world.collection(where).write(std::move(one), "test: remove"));
  };
  const auto head = [&](const entry_id& id) { return bson().add("_id", *world.raw(id).find("fid").id()); };
  remove("fs.files", head(ids[1]));
  remove("fs.chunks", chunk_of(ids[2], 1));
  remove("fs.chunks", chunk_of(ids[3], 3));
  world.change("fs.chunks", chunk_of(ids[4], 1), bson().add("$set", bson().add_binary("data", "abc")));
  world.change("fs.chunks", chunk_of(ids[5], 1), bson().add("$set", bson().add_binary("data", "abcde")));
  world.change("fs.files", head(ids[6]), bson().add("$set", bson().add("length", std::int64_t{1} << 60)));
  world.change("fs.chunks", chunk_of(ids[7], 0), bson().add("$set", bson().add("data", "text")));
  world.insert("fs.chunks", chunk_of(ids[8], 9).add_binary("data", ""));
  const auto files = server->read_files(ids);
  BOOST_REQUIRE(files);
  BOOST_TEST((*files)[0].value() == "sealed well");
  for (std::size_t i = 1; i < ids.size(); ++i) {
    BOOST_REQUIRE_MESSAGE(!(*files)[i], i);
    BOOST_TEST_MESSAGE((*files)[i].error().text);
    BOOST_TEST(((*files)[i].error().kind == (i == 1 ? failure::not_found : failure::corrupt)), i);
  }
}

BOOST_AUTO_TEST_CASE(files_that_a_stop_left_are_removed_when_there_is_nothing_to_do) {
  const shared_lake world;
  auto server = world.join();
  const auto ids = put(*server, {entry("archived"), entry("never written"), entry("set aside")});
  mark(*server, {aside(ids[2], entry_state::error)});
  const auto foreign = world.put_original("the API's");
  server.lake.reset();
  // As a kill between the mark and the removal of the file, and one between file and entry, leave them.
  const auto set_processed = bson().add("$set", bson().add("processed", true).add("_cybexd_archived", 1));
  world.change("file_entries", bson().add("name", "archived"), set_processed);
  world.change("file_entries", bson().add("name", "the API's"), set_processed);
  bulk_write never;
  never.remove_one(bson().add("name", "never written"));
  BOOST_REQUIRE(world.collection().write(std::move(never), "test: remove"));
  server = world.join();
  *server.now = 0;  // these files may be of a put that goes on now
  BOOST_TEST(take(*server).empty());
  BOOST_TEST(world.all("fs.files").size() == 3u);
  server = world.join();
  *server.now = 4'000'000'000;
  BOOST_TEST(take(*server).empty());
  BOOST_TEST(world.all("fs.files").size() == 2u);
  BOOST_TEST(file_of(*server, ids[2]).value() == "sealed set aside");
  BOOST_TEST(file_of(*server, foreign).value() == "sealed the API's");
}

BOOST_AUTO_TEST_CASE(a_file_stays_while_a_line_of_it_is_set_aside) {
  const shared_lake world;
  auto server = world.join();
  const auto ids = put(*server, {entry("a bad line", 3), entry("all bad", 2), entry("well", 2)});
  auto line = done(ids[0], 2);
  line.set_aside = 1;
  line.bad_lines = {{1, entry_state::bad_data, "no JSON"}};
  auto lines = done(ids[1], 0);
  lines.set_aside = 2;
  lines.bad_lines = {{1, entry_state::quarantined, "odd"}, {2, entry_state::quarantined, "odd"}};
  mark(*server, {line, lines});
  server.lake.reset();
  // As a kill between the mark and the removal of the file leaves it.
  world.change("file_entries", bson().add("name", "well"),
               bson().add("$set", bson().add("processed", true).add("_cybexd_archived", 2)));
  server = world.join();
  *server.now = 4'000'000'000;
  BOOST_TEST(take(*server).empty());
  BOOST_TEST(world.all("fs.files").size() == 2u);
  BOOST_TEST(file_of(*server, ids[0]).value() == "sealed a bad line");
  BOOST_TEST(file_of(*server, ids[1]).value() == "sealed all bad");
  const auto again = take(*server, forced());
  BOOST_TEST(again.size() == 2u);
  // Once the lines are archived too, the file goes with the mark.
  mark(*server, {done(ids[0], 3)});
  BOOST_TEST(world.all("fs.files").size() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace cybexd::tests
