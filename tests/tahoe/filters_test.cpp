#include <boost/test/unit_test.hpp>

#include "tahoe/filters/filter.hpp"
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

constexpr double now = 1620000000.25;
const std::string organisation = "orgorgorgorgorgorgorgorg";

tahoe::filters::product run(std::string_view filter, const value& data) {
  const auto* f = tahoe::filters::for_sub_type(filter);
  BOOST_REQUIRE_MESSAGE(f != nullptr, filter);
  return f->run(data, {.orgid = organisation, .timezone = "US/Pacific", .first_run = now});
}

/// All documents of a product as the archive would hold them, were it empty.
value documents_of(const tahoe::filters::product& made) {
  tahoe::array out;
  for (const auto& d : made.documents) out.push_back(to_value(d));
  for (const auto& change : made.sessions) {
    auto session = change.session;
    session.ref.insert(session.ref.end(), change.events.begin(), change.events.end());
    out.push_back(to_value(session));
  }
  return value(std::move(out));
}

value ref_of(const tahoe::filters::product& made) {
  tahoe::array out;
  for (const auto& hash : made.ref) out.emplace_back(crypto::to_hex(hash));
  return value(std::move(out));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(filters)

BOOST_AUTO_TEST_CASE(every_golden_record_gives_its_documents_and_references) {
  const auto vectors = golden("filters");
  const auto& cases = list_at(vectors, "cases");
  BOOST_REQUIRE_EQUAL(cases.size(), 23u);
  for (const auto& c : cases) {
    const auto made = run(text_at(c, "filter"), at(c, "data"));
    const bool usable = c.find("error") == nullptr && !list_at(c, "docs").empty();
    BOOST_CHECK_MESSAGE(made.usable == usable, tahoe::to_json(at(c, "data")) << ": " << made.reason);
    BOOST_CHECK_EQUAL(made.reason.empty(), usable);
    if (!usable) {
      BOOST_CHECK_EQUAL(made.documents.size() + made.sessions.size() + made.ref.size(), 0u);
      continue;
    }
    BOOST_CHECK_EQUAL(unordered(documents_of(made)), unordered(at(c, "docs")));
    BOOST_CHECK_EQUAL(unordered(ref_of(made)), unordered(at(c, "ref")));
  }
}

BOOST_AUTO_TEST_CASE(a_cowrie_record_may_stand_in_a_string_or_a_message) {
  const std::string line =
      R"({"eventid":"cowrie.login.failed","timestamp":"2020-04-28T00:00:05Z","session":"s","sensor":"x","src_ip":"1.1.1.1","username":"u","password":"p"})";
  const auto plain = run("cowrie", json(line));
  BOOST_REQUIRE(plain.usable);
  for (const auto& data : {value(line), value(tahoe::object{{"message", line}, {"sensor", "other"}})})
    BOOST_CHECK_EQUAL(unordered(documents_of(run("cowrie", data))), unordered(documents_of(plain)));
}

BOOST_AUTO_TEST_CASE(cowrie_records_that_cannot_be_used_say_why) {
  const std::string head =
      R"("eventid":"cowrie.login.failed","timestamp":"2020-04-28T00:00:05Z","session":"s","sensor":"x")";
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"[]", "not an object"},
      {"\"[]\"", "not an object"},
      {"\"x\"", "not JSON"},
      {"12", "not an object"},
      {"{}", "no eventid"},
      {R"({"message":"{}"})", "no eventid"},
      {R"({"eventid":"cowrie.client.kex","session":"s","sensor":"x"})", "no timestamp"},
      {R"({"eventid":"cowrie.client.kex","timestamp":5,"session":"s","sensor":"x"})",
       "timestamp is an integer"},
      {R"({"eventid":"cowrie.client.kex","timestamp":"yesterday","session":"s","sensor":"x"})", "ISO 8601"},
      {R"({"eventid":"cowrie.client.kex","timestamp":"2020-04-28T00:00:05Z","sensor":"x"})", "no session"},
      {R"({"eventid":"cowrie.client.kex","timestamp":"2020-04-28T00:00:05Z","session":[],"sensor":"x"})",
       "not a scalar"},
      {R"({"eventid":"cowrie.session.closed","timestamp":"2020-04-28T00:00:05Z","session":"s","sensor":"x"})",
       "no duration"},
      {"{" + head + R"(,"username":"u","password":"p"})", "no src_ip"},
      {"{" + head + R"(,"username":"u","src_ip":"1.1.1.1"})", "no password"},
      {"{" + head + R"(,"username":{},"password":"p","src_ip":"1.1.1.1"})", "not a scalar"},
  };
  for (const auto& [text, why] : cases) {
    const auto made = run("cowrie", json(text));
    BOOST_CHECK_MESSAGE(!made.usable, text);
    BOOST_CHECK_MESSAGE(made.reason.find(why) != std::string::npos, text << ": " << made.reason);
    BOOST_CHECK_EQUAL(made.documents.size() + made.sessions.size() + made.ref.size(), 0u);
  }
}

