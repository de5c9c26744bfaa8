#include "tahoe/document.hpp"

#include <boost/test/unit_test.hpp>
#include <deque>

#include "tahoe/bson.hpp"
#include "tahoe/json.hpp"
#include "tests/fixtures/golden.hpp"

using namespace cybexd;
using fixtures::at;
using fixtures::golden;
using fixtures::list_at;
using fixtures::text_at;
using fixtures::unordered;
using tahoe::value;

namespace {

value json(std::string_view text) { return tahoe::parse_json(text).value(); }

/// Every object anywhere in a golden file that has an itype and a `_hash`: a document.
void collect(const value& v, std::vector<value>& out) {
  if (const auto* items = v.get_if<tahoe::array>()) {
    for (const auto& item : *items) collect(item, out);
  } else if (const auto* members = v.get_if<tahoe::object>()) {
    if (v.find("itype") != nullptr && v.find("data") != nullptr) out.push_back(v);
    for (const auto& m : *members) collect(m.second, out);
  }
}

/// Builds a tree of `scenario_small.json`; keeps all documents made in `made`.
const tahoe::document& build(const value& tree, std::deque<tahoe::document>& made) {
  const auto* children = tree.find("children");
  if (children == nullptr)
    return made.emplace_back(tahoe::make_attribute(text_at(tree, "sub_type"), at(tree, "data")).value());
  std::vector<const tahoe::document*> parts;
  for (const auto& child : list_at(tree, "children")) parts.push_back(&build(child, made));
  return made.emplace_back(tahoe::make_object(text_at(tree, "sub_type"), parts).value());
}

std::vector<const tahoe::document*> build_all(const tahoe::array& trees, std::deque<tahoe::document>& made) {
  std::vector<const tahoe::document*> parts;
  for (const auto& tree : trees) parts.push_back(&build(tree, made));
  return parts;
}

std::vector<crypto::hash256> hashes(const tahoe::array& list) {
  std::vector<crypto::hash256> out;
  for (const auto& item : list) out.push_back(crypto::hash_from_hex(*item.text()).value());
  return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(document)

BOOST_AUTO_TEST_CASE(every_golden_attribute_its_unique_string_and_hash) {
  const auto cases = golden("attributes");
  BOOST_REQUIRE_EQUAL(cases.get_if<tahoe::array>()->size(), 66u);
  for (const auto& c : *cases.get_if<tahoe::array>()) {
    const auto made = tahoe::make_attribute(text_at(c, "sub_type"), json(text_at(c, "data_json")));
    BOOST_REQUIRE_MESSAGE(made, text_at(c, "data_json"));
    BOOST_CHECK_EQUAL(crypto::to_hex(made->hash), text_at(c, "_hash"));
    BOOST_CHECK_EQUAL(tahoe::unique_string(to_value(*made)).value(), text_at(c, "unique"));
  }
}

BOOST_AUTO_TEST_CASE(every_golden_document_has_its_hash_and_survives_reading_and_bson) {
  for (const auto* file : {"scenario_small", "filters", "tdql"}) {
    std::vector<value> documents;
    collect(golden(file), documents);
    BOOST_TEST_MESSAGE(file << ": " << documents.size() << " documents");
    BOOST_REQUIRE_GE(documents.size(), 3u);
    for (const auto& d : documents) {
      const auto unique = tahoe::unique_string(d);
      BOOST_REQUIRE_MESSAGE(unique, tahoe::to_json(d));
      BOOST_CHECK_EQUAL(crypto::to_hex(crypto::sha256(*unique)), text_at(d, "_hash"));
      if (d.find("children") != nullptr) continue;  // a tree to build from, not a stored document
      const auto read = tahoe::from_value(d);
      BOOST_REQUIRE_MESSAGE(read, tahoe::to_json(d) << (read ? "" : read.error().text));
      BOOST_CHECK_EQUAL(unordered(to_value(*read)), unordered(d));
      const auto stored = tahoe::to_bson(d);
      BOOST_REQUIRE(stored);
      BOOST_CHECK_EQUAL(stored->size(), tahoe::bson_size(d));
      BOOST_CHECK(tahoe::from_bson(*stored).value() == d);
    }
  }
}

BOOST_AUTO_TEST_CASE(every_query_step_keeps_the_hash_of_its_unique_string) {
  const auto tdql = golden("tdql");
  for (const auto& c : list_at(tdql, "cases"))
    for (const auto& step : list_at(c, "steps"))
      BOOST_CHECK_EQUAL(tahoe::unique_string(at(step, "doc")).value(), text_at(c, "unique"));
}

BOOST_AUTO_TEST_CASE(every_scenario_event_and_session_is_built_alike) {
  const auto scenario = golden("scenario_small");
  for (const auto& e : list_at(scenario, "events")) {
    std::deque<tahoe::document> made;
    tahoe::event_fields fields;
    const auto& stored = at(e, "doc");
    double room = 0;
    fields.orgid = text_at(stored, "orgid");
    fields.timestamp = *at(e, "timestamp").number(room);
    fields.category = tahoe::category_from(text_at(e, "category")).value();
    fields.benign = hashes(list_at(e, "benign"));
    fields.malicious = hashes(list_at(e, "malicious"));
    const auto event = tahoe::make_event(text_at(e, "sub_type"), build_all(list_at(e, "body"), made), fields);
    BOOST_REQUIRE(event);
    BOOST_CHECK_EQUAL(unordered(to_value(*event)), unordered(stored));
  }
  for (const auto& s : list_at(scenario, "sessions")) {
    std::deque<tahoe::document> made;
    auto session = tahoe::make_session(text_at(s, "sub_type"), build_all(list_at(s, "body"), made)).value();
    for (const auto& event : hashes(list_at(s, "events"))) session.ref.push_back(event);
    BOOST_CHECK_EQUAL(unordered(to_value(session)), unordered(at(s, "doc")));
  }
}

BOOST_AUTO_TEST_CASE(equal_children_stand_twice_in_data_and_count_once_in_the_hash) {
  const auto a = tahoe::make_attribute("port", 80).value();
  const auto once = tahoe::make_object("dst", {&a}).value();
  const auto twice = tahoe::make_object("dst", {&a, &a}).value();
  BOOST_CHECK(once.hash == twice.hash);
  BOOST_CHECK_EQUAL(tahoe::to_json(twice.data), R"({"port":[80,80]})");
  BOOST_CHECK_EQUAL(twice.cref.size(), 1u);
}

BOOST_AUTO_TEST_CASE(data_is_kept_unstripped) {
  const auto padded = tahoe::make_attribute("url", " x ").value();
  BOOST_CHECK(padded.hash == tahoe::make_attribute("url", "x").value().hash);
  BOOST_CHECK_EQUAL(*padded.data.text(), " x ");
}

BOOST_AUTO_TEST_CASE(a_sub_type_that_is_no_identifier_is_refused) {
  for (const auto* name : {"", "1a", "a-b", "a b", "\xc3\xa9", "a.b"}) {
    const auto made = tahoe::make_attribute(name, 1);
    BOOST_REQUIRE(!made);
    BOOST_CHECK(made.error().kind == failure::bad_input);
  }
  BOOST_CHECK(tahoe::make_attribute("_A9", 1));
}

// A report of many small numbers was stored by nobody: its canonical form is short, and it takes more than 16
// MiB.
BOOST_AUTO_TEST_CASE(a_text_that_is_no_utf8_makes_no_document) {
  const std::string bad = "caf\xc3";
  const auto refused = [](const auto& made, std::string_view named) {
    BOOST_REQUIRE(!made);
    BOOST_CHECK_EQUAL(to_string(made.error().kind), "bad input");
    BOOST_CHECK_MESSAGE(made.error().text.find(named) != std::string::npos, made.error().text);
    BOOST_CHECK(tahoe::is_valid_utf8(made.error().text));
  };
  refused(tahoe::make_attribute("name", bad), "attribute name is not UTF-8");
  refused(tahoe::make_raw("type", tahoe::object{{"a", tahoe::array{1, bad}}}, "o", "UTC"),
          "raw type is not UTF-8");
  refused(tahoe::make_raw("type", tahoe::object{{bad, 1}}, "o", "UTC"), "raw type");
  refused(tahoe::make_raw("type", tahoe::object{}, bad, "UTC"), "raw type");
  refused(tahoe::make_raw("type", tahoe::object{}, "o", bad), "raw type");
  refused(tahoe::make_report("report", tahoe::object{{"a", bad}}, "u", 1, 1, 0), "report");
  refused(tahoe::make_report("report", tahoe::object{}, bad, 1, 1, 0), "report");
  const auto name = tahoe::make_attribute("name", "café").value();
  tahoe::event_fields fields;
  fields.orgid = bad;
  refused(tahoe::make_event("seen", {&name}, std::move(fields)), "event seen");
  auto broken = name;
  broken.data = value(bad);
  refused(tahoe::make_object("who", {&broken}), "object who");
}

BOOST_AUTO_TEST_CASE(a_long_name_is_cut_between_characters_in_what_is_said_of_it) {
  std::string name = "a";
  for (int n = 0; n < 60; ++n) name += "é";
  const auto wrong = tahoe::make_attribute(name, 1);
  BOOST_REQUIRE(!wrong);
  BOOST_CHECK_EQUAL(wrong.error().text,
                    "the sub_type \"" + name.substr(0, 99) + "\" is no identifier ([A-Za-z_][A-Za-z0-9_]*)");
  for (const auto& document :
       {tahoe::object{{"itype", name}},
        tahoe::object{{"itype", "raw"}, {"sub_type", "t"}, {"_hash", "x" + name}, {"data", 1}}}) {
    const auto read = tahoe::from_value(value(document));
    BOOST_REQUIRE(!read);
    BOOST_CHECK_MESSAGE(tahoe::is_valid_utf8(read.error().text), read.error().text);
  }
}

BOOST_AUTO_TEST_CASE(a_report_that_no_store_takes_is_refused) {
  const auto report_of = [](int items) {
    return tahoe::make_report("count", tahoe::array(static_cast<std::size_t>(items), 80), "u", 1.5, 1, 1);
  };
  const auto fits = report_of(1'200'000);
  BOOST_REQUIRE(fits);
  BOOST_CHECK(tahoe::to_bson(tahoe::to_value(*fits)));
  const auto refused = report_of(1'500'000);
  BOOST_REQUIRE(!refused);
  BOOST_CHECK(refused.error().kind == failure::too_large);
}

BOOST_AUTO_TEST_CASE(submissions_of_one_organisation_are_one) {
  const auto list = [](const std::string& first) {
    return R"({"itype":"raw","sub_type":"a","_hash":")" + std::string(64, 'a') +
           R"(","data":{},"orgid":"o","timezone":"UTC","filters":)" + first;
  };
  const auto read = tahoe::from_value(json(list(R"([],"_cybexd_orgs":[
      {"orgid":"p","timezone":"P","filters":["x"]},{"orgid":"o","timezone":"Q","filters":["x","y"]},
      {"orgid":"q","timezone":""},{"orgid":"p","timezone":"R","filters":["x","z"]},{"orgid":"o","timezone":"UTC"}]})")));
  BOOST_REQUIRE(read);
  const auto expected = tahoe::from_value(json(list(R"(["x","y"],"_cybexd_orgs":[
      {"orgid":"p","timezone":"P","filters":["x","z"]},{"orgid":"q","timezone":"","filters":[]}]})")));
  BOOST_REQUIRE(expected);
  BOOST_TEST(tahoe::to_json(tahoe::to_value(*read)) == tahoe::to_json(tahoe::to_value(*expected)));
  BOOST_TEST(read->submissions.size() == 2u);
}

