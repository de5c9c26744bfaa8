#include "tahoe/parse.hpp"

#include <boost/test/unit_test.hpp>

#include "tests/fixtures/golden.hpp"

using namespace cybexd;

namespace {

expected<tahoe::document> read_record(std::string_view text, const tahoe::parse_limits& limits = {}) {
  return tahoe::parse_record(text, "cowrie", "o", "UTC", limits);
}

std::string data_of(std::string_view text) {
  const auto made = read_record(text);
  BOOST_REQUIRE_MESSAGE(made, text.substr(0, 100));
  return tahoe::to_json(made->data);
}

std::string nested(std::size_t depth, std::string_view leaf) {
  std::string out(depth, '[');
  out.append(leaf).append(depth, ']');
  return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(parse)

BOOST_AUTO_TEST_CASE(json_is_the_data_and_other_text_is_wrapped) {
  BOOST_CHECK_EQUAL(data_of(R"( {"a": 1} )"), R"({"a":1})");
  BOOST_CHECK_EQUAL(data_of("12"), "12");
  BOOST_CHECK_EQUAL(data_of("\"x\""), "\"x\"");
  BOOST_CHECK_EQUAL(data_of("null"), "null");
  BOOST_CHECK_EQUAL(data_of(""), R"({"data":""})");
  BOOST_CHECK_EQUAL(data_of("http://a/\n http://b/\n"), R"({"data":"http://a/\n http://b/\n"})");
  BOOST_CHECK_EQUAL(data_of("\xef\xbb\xbf{}"), "{\"data\":\"\xef\xbb\xbf{}\"}");
  BOOST_CHECK_EQUAL(data_of("{\"a\":1}x"), R"({"data":"{\"a\":1}x"})");
  BOOST_CHECK_EQUAL(data_of(R"({"a.b":1,"$c":2})"), R"({"a.b":1,"$c":2})");
}

BOOST_AUTO_TEST_CASE(what_is_forbidden_too_deep_or_too_large_is_an_error_with_its_reason) {
  const std::vector<std::tuple<std::string, failure, std::string>> cases = {
      {"{\"a\":NaN}", failure::bad_input, "NaN"},
      {"[9223372036854775808]", failure::bad_input, "integer outside"},
      {"[1e999]", failure::bad_input, "overflows"},
      {"\"\\ud800\"", failure::bad_input, "surrogate"},
      {"{\"\\u0000\":1}", failure::bad_input, "U+0000"},
      {nested(33, ""), failure::too_large, "deeper than 32"},
      {nested(25, "\"\\\"\""), failure::too_large, "canonical form"},
      {"\"" + std::string(17u << 20, 'x').append("\""), failure::too_large, "BSON"},
      {std::string(17u << 20, 'x'), failure::too_large, "BSON"},
      {"\xff\xfe", failure::bad_input, "UTF-8"},
  };
  for (const auto& [text, kind, phrase] : cases) {
    const auto made = read_record(text);
    BOOST_REQUIRE_MESSAGE(!made, text.substr(0, 100));
    BOOST_CHECK_MESSAGE(made.error().kind == kind, text.substr(0, 100) << ": " << made.error().text);
    BOOST_CHECK_MESSAGE(made.error().text.find(phrase) != std::string::npos, made.error().text);
  }
}

BOOST_AUTO_TEST_CASE(the_document_carries_type_organisation_and_zone) {
  const auto made = read_record("{}").value();
  BOOST_CHECK(made.kind == tahoe::itype::raw);
  BOOST_CHECK_EQUAL(made.sub_type + made.orgid + made.timezone, "cowrieoUTC");
  BOOST_CHECK(made.hash == crypto::sha256("rawcowrie{}"));
  BOOST_CHECK(!tahoe::parse_record("{}", "no-identifier", "o", "UTC"));
}

BOOST_AUTO_TEST_SUITE_END()
