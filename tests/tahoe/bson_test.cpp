#include "tahoe/bson.hpp"

#include <boost/test/unit_test.hpp>
#include <limits>
#include <random>

#include "crypto/digest.hpp"
#include "tests/fixtures/golden.hpp"

using namespace cybexd;
using tahoe::array;
using tahoe::object;
using tahoe::value;

namespace {

value json(std::string_view text) { return tahoe::parse_json(text).value(); }

std::string bytes(std::initializer_list<int> list) {
  std::string out;
  for (const int b : list) out += static_cast<char>(b);
  return out;
}

/// A document of one element: its type, the name `a`, its bytes.
std::string document(int type, const std::string& element) {
  const auto body = bytes({type, 'a', 0}) + element + bytes({0});
  const auto size = static_cast<int>(body.size() + 4);
  return bytes({size & 255, size >> 8 & 255, 0, 0}) + body;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(bson)

BOOST_AUTO_TEST_CASE(known_bytes) {
  BOOST_CHECK_EQUAL(crypto::to_hex(tahoe::to_bson(json("{}")).value()), "0500000000");
  BOOST_CHECK_EQUAL(crypto::to_hex(tahoe::to_bson(json(R"({"hello":"world"})")).value()),
                    "160000000268656c6c6f0006000000776f726c640000");
  BOOST_CHECK_EQUAL(
      crypto::to_hex(tahoe::to_bson(json(R"({"BSON":["awesome",5.05,1986]})")).value()),
      "310000000442534f4e002600000002300008000000617765736f6d65000131003333333333331440103200c20700000000");
}

BOOST_AUTO_TEST_CASE(numbers_keep_their_kind_and_size) {
  const auto v =
      json(R"({"a":1,"b":2147483647,"c":2147483648,"d":-2147483648,"e":-2147483649,"f":9223372036854775807,
                         "g":1.0,"h":-0.0,"i":1e300,"j":true,"k":null,"l":"x\u0000y","$m.n":[[],{},[1,[2]]]})");
  const auto stored = tahoe::to_bson(v).value();
  BOOST_CHECK_EQUAL(stored.size(), tahoe::bson_size(v));
  BOOST_CHECK_EQUAL(tahoe::to_json(tahoe::from_bson(stored).value()), tahoe::to_json(v));
}

BOOST_AUTO_TEST_CASE(what_cannot_be_stored_is_refused) {
  BOOST_CHECK(tahoe::to_bson(json("[]")).error().kind == failure::bad_input);
  BOOST_CHECK(tahoe::to_bson(value(object{{std::string("a\0b", 3), 1}})).error().kind == failure::bad_input);
  const value large(object{{"a", std::string(tahoe::max_bson_size, 'x')}});
  BOOST_CHECK(tahoe::to_bson(large).error().kind == failure::too_large);
  const value fits(object{{"a", std::string(tahoe::max_bson_size - 13, 'x')}});
  BOOST_CHECK_EQUAL(tahoe::to_bson(fits).value().size(), tahoe::max_bson_size);
}

BOOST_AUTO_TEST_CASE(types_json_lacks_come_as_extended_json) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {document(7, std::string(12, '\x11')), R"({"a":{"$oid":"111111111111111111111111"}})"},
      {document(9, bytes({0xe8, 3, 0, 0, 0, 0, 0, 0})), R"({"a":{"$date":"1970-01-01T00:00:01Z"}})"},
      {document(9, bytes({0x15, 0x83, 0xb2, 0x69, 0x7b, 1, 0, 0})),
       R"({"a":{"$date":"2021-08-21T17:11:51.829Z"}})"},
      {document(9, bytes({255, 255, 255, 255, 255, 255, 255, 255})),
       R"({"a":{"$date":{"$numberLong":"-1"}}})"},
      {document(5, bytes({2, 0, 0, 0, 0, 'h', 'i'})),
       R"({"a":{"$binary":{"base64":"aGk=","subType":"00"}}})"},
      {document(0x11, bytes({2, 0, 0, 0, 1, 0, 0, 0})), R"({"a":{"$timestamp":{"t":1,"i":2}}})"},
      {document(0x0b, bytes({'x', 0, 'i', 0})),
       R"({"a":{"$regularExpression":{"pattern":"x","options":"i"}}})"},
      {document(1, bytes({0, 0, 0, 0, 0, 0, 0xf0, 0x7f})), R"({"a":{"$numberDouble":"Infinity"}})"},
      {document(0xff, ""), R"({"a":{"$minKey":1}})"},
  };
  for (const auto& [stored, text] : cases) {
    const auto read = tahoe::from_bson(stored);
    BOOST_REQUIRE_MESSAGE(read, text);
    BOOST_CHECK_EQUAL(tahoe::to_json(*read), text);
  }
}

BOOST_AUTO_TEST_CASE(damaged_bytes_are_corrupt_and_never_read_beyond) {
  const auto whole =
      tahoe::to_bson(json(R"({"a":["x",{"b":1.5}],"c":{"d":true,"e":null},"f":12345678901})")).value();
  for (std::size_t size = 0; size < whole.size(); ++size)
    BOOST_CHECK(tahoe::from_bson(whole.substr(0, size)).error().kind == failure::corrupt);
  BOOST_CHECK(!tahoe::from_bson(whole + "x"));
  BOOST_CHECK(!tahoe::from_bson(document(8, bytes({2}))));
  BOOST_CHECK(!tahoe::from_bson(document(2, bytes({2, 0, 0, 0, 0xff, 0}))));
  BOOST_CHECK(!tahoe::from_bson(document(0x55, "")));
  const unsigned seed = 7;
  BOOST_TEST_MESSAGE("seed " << seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 200'000; ++round) {
    auto damaged = whole;
    for (auto n = random() % 3; n <= 3; ++n) damaged[random() % damaged.size()] = static_cast<char>(random());
    if (const auto read = tahoe::from_bson(damaged)) BOOST_CHECK(tahoe::to_bson(*read).has_value());
  }
}

BOOST_AUTO_TEST_CASE(extended_json_numbers_become_plain_and_the_rest_stays) {
  const auto plain = [](std::string_view text) {
    return tahoe::to_json(tahoe::from_extended_json(json(text)).value());
  };
  BOOST_CHECK_EQUAL(plain(R"({"a":{"$numberLong":"5"},"b":[{"$numberInt":"-7"},{"$numberDouble":"1.0"}]})"),
                    R"({"a":5,"b":[-7,1.0]})");
  BOOST_CHECK_EQUAL(
      plain(R"({"_id":{"$oid":"0123456789abcdef01234567"},"x":{"$date":"2020-01-01T00:00:00Z"}})"),
      R"({"_id":{"$oid":"0123456789abcdef01234567"},"x":{"$date":"2020-01-01T00:00:00Z"}})");
  for (const auto* text : {R"({"$numberLong":5})", R"({"$numberInt":"2147483648"})",
                           R"({"$numberDouble":"NaN"})", R"({"$numberLong":"x"})"})
    BOOST_CHECK(tahoe::from_extended_json(json(text)).error().kind == failure::bad_input);
}

BOOST_AUTO_TEST_SUITE_END()