BOOST_AUTO_TEST_CASE(wrong_types_of_fields_are_named) {
  const std::string hash(64, 'a');
  const std::vector<std::pair<std::string, std::string>> wrong = {
      {R"([])", "object"},
      {R"({"itype":"thing"})", "itype"},
      {R"({"itype":"attribute","sub_type":"a b","_hash":")" + hash + R"(","data":1})", "sub_type"},
      {R"({"itype":"attribute","sub_type":"a","_hash":"xyz","data":1})", "_hash"},
      {R"({"itype":"attribute","sub_type":"a","_hash":")" + hash + R"(","data":[]})", "data"},
      {R"({"itype":"attribute","sub_type":"a","_hash":")" + hash + R"("})", "data"},
      {R"({"itype":"object","sub_type":"a","_hash":")" + hash + R"(","data":1})", "data"},
      {R"({"itype":"object","sub_type":"a","_hash":")" + hash + R"(","data":{},"_ref":["x"]})", "_ref"},
      {R"({"itype":"event","sub_type":"a","_hash":")" + hash + R"(","data":{},"orgid":"o"})", "timestamp"},
      {R"({"itype":"event","sub_type":"a","_hash":")" + hash + R"(","data":{},"orgid":"o","timestamp":"1"})",
       "timestamp"},
      {R"({"itype":"event","sub_type":"a","_hash":")" + hash + R"(","data":{},"orgid":1,"timestamp":1})",
       "orgid"},
      {R"({"itype":"raw","sub_type":"a","_hash":")" + hash + R"(","data":{},"_valid":1})", "_valid"},
  };
  for (const auto& [text, field] : wrong) {
    const auto read = tahoe::from_value(json(text));
    BOOST_REQUIRE_MESSAGE(!read, text);
    BOOST_CHECK_MESSAGE(read.error().text.find(field) != std::string::npos,
                        text << ": " << read.error().text);
  }
}

BOOST_AUTO_TEST_SUITE_END()
