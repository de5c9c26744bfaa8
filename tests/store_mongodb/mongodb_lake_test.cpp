// The lake in the middle of an existing CYBEX-P: entries of the original's API, and what stands in the
// documents.
#include <boost/test/unit_test.hpp>
#include <map>
#include <set>

#include "tests/fixtures/mongodb_lakes.hpp"

namespace cybexd::tests {

using namespace lake_talk;

namespace {

constexpr int type_double = 0x01, type_text = 0x02, type_array = 0x04, type_id = 0x07, type_bool = 0x08,
              type_date = 0x09, type_int32 = 0x10, type_int64 = 0x12;

int type(const bson& document, const char* field) { return document.find(field).type(); }

/// The names of an entry's fields, sorted.
std::string names_of(const bson& document) {
  std::set<std::string> sorted;
  document.view().each([&](const bson_element& field) {
    sorted.emplace(field.key());
    return true;
  });
  std::string names;
  for (const auto& name : sorted) names += (names.empty() ? "" : " ") + name;
  return names;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(mongodb_lake, *conformance())

BOOST_AUTO_TEST_CASE(an_entry_is_written_as_the_original_reads_it) {
  const shared_lake world;
  const auto server = world.join();
  auto large = entry("large", 3);
  large.timestamp = 1'600'000'000;  // whole, and a double all the same
  large.sealed = std::string(261'120 * 2 + 5, 'x');
  const auto ids = put(*server, {entry("a"), large});
  const auto a = world.raw(ids[0]), many = world.raw(ids[1]);
  BOOST_TEST(names_of(a) == "_cybexd_bytes _id fid name orgid processed timestamp timezone typetag");
  BOOST_TEST((type(a, "_id") == type_id && type(a, "fid") == type_id && type(a, "name") == type_text));
  BOOST_TEST((type(a, "timestamp") == type_double && type(many, "timestamp") == type_double));
  BOOST_TEST((type(a, "processed") == type_bool && a.find("processed").boolean() == false));
  BOOST_TEST(many.find("format").text().value() == "ndjson");
  const auto files = world.all("fs.files", bson().add("_id", *many.find("fid").id()));
  BOOST_REQUIRE_EQUAL(files.size(), 1u);
  BOOST_TEST((type(files[0], "length") == type_int64 && type(files[0], "chunkSize") == type_int32 &&
              type(files[0], "uploadDate") == type_date));
  BOOST_TEST(files[0].find("filename").text().value() == "large");
  BOOST_TEST(files[0].find("length").integer().value() == 261'120 * 2 + 5);
  std::map<std::int64_t, std::size_t> chunks;
  for (const auto& chunk : world.all("fs.chunks", bson().add("files_id", *many.find("fid").id()))) {
    BOOST_TEST((type(chunk, "n") == type_int32 && type(chunk, "_id") == type_id));
    chunks[chunk.find("n").integer().value()] = chunk.find("data").binary().value().size();
  }
  BOOST_TEST((chunks == std::map<std::int64_t, std::size_t>{{0, 261'120}, {1, 261'120}, {2, 5}}));
}

BOOST_AUTO_TEST_CASE(an_entry_of_the_original_is_archived_and_its_file_stays) {
  const shared_lake world;
  const auto id = world.put_original("from the API");
  const auto server = world.join();
  check_books(*server, {1, 0, 0, 0, 1}, 1);
  const auto some = server->take({});
  BOOST_REQUIRE(some && some->size() == 1);
  const auto& e = some->front();
  BOOST_TEST((e.id == id && e.name == "from the API" && e.typetag == "cowrie" && !e.ndjson));
  BOOST_TEST((e.timezone == "US/Pacific" && e.timestamp == 1'600'000'000.0 && e.records == 1));
  BOOST_TEST(e.bytes == std::string("sealed from the API").size());
  BOOST_TEST(file_of(*server, id).value() == "sealed from the API");
  mark(*server, {done(id)});
  const auto document = world.raw(id);
  BOOST_TEST(names_of(document) ==
             "_cybexd_archived _cybexd_known _cybexd_set_aside _id _ref fid name orgid processed timestamp "
             "timezone typetag");
  BOOST_TEST((document.find("processed").boolean() == true && type(document, "_ref") == type_array));
  BOOST_TEST(document.view().find_dotted("_ref.0").text().value() == crypto::to_hex(crypto::sha256(id)));
  BOOST_TEST(file_of(*server, id).value() == "sealed from the API");
  check_books(*server, {1, 1, 0, 0, 0}, 0);
}

BOOST_AUTO_TEST_CASE(states_stand_in_the_fields_of_the_original) {
  const shared_lake world;
  const auto server = world.join();
  const auto ids = put(*server, {entry("a"), entry("b"), entry("c"), entry("d", 2)});
  take(*server);
  auto lines = done(ids[3], 1);
  lines.bad_lines = {{2, entry_state::error, "no JSON"}};
  lines.set_aside = 1;
  mark(*server, {aside(ids[0], entry_state::not_supported, "unknown"), aside(ids[1], entry_state::bad_data),
                 aside(ids[2], entry_state::quarantined), lines});
  const auto a = world.raw(ids[0]), b = world.raw(ids[1]), c = world.raw(ids[2]), d = world.raw(ids[3]);
  BOOST_TEST((a.find("skip").boolean() == true && a.find("processed").boolean() == false));
  BOOST_TEST(a.find("skip_reason").text().value() == "unknown");
  BOOST_TEST((b.find("bad_data").boolean() == true && !b.find("skip").exists()));
  BOOST_TEST(c.find("_cybexd_state").text().value() == "quarantined");
  BOOST_TEST(d.view().find_dotted("_cybexd_lines.0.number").integer().value() == 2);
  BOOST_TEST(d.view().find_dotted("_cybexd_lines.0.reason").text().value() == "no JSON");
  take(*server, forced());
  mark(*server, {done(ids[0]), done(ids[1])});
  for (const auto& id : {ids[0], ids[1]}) {
    const auto document = world.raw(id);
    BOOST_TEST(document.find("processed").boolean().value());
    for (const auto* gone : {"skip", "bad_data", "skip_reason", "_cybexd_state"})
      BOOST_TEST(!document.find(gone).exists(), gone);
  }
}

BOOST_AUTO_TEST_CASE(what_the_original_had_set_aside_is_listed_and_can_be_forced) {
  const shared_lake world;
  const auto bad = world.put_original("bad"), archived = world.put_original("archived");
  world.change("file_entries", bson().add("name", "bad"), bson().add("$set", bson().add("bad_data", true)));
  world.change("file_entries", bson().add("name", "archived"),
               bson().add("$set", bson().add("processed", true)));
  const auto server = world.join();
  check_books(*server, {2, 1, 0, 1, 0}, 0);
  const auto listed = server->set_aside("", 10, false);
  BOOST_REQUIRE(listed && listed->size() == 1);
  BOOST_TEST((listed->front().entry.id == bad && listed->front().mark.state == entry_state::bad_data));
  BOOST_TEST(take(*server).empty());
  BOOST_TEST(take(*server, forced()) == (names{"bad"}), boost::test_tools::per_element());
  BOOST_TEST(((*server->find(archived))->mark.state == entry_state::processed));
}

BOOST_AUTO_TEST_CASE(more_references_than_a_document_holds_are_kept_beside_it) {
  const shared_lake world;
  const auto server = world.join();
  constexpr std::size_t count = 150'000;
  const auto ids = put(*server, {entry("a", count)});
  take(*server);
  auto m = done(ids[0], count - 1);
  m.refs.clear();
  for (std::size_t i = 0; i < count; ++i) m.refs.push_back(crypto::sha256(std::to_string(i)));
  std::sort(m.refs.begin(), m.refs.end());
  m.bad_lines = {{7, entry_state::error, "why"}};
  m.set_aside = 1;
  mark(*server, {m});
  const auto found = server->find(ids[0]);
  BOOST_REQUIRE(found && *found);
  BOOST_TEST(((*found)->mark.refs == m.refs));
  BOOST_REQUIRE_EQUAL((*found)->mark.bad_lines.size(), 1u);
  BOOST_TEST((*found)->mark.bad_lines[0].number == 7u);
  BOOST_TEST(world.raw(ids[0]).find("_cybexd_parts").integer().value() >= 1);
}

BOOST_AUTO_TEST_CASE(indexes_are_made_once_and_told) {
  const shared_lake world;
  std::vector<std::string> told;
  world.said->listen([&](const std::string& s) { told.push_back(s); });
  check_books(*world.join(), {0, 0, 0, 0, 0}, 0);
  BOOST_TEST(told.size() == 7u);
  for (const auto& sentence : told) BOOST_TEST(sentence.starts_with("made the index "), sentence);
  told.clear();
  check_books(*world.join(), {0, 0, 0, 0, 0}, 0);
  BOOST_TEST(told.empty());
}

BOOST_AUTO_TEST_CASE(the_original_module_beside_us_is_told_of_once) {
  const shared_lake world;
  const auto server = world.join();
  check_books(*server, {0, 0, 0, 0, 0}, 0);
  std::vector<std::string> told;
  world.said->listen([&](const std::string& s) { told.push_back(s); });
  told.clear();
  world.put_original("a");
  world.change("file_entries", bson(), bson().add("$set", bson().add("processed", true)));
  check_books(*server, {1, 1, 0, 0, 0}, 0);
  check_books(*server, {1, 1, 0, 0, 0}, 0);
  BOOST_REQUIRE_EQUAL(told.size(), 1u);
  BOOST_TEST(told[0].find("archive module") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_batch_takes_few_commands) {
  const shared_lake world;
  const auto server = world.join();
  std::vector<new_entry> entries;
  for (int i = 0; i < 1000; ++i) entries.push_back(entry(std::to_string(i)));
  BOOST_TEST(books(*server).accepted == 0u);  // the indexes are made
  BOOST_TEST(take(*server).empty());          // and the document of the claims
  const auto home = world.places.home();
  auto before = home->counts().commands;
  const auto since = [&] {
    const auto now = home->counts().commands;
    return now - std::exchange(before, now);
  };
  const auto ids = put(*server, entries);
  BOOST_TEST(since() == 3u);
  BOOST_TEST(take(*server).size() == 1000u);
  BOOST_TEST(since() == 3u);  // the claims there are, entries, our claim
  std::vector<entry_mark> marks;
  for (const auto& id : ids) marks.push_back(done(id));
  mark(*server, marks);
  BOOST_TEST(since() == 4u);  // entries, heads and chunks of files, the end of the claim
  books(*server);
  BOOST_TEST(since() <= 1u);
}

BOOST_AUTO_TEST_CASE(one_server_holds_what_it_can_mark_before_a_claim_ends) {
  const shared_lake world;
  const auto server = world.join();
  std::vector<new_entry> entries;
  for (int i = 0; i < 400; ++i) entries.push_back(entry(std::to_string(i)));
  const auto ids = put(*server, entries);
  take(*server);
  BOOST_TEST(server->most_in_work() == 150u * 30);
  *server.now += 4;  // of the 60 s of a claim
  std::vector<entry_mark> marks;
  for (const auto& id : ids) marks.push_back(done(id));
  mark(*server, marks);
  BOOST_TEST(server->most_in_work() == 400u / 4 * 30);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace cybexd::tests