BOOST_AUTO_TEST_CASE(cowrie_values_keep_their_types_and_a_filename_may_be_empty) {
  const auto closed =
      run("cowrie", json(R"({"eventid":"cowrie.session.closed","timestamp":"2020-04-28T02:00:05+02:00",
                                          "session":1,"sensor":null,"duration":"12.5"})"));
  BOOST_REQUIRE(closed.usable);
  BOOST_CHECK_EQUAL(tahoe::to_json(*closed.sessions.at(0).session.duration), "\"12.5\"");
  BOOST_CHECK_EQUAL(tahoe::to_json(*closed.sessions.at(0).session.end_time), "1588032005.0");
  BOOST_CHECK_EQUAL(tahoe::to_json(closed.sessions.at(0).session.data),
                    R"({"sessionid":[1],"sesnor":[null]})");
  const auto download =
      run("cowrie", json(R"({"eventid":"cowrie.session.file_download.failed","timestamp":"2020-04-28",
                                            "session":"s","sensor":"x","url":" http://a/ ","src_ip":16843009})"));
  BOOST_REQUIRE(download.usable);
  BOOST_CHECK_EQUAL(
      tahoe::to_json(download.documents.back().data),
      R"({"url":["http://a/"],"file":[{"filename":[""]}],"success":[false],"attacker":[{"ipv4":[16843009]}]})");
}

BOOST_AUTO_TEST_CASE(a_sighting_needs_an_object_a_numeric_time_and_something_seen) {
  for (const auto* text :
       {"[]", "1", "{}", R"({"timestamp":1})", R"({"ipv4":"1.1.1.1","timestamp":"1"})",
        R"({"timestamp":null,"a":1})", R"({"ipv4":["1.1.1.1"]})", R"({"not an identifier":1})"})
    BOOST_CHECK_MESSAGE(!run("sighting", json(text)).usable, text);
  BOOST_CHECK(run("sighting", json(R"({"a":1})")).keeps_first_run);
  BOOST_CHECK(!run("sighting", json(R"({"a":1,"timestamp":2})")).keeps_first_run);
}

BOOST_AUTO_TEST_CASE(a_feed_needs_a_url_and_counts_equal_ones_once) {
  for (const auto* text : {"[]", "{}", R"({"data":1})", R"({"data":" \n\n"})"})
    BOOST_CHECK_MESSAGE(!run("openphish_feed", json(text)).usable, text);
  std::string lines;
  for (int i = 0; i < 3000; ++i) lines += "http://host" + std::to_string(i % 1000) + "/\r\n";
  const auto made = run("phishtank_feed", value(tahoe::object{{"data", lines}}));
  BOOST_CHECK_EQUAL(made.documents.size(), 2000u);
  BOOST_CHECK_EQUAL(made.ref.size(), 2000u);
}

BOOST_AUTO_TEST_CASE(what_would_be_too_large_to_store_is_refused) {
  const std::string body((16u << 20) - 1500, 'x');
  const auto mail = run(
      "email", value(tahoe::object{
                   {"data", "From: a@b\nTo: c@d\nSubject: s\nDate: 5 Apr 2021 13:38:21 GMT\n\n" + body}}));
  BOOST_CHECK(!mail.usable);
  BOOST_CHECK_MESSAGE(mail.reason.find("bytes") != std::string::npos, mail.reason);
  std::string lines;
  for (int i = 0; i < 120'000; ++i) lines += "http://" + std::to_string(i) + "\n";
  const auto feed = run("openphish_feed", value(tahoe::object{{"data", lines}}));
  BOOST_CHECK(!feed.usable);
  BOOST_CHECK_MESSAGE(feed.reason.find("refer to") != std::string::npos, feed.reason);
}

BOOST_AUTO_TEST_CASE(no_more_documents_are_made_than_can_be_stored) {
  std::string lines;
  tahoe::object seen;
  for (int i = 0; i < 400'000; ++i) {
    lines += std::to_string(i) + "\n";
    seen.emplace_back("a" + std::to_string(i), i);
  }
  const std::string reason =
      "the record makes 209716 documents or more, which it cannot refer to in 16777216 bytes as BSON";
  BOOST_CHECK_EQUAL(run("phishtank_feed", value(tahoe::object{{"data", lines}})).reason, reason);
  BOOST_CHECK_EQUAL(run("sighting", value(std::move(seen))).reason, reason);
}

BOOST_AUTO_TEST_SUITE_END()
