// Entries that another program left without what ours have, and documents among them that are no entries.
#include <boost/test/unit_test.hpp>
#include <limits>
#include <map>

#include "tests/fixtures/mongodb_lakes.hpp"

namespace cybexd::tests {

using namespace lake_talk;

BOOST_AUTO_TEST_SUITE(mongodb_odd_entries, *with_mongodb())

BOOST_AUTO_TEST_CASE(odd_entries_have_a_clear_state_and_stop_nobody) {
  const shared_lake world;
  const auto file = world.put_file("sealed");
  const auto server = world.join();
  std::map<std::string, entry_id> ids;
  const auto odd = [&](const std::string& name, const bson& change) {
    ids[name] = world.put_original(name, file);
    world.change("file_entries", bson().add("name", name), change);
  };
  const auto unset = [](const char* field) { return bson().add("$unset", bson().add(field, "")); };
  const auto set = [](const bson& fields) { return bson().add("$set", fields); };
  odd("no orgid", unset("orgid"));
  odd("no fid", unset("fid"));
  odd("fid is a text", set(bson().add("fid", "abc")));
  odd("typetag is a number", set(bson().add("typetag", 7)));
  odd("no processed", unset("processed"));
  odd("processed is null", set(bson().add_null("processed")));
  odd("no timezone", unset("timezone"));
  odd("timestamp is a date", set(bson().add_date("timestamp", 1'600'000'000'500)));
  odd("timestamp is a text", set(bson().add("timestamp", "yesterday")));
  odd("_ref is a text", set(bson().add("_ref", "abc")));
  odd("skip is false", set(bson().add("skip", false).add("bad_data", 0)));
  odd("orgid is null", set(bson().add_null("orgid")));
  odd("timezone is a number", set(bson().add("timezone", 2)));
  odd("name is a number", set(bson().add("name", 5)));
  world.insert("file_entries", bson().add("_id", "a text").add("processed", false));
  const auto taken = server->take({}).value();
  BOOST_TEST(taken.size() == ids.size());
  // The file is there: it is no bad data, and no record can be made of it.
  std::map<std::string, std::string> faults;
  for (const auto& e : taken)
    if (!e.fault.empty()) faults[e.name] = e.fault;
  BOOST_TEST((faults == std::map<std::string, std::string>{
                            {"no orgid", "the entry's orgid is missing"},
                            {"orgid is null", "the entry's orgid is not a text"},
                            {"timezone is a number", "the entry's timezone is not a text"},
                            {"typetag is a number", "the entry's typetag is not a text"}}));
  for (const auto& [name, fault] : faults) {
    BOOST_TEST(file_of(*server, ids[name]).value() == "sealed");
    mark(*server, {aside(ids[name], entry_state::error, fault)});
  }
  for (const auto* name : {"no fid", "fid is a text"}) {
    const auto file_read = file_of(*server, ids[name]);
    BOOST_TEST((!file_read && file_read.error().kind == failure::corrupt), name);
    mark(*server, {aside(ids[name], entry_state::bad_data, file_read ? "" : file_read.error().text)});
  }
  BOOST_TEST((*server->find(ids["no timezone"]))->entry.timezone == "UTC");
  BOOST_TEST((*server->find(ids["timestamp is a date"]))->entry.timestamp == 1'600'000'000.5);
  BOOST_TEST((*server->find(ids["no orgid"]))->mark.reason.find("orgid is missing") != std::string::npos);
  std::vector<entry_mark> rest;
  for (const auto& [name, id] : ids)
    if (file_of(*server, id) && !faults.contains(name)) rest.push_back(done(id));
  BOOST_TEST(rest.size() == 8u);
  mark(*server, rest);
  check_books(*server, {14, 8, 0, 6, 0}, 0);
  BOOST_TEST(world.raw(ids["_ref is a text"]).view().find_dotted("_ref.0").exists());
  BOOST_TEST(take(*server).empty());
}

BOOST_AUTO_TEST_CASE(documents_that_are_no_entries_take_no_place_of_one) {
  const shared_lake world;
  const auto server = world.join();
  for (int i = 0; i < 5; ++i)
    world.insert("file_entries", bson()
                                     .add("_id", "named " + std::to_string(i))
                                     .add("name", "no entry")
                                     .add("timestamp", 1'000'000'000.0)
                                     .add("processed", false));
  world.put_original("an entry");
  take_limits one;
  one.entries = 1;
  BOOST_TEST(take(*server, one) == (names{"an entry"}), boost::test_tools::per_element());
  world.put_original("another");
  auto forced_one = forced();
  forced_one.entries = 1;
  BOOST_TEST(take(*server, forced_one) == (names{"another"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(documents_that_are_no_entries_are_not_in_the_books_and_told_of_once) {
  const shared_lake world;
  world.insert("file_entries", bson().add("_id", "named otherwise").add("processed", false));
  world.insert("file_entries", bson().add("_id", 5).add("processed", false).add("skip", true));
  const auto id = world.put_original("an entry");
  const auto server = world.join();
  *server.now = 4'000'000'000;  // all that is not open is old
  check_books(*server, {1, 0, 0, 0, 1}, 1);
  BOOST_TEST(server->set_aside("", 10, false).value().empty());
  mark(*server, {done(id)});
  check_books(*server, {1, 1, 0, 0, 0}, 0);
  std::size_t told = 0;
  world.said->listen(
      [&](const std::string& s) { told += s.find("an _id that is no ObjectId") != std::string::npos; });
  BOOST_TEST(told == 1u);
}

BOOST_AUTO_TEST_CASE(a_time_that_says_nothing_is_the_one_of_the_id) {
  const shared_lake world;
  const auto server = world.join();
  for (const auto* name : {"null", "text", "nan", "none"}) {
    const auto id = world.put_original(name);
    const auto change = bson().add("_id", *object_id::from_hex(id));
    const auto set = [&](const bson& to) { world.change("file_entries", change, bson().add("$set", to)); };
    const std::string is(name);
    if (is == "null") set(bson().add_null("timestamp"));
    if (is == "text") set(bson().add("timestamp", "2018"));
    if (is == "nan") set(bson().add("timestamp", std::numeric_limits<double>::quiet_NaN()));
    if (is == "none") world.change("file_entries", change, bson().add("$unset", bson().add("timestamp", "")));
    const auto made = object_id::from_hex(id)->seconds();
    BOOST_TEST(server->find(id).value()->entry.timestamp == made, name);
    BOOST_TEST(server->books().value().oldest_eligible.value() == made, name);
    mark(*server, {done(id)});
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace cybexd::tests
