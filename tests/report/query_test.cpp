#include "report/query.hpp"

#include <boost/test/unit_test.hpp>
#include <map>
#include <set>

#include "crypto/digest.hpp"
#include "tahoe/canonical.hpp"
#include "tahoe/json.hpp"

using namespace cybexd;
using report::query_type;

namespace {

constexpr double now = 1620000000.25;

tahoe::value json(const std::string& text) {
  auto v = tahoe::parse_json(text);
  BOOST_REQUIRE_MESSAGE(v, text);
  return std::move(*v);
}

/// The query as the server reads it: canonical form and back.
expected<report::query> read(query_type type, const tahoe::value& data) {
  auto text = tahoe::canonical(data);
  if (!text) return fail(text.error());
  auto decoded = tahoe::decanonical(*text);
  if (!decoded) return fail(decoded.error());
  return report::read_query(type, *decoded, now);
}

tahoe::value with(const std::string& key, const tahoe::value& v) {
  auto query = json(R"({"sub_type": "ipv4", "data": "1.1.1.1"})");
  query.set(key, v);
  return query;
}

void check_refused(const tahoe::value& data, const std::string& named,
                   query_type type = query_type::related) {
  const auto asked = read(type, data);
  BOOST_REQUIRE_MESSAGE(!asked, tahoe::to_json(data).substr(0, 200));
  BOOST_CHECK(asked.error().kind == failure::bad_input);
  BOOST_CHECK_MESSAGE(asked.error().text.find(named) != std::string::npos, asked.error().text);
  BOOST_CHECK_MESSAGE(asked.error().text.size() < 600, asked.error().text.size());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(query)

BOOST_AUTO_TEST_CASE(defaults) {
  const auto asked = read(query_type::related, json(R"({"sub_type": "ip", "data": " 1.1.1.1 "})"));
  BOOST_REQUIRE(asked);
  BOOST_CHECK_EQUAL(asked->sub_type, "ipv4");
  BOOST_CHECK(asked->attribute == tahoe::make_attribute("ipv4", "1.1.1.1")->hash);
  BOOST_CHECK_EQUAL(asked->range.start, 0);
  BOOST_CHECK_EQUAL(asked->range.end, now);
  BOOST_CHECK(!asked->category && asked->context == store::context_filter::all && !asked->only);
  BOOST_CHECK_EQUAL(asked->level, 1);
  BOOST_CHECK_EQUAL(asked->page, 1);
  BOOST_CHECK(asked->summary && !asked->summary_graph && !asked->event);
}

BOOST_AUTO_TEST_CASE(every_wrong_type_of_every_key_names_the_key) {
  const std::vector<std::string> values = {"null",  "true", "7",  "-1",  "0",  "1.5",        "2.0",
                                           "\"x\"", "\"\"", "[]", "[1]", "{}", R"({"a": 1})"};
  const std::map<std::string, std::set<std::string>> good = {
      {"sub_type", {}},
      {"data", {"null", "true", "7", "-1", "0", "1.5", "2.0", "\"x\"", "\"\""}},
      {"from", {"\"\""}},
      {"to", {"\"\""}},
      {"last", {"\"\""}},
      {"tzname", {"\"\""}},
      {"category", {}},
      {"context", {}},
      {"return_type", {}},
      {"level", {}},
      {"page", {"7"}},
      {"summary", {"true"}},
      {"summary_graph", {"true"}},
      {"_hash", {}}};
  for (const auto& [key, fine] : good)
    for (const auto& text : values) {
      if (fine.contains(text)) {
        BOOST_CHECK_MESSAGE(read(query_type::related, with(key, json(text))), key << " " << text);
      } else {
        check_refused(with(key, json(text)), "'" + key + "' was ");
      }
    }
}

BOOST_AUTO_TEST_CASE(what_it_may_be_is_said) {
  check_refused(with("level", 4), "'level' was 4; it may be an integer from 1 to 3");
  check_refused(with("category", "evil"),
                "'category' was \"evil\"; it may be one of: all, benign, malicious, unknown");
  check_refused(with("sub_type", "nope"),
                "asn, body, domain, email_addr, filename, hostname, sha256, subject, ip, ipv4, url");
  check_refused(with("bogus", 1), "\"bogus\" is not known (it was 1)");
  check_refused(json(R"({"sub_type": "ipv4"})"), "'data' is missing", query_type::count);
  check_refused(json(R"({"data": "x"})"), "'sub_type' is missing");
  check_refused(json(R"({"sub_type": "ipv4", "data": "x"})"), "'_hash' is missing", query_type::threatrank);
  check_refused(with("_hash", std::string(63, 'a')), "64 hexadecimal digits", query_type::threatrank);
  check_refused(json("[]"), "an object");
  check_refused("text", "an object");
}

BOOST_AUTO_TEST_CASE(hostile_queries_are_bounded) {
  tahoe::object many;
  for (int i = 0; i < 10'000; ++i) many.emplace_back("key" + std::to_string(i), i);
  check_refused(many, "\"key0\" is not known");
  std::string huge;
  huge.assign(10'000'000, 'a');
  check_refused(with("sub_type", huge), "'sub_type' was ");
  check_refused(with("from", huge), "'from' was ");
  check_refused(with(huge, 1), "is not known");
  BOOST_CHECK(read(query_type::count, with("data", huge)));
  tahoe::value deep = 1;
  for (int i = 0; i < 20; ++i) deep = tahoe::array{deep};
  check_refused(with("data", deep), "'data' was an array");
}

BOOST_AUTO_TEST_CASE(configured_sub_types_replace_the_default) {
  const auto data = json(R"({"sub_type": "port", "data": 80})");
  BOOST_CHECK(!report::read_query(query_type::count, data, now));
  BOOST_CHECK(report::read_query(query_type::count, data, now, {"port"}));
  BOOST_CHECK(!report::read_query(query_type::count, with("level", 1), now, {"port"}));
}

BOOST_AUTO_TEST_CASE(texts_that_look_like_other_things_stay_texts) {
  for (const char* text : {"123", "null", "true", "[1]", "{\"a\": 1}", "\"quoted\"", "1.0"}) {
    const auto asked = read(query_type::count, with("data", text));
    BOOST_REQUIRE(asked);
    BOOST_CHECK_EQUAL(*asked->data.text(), text);
  }
}

BOOST_AUTO_TEST_SUITE_END()
