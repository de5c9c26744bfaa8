#include "tahoe/canonical.hpp"

#include <boost/test/unit_test.hpp>

#include "crypto/digest.hpp"
#include "tests/fixtures/golden.hpp"

using namespace cybexd;
using fixtures::text_at;
using tahoe::value;

namespace {

value json(std::string_view text) {
  auto v = tahoe::parse_json(text);
  BOOST_REQUIRE_MESSAGE(v, text.substr(0, 200) << ": " << (v ? "" : v.error().text));
  return std::move(*v);
}

std::string form_of(std::string_view text) { return tahoe::canonical(json(text)).value(); }

std::string nested(std::size_t depth, const std::string& leaf) {
  return std::string(depth, '[') + leaf + std::string(depth, ']');
}

}  // namespace

BOOST_AUTO_TEST_SUITE(canonical)

BOOST_AUTO_TEST_CASE(every_golden_form_its_hash_and_its_decoding) {
  const auto cases = fixtures::golden("canonical");
  BOOST_REQUIRE_EQUAL(cases.get_if<tahoe::array>()->size(), 267u);
  for (const auto& c : *cases.get_if<tahoe::array>()) {
    const auto& text = text_at(c, "json");
    const auto form = tahoe::canonical(json(text));
    BOOST_REQUIRE_MESSAGE(form, text);
    BOOST_CHECK_EQUAL(*form, text_at(c, "canonical"));
    BOOST_CHECK_EQUAL(crypto::to_hex(crypto::sha256(*form)), text_at(c, "sha256"));
    const auto decoded = tahoe::decanonical(*form);
    BOOST_REQUIRE_MESSAGE(decoded, *form);
    BOOST_CHECK_EQUAL(fixtures::unordered(*decoded), fixtures::unordered(json(text_at(c, "decanonical"))));
  }
}

BOOST_AUTO_TEST_CASE(of_equal_keys_the_last_value_counts) {
  BOOST_CHECK_EQUAL(form_of(R"({"a":1,"b":2,"a":3})"), R"({"a": "3", "b": "2"})");
  std::string many = "{";
  for (int i = 0; i < 200'000; ++i) many += "\"k" + std::to_string(i % 3) + "\":" + std::to_string(i) + ",";
  many.back() = '}';
  BOOST_CHECK_EQUAL(form_of(many), R"({"k0": "199998", "k1": "199999", "k2": "199997"})");
}

BOOST_AUTO_TEST_CASE(a_form_stops_at_its_limit_and_not_before) {
  const value text(std::string(98, 'x'));
  BOOST_CHECK(tahoe::canonical(text, {.size = 100}));
  const auto refused = tahoe::canonical(text, {.size = 99});
  BOOST_REQUIRE(!refused);
  BOOST_CHECK(refused.error().kind == failure::too_large);
  // At each level the quotes of the one below are escaped once more: the length doubles.
  const auto form = form_of(nested(10, "1"));
  BOOST_CHECK(tahoe::canonical(json(nested(10, "1")), {.size = form.size()}));
  BOOST_CHECK(!tahoe::canonical(json(nested(10, "1")), {.size = form.size() - 1}));
  BOOST_CHECK(!tahoe::canonical(json(nested(31, "\"\\\"\"")), {}));
}

BOOST_AUTO_TEST_CASE(equal_items_count_once_against_the_limit) {
  std::string items = "[";
  for (int i = 0; i < 1000; ++i) items += nested(6, "\"same\"") + ",";
  items.back() = ']';
  const auto one = form_of("[" + nested(6, "\"same\"") + "]");
  BOOST_CHECK_EQUAL(form_of(items), one);
  BOOST_CHECK_EQUAL(tahoe::canonical(json(items), {.size = one.size()}).value(), one);
  BOOST_CHECK(!tahoe::canonical(json(items), {.size = one.size() - 1}));
}

BOOST_AUTO_TEST_CASE(a_short_text_with_a_costly_form_is_refused_soon) {
  std::string items = "[";
  for (int i = 0; i < 100'000; ++i)
    items += nested(18, "\"" + std::string(static_cast<std::size_t>(i % 50), ' ') + "same\"") + ",";
  items.back() = ']';
  const auto refused = tahoe::canonical(json(items), {.size = 1u << 20});
  BOOST_REQUIRE(!refused);
  BOOST_CHECK(refused.error().kind == failure::too_large);
}

BOOST_AUTO_TEST_CASE(strip_removes_what_python_removes) {
  BOOST_CHECK_EQUAL(tahoe::python_strip("\xc2\xa0 \t\x1c"
                                        "a b\xe3\x80\x80\xc2\x85\n"),
                    "a b");
  BOOST_CHECK_EQUAL(tahoe::python_strip("\xe2\x80\x8b"
                                        "a\xef\xbb\xbf"),
                    "\xe2\x80\x8b"
                    "a\xef\xbb\xbf");
  BOOST_CHECK_EQUAL(tahoe::python_strip(" \xe2\x80\xa8 "), "");
}

BOOST_AUTO_TEST_CASE(decoding_makes_scalars_final) {
  BOOST_CHECK_EQUAL(tahoe::to_json(tahoe::decanonical(R"("\"123\"")").value()), R"("\"123\"")");
  BOOST_CHECK_EQUAL(tahoe::to_json(tahoe::decanonical("not json").value()), R"("not json")");
  BOOST_CHECK_EQUAL(
      tahoe::to_json(tahoe::decanonical(R"({"a": "1", "b": "x", "c": "[\"2.0\"]", "d": 5})").value()),
      R"({"a":1,"b":"x","c":[2.0],"d":5})");
}

BOOST_AUTO_TEST_SUITE_END()
