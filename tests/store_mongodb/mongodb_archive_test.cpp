// The archive on MongoDB beside other modules: their documents and ours, doubles.
#include <boost/test/unit_test.hpp>
#include <set>

#include "tahoe/filters/filter.hpp"
#include "tahoe/store/memory_archive.hpp"
#include "tests/fixtures/archive_on_mongodb.hpp"
#include "tests/fixtures/golden.hpp"

namespace cybexd::tests {

using namespace store;
using fixtures::at;
using fixtures::list_at;
using fixtures::text_at;

namespace {

constexpr std::uint8_t a_double = 0x01, a_string = 0x02, an_array = 0x04, an_object_id = 0x07;

record_write through_its_filter(const tahoe::value& golden_case, const tahoe::value& all) {
  const auto& name = text_at(golden_case, "filter");
  record_write w;
  for (const auto& filter : tahoe::filters::all()) {
    if (filter.sub_type != name) continue;
    w.raw = must(tahoe::make_raw(std::string(filter.sub_type), at(golden_case, "data"), text_at(all, "orgid"),
                                 text_at(all, "timezone")));
    double room = 0;
    const auto now = *at(all, "now").number(room);
    w.filtered = filter_result{std::string(filter.id),
                               filter.run(w.raw.data, {w.raw.orgid, w.raw.timezone, now}), now};
  }
  BOOST_REQUIRE_MESSAGE(w.filtered, name);
  return w;
}

void has_types_of_the_original(const bson_view& stored) {
  BOOST_TEST(stored.find("_id").type() == an_object_id);
  BOOST_TEST(stored.find("_hash").type() == a_string);
  for (const auto* real : {"timestamp", "start_time", "end_time"})
    if (const auto field = stored.find(real); field.exists()) BOOST_TEST(field.type() == a_double, real);
  for (const auto* list : {"_ref", "_cref", "_mal_ref", "_ben_ref", "filters"})
    if (const auto field = stored.find(list); field.exists()) BOOST_TEST(field.type() == an_array, list);
  const bool is_event = stored.find("itype").text() == "event";
  BOOST_TEST(stored.find("timestamp").exists() == is_event);
  BOOST_TEST(stored.find("category").exists() == is_event);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(mongodb_archive, *with_mongodb())

BOOST_AUTO_TEST_CASE(documents_are_those_of_the_original_field_by_field) {
  const auto vectors = fixtures::golden("filters");
  std::size_t compared = 0;
  for (const auto& c : list_at(vectors, "cases")) {
    if (c.find("error") != nullptr) continue;
    const archive_on_mongodb on;
    write(*on.archive, {through_its_filter(c, vectors)});
    std::set<std::string> found, wanted;
    must(on.raw.find({}, {}, "test: read", [&](const bson_view& stored) {
      has_types_of_the_original(stored);
      if (stored.find("itype").text() == "raw") return true;
      auto json = must(stored.to_value());
      json.erase("_id");
      if (stored.find("itype").text() == "session") json.erase(archive_rules::own_times_field);  // ours
      found.insert(fixtures::unordered(json));
      return true;
    }));
    for (const auto& d : list_at(c, "docs")) wanted.insert(fixtures::unordered(d));
    BOOST_TEST(found == wanted, tahoe::to_json(at(c, "data")).substr(0, 200));
    compared += wanted.size();
    if (compared > 400) break;  // every filter has come by then
  }
  BOOST_TEST(compared > 100u);
}

BOOST_AUTO_TEST_CASE(a_raw_document_has_its_fields_and_no_more) {
  const archive_on_mongodb on;
  auto w = record_with("a", simple_plan());
  write(*on.archive, {w});
  auto stored = must(on.raw.find_one(by_hash(w.raw.hash), {}, "test: read"));
  BOOST_REQUIRE(stored);
  std::set<std::string> fields;
  stored->view().each(
      [&](const bson_element& field) { return fields.insert(std::string(field.key())).second; });
  BOOST_TEST((fields == std::set<std::string>{"_id", "itype", "sub_type", "data", "_hash", "orgid",
                                              "timezone", "filters", "_ref"}));
  w.raw.orgid = "org2";
  w.filtered->product.usable = false;
  w.filtered->product.reason = "of no use";
  write(*on.archive, {w});
  stored = must(on.raw.find_one(by_hash(w.raw.hash), {}, "test: read"));
  BOOST_TEST(stored->find("_valid").boolean().value() == false);
  BOOST_TEST(stored->find("_cybexd_reason").text().value() == "of no use");
  BOOST_TEST(stored->view().find_dotted("_cybexd_orgs.0.orgid").text().value() == "org2");
}

BOOST_AUTO_TEST_CASE(keys_with_dots_and_dollars_are_kept) {
  const archive_on_mongodb on;
  const tahoe::value odd = tahoe::object{{"a.b", 1}, {"$x", tahoe::object{{"$set", "y"}}}, {"", 2}};
  record_write w;
  w.raw = must(tahoe::make_raw("cowrie", odd, "org1", "UTC"));
  write(*on.archive, {w});
  BOOST_TEST((must(on.archive->get(w.raw.hash))->data == odd));
}

BOOST_AUTO_TEST_CASE(indexes_are_made_once_told_and_never_dropped) {
  archive_on_mongodb on(false);
  must(on.raw.make_indexes(
      {{.name = "mine", .keys = bson().add("_mal_ref", 1), .unique = false, .partial = {}, .sparse = false}},
      *on.say, "test: index"));
  (void)on.sentences();
  on.open();
  const auto told = on.sentences();
  for (const auto* name : {"_hash_1", "_ref_1_timestamp_1", "_ben_ref_1", "_cref_1"}) {
    const auto sentence = "made the index " + std::string(name) + " of " + on.raw.full_name();
    BOOST_TEST(std::count(told.begin(), told.end(), sentence) == 1, name);
  }
  const auto made = std::count_if(told.begin(), told.end(), [](const std::string& sentence) {
    return sentence.starts_with("made the index ");
  });
  BOOST_TEST(made == 6);  // all but that over _mal_ref, which is there
  on.open();
  BOOST_TEST(on.sentences().empty());
  BOOST_TEST(faults_in(*on.archive).empty());
}

BOOST_AUTO_TEST_CASE(old_doubles_are_told_listed_and_joined) {
  archive_on_mongodb on(false);
  auto plan = simple_plan();
  const auto parts = make_parts(plan);
  auto grave = parts.back();
  grave.category = tahoe::category::malicious;
  grave.mal_ref = {plan.attributes[0].hash};
  auto session = session_of("s1"), grown = session_of("s1");
  grown.ref.push_back(grave.hash);
  archive_rules::normalise(grown.ref);
  grown.start_time = 5.0;
  for (const auto& d : parts) on.insert(d);
  for (const auto& d : {grave, session, grown, plan.attributes[0]}) on.insert(d);
  on.open();
  const auto sentences = on.sentences();
  const bool told = std::any_of(sentences.begin(), sentences.end(), [](const auto& sentence) {
    return sentence.find("_hash_1") != std::string::npos && sentence.find("not unique") != std::string::npos;
  });
  BOOST_TEST(told);
  const auto faults = faults_in(*on.archive);
  BOOST_TEST(faults.size() == 4u);  // the index, and three hashes
  BOOST_TEST(all_of(*on.archive).size() == parts.size() + 1);

  const auto stored = must(on.archive->get(grave.hash));
  BOOST_TEST((stored->category == tahoe::category::malicious && stored->mal_ref == grave.mal_ref));
  BOOST_TEST((must(on.archive->get(session.hash))->start_time == tahoe::value(5.0)));
  event_filter f;
  f.who.everything = true;
  auto view = must(on.archive->view());
  BOOST_TEST(must(view->count(plan.attributes[0].hash, f)) == 1u);
  BOOST_TEST(must(view->page(plan.attributes[0].hash, f, 0, 10)).size() == 1u);
  BOOST_TEST(must(view->sessions_of(grave.hash)).size() == 1u);
  BOOST_TEST(must(view->events_of_session(session.hash, f)).size() == 1u);
  const auto node = must(view->event_node(grave.hash, f.who));
  const auto facts = must(view->facts(*node, f.who));
  BOOST_TEST(must(view->degree(facts->attributes[0], f.who)) == 1u);
  BOOST_TEST(must(view->get_many(std::vector{session.hash, grave.hash})).size() == 2u);

  // And new records are written as ever.
  auto memory = make_memory_archive();
  const auto more = record_with("b", plan);
  for (auto* archive : {memory.get(), on.archive.get()}) {
    BOOST_TEST(!write(*archive, {more, more})[0].known);
    BOOST_TEST(write(*archive, {more})[0].known);
  }
  BOOST_TEST(faults_in(*on.archive).size() == 4u);
  BOOST_TEST(text_of(only(*on.archive, tahoe::itype::raw)) == text_of(only(*memory, tahoe::itype::raw)));
}

BOOST_AUTO_TEST_CASE(raw_records_of_other_modules_are_filtered_too) {
  const archive_on_mongodb on;
  auto theirs = must(tahoe::make_raw("cowrie", tahoe::object{{"line", "a"}}, "org1", "UTC"));
  auto json = tahoe::to_value(theirs);
  json.erase("filters");
  json.erase("_ref");
  json.set("something_of_theirs", 7);
  on.insert(must(bson::from(json)));
  auto done = must(tahoe::make_raw("cowrie", tahoe::object{{"line", "b"}}, "org1", "UTC"));
  done.filters = {"filter-1"};
  on.insert(done);
  BOOST_TEST(unfiltered_in(*on.archive) == 1u);
  const auto waiting = must(on.archive->unfiltered(cowrie, std::nullopt, 10));
  BOOST_REQUIRE_EQUAL(waiting.size(), 1u);
  BOOST_TEST((waiting[0].raw.hash == theirs.hash));
  write(*on.archive, {record_write{waiting[0].raw, filtered(make_parts(simple_plan()))}});
  BOOST_TEST(unfiltered_in(*on.archive) == 0u);
  const auto stored = must(on.raw.find_one(by_hash(theirs.hash), {}, "test: read"));
  BOOST_TEST(stored->view().find_dotted("filters.0").text().value() == "filter-1");
  BOOST_TEST(stored->find("something_of_theirs").integer().value() == 7);
  BOOST_TEST(must(on.archive->get(theirs.hash))->ref.size() == 3u);
}

BOOST_AUTO_TEST_CASE(a_document_that_is_none_of_tahoes_hides_no_other) {
  const archive_on_mongodb on;
  write(*on.archive, {record_with("a", simple_plan())});
  on.insert(bson().add("_hash", "not a hash").add("itype", "event").add("timestamp", "yesterday"));
  on.insert(bson().add("note", "of no module that is known"));
  std::size_t seen = 0;
  const auto walked = on.archive->each([&](const document&) { return ++seen > 0; });
  BOOST_REQUIRE(!walked);
  BOOST_TEST((walked.error().kind == failure::corrupt));
  BOOST_TEST(walked.error().text.find("the first of 2") != std::string::npos, walked.error().text);
  BOOST_TEST(seen == 4u);
  event_filter f;
  f.who.everything = true;
  BOOST_TEST(must(must(on.archive->view())->count(attribute("method", "ssh").hash, f)) == 1u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace cybexd::tests
