#include "report/bytes_literal.hpp"

#include <boost/test/unit_test.hpp>

#include "crypto/digest.hpp"
#include "tests/fixtures/golden.hpp"

using namespace cybexd;

BOOST_AUTO_TEST_SUITE(bytes_literal)

BOOST_AUTO_TEST_CASE(every_golden_case_both_ways) {
  const auto golden = fixtures::golden("tdql");
  const auto& cases = fixtures::list_at(golden, "bytes_literals");
  BOOST_CHECK_EQUAL(cases.size(), 10u);
  for (const auto& c : cases) {
    const auto& literal = fixtures::text_at(c, "literal");
    const auto bytes = report::read_bytes_literal(literal);
    BOOST_REQUIRE_MESSAGE(bytes, literal << ": " << (bytes ? "" : bytes.error().text));
    BOOST_CHECK_EQUAL(crypto::to_hex(*bytes), fixtures::text_at(c, "hex"));
    BOOST_CHECK_EQUAL(report::write_bytes_literal(*bytes), literal);
  }
}

BOOST_AUTO_TEST_CASE(what_is_no_literal_is_refused_with_its_place) {
  for (const char* text : {"",
                           "b",
                           "b'",
                           "b\"",
                           "b'abc",
                           "b'abc\"",
                           "'abc'",
                           "\"abc\"",
                           "B'abc'",
                           "bytes('abc')",
                           "br'abc'",
                           "rb'abc'",
                           " b'abc'",
                           "b'abc' ",
                           "b'a' b'b'",
                           "b'a'+b'b'",
                           "b''.join([])",
                           "b'a'b'b'",
                           "b'''abc'''",
                           "b'\\",
                           "b'\\'",
                           "b'\\x4'",
                           "b'\\x'",
                           "b'\\xg0'",
                           "b'\\q'",
                           "b'\\0'",
                           "b'\\101'",
                           "b'\\u0041'",
                           "b'\\a'",
                           "b'a\nb'",
                           "b'\xc3\xa9'",
                           "b'\t'",
                           "b'\x7f'",
                           "b'it's'",
                           "__import__('os').system('true')",
                           "b'%s' % open('/etc/passwd').read()",
                           "[b'a']",
                           "b'a',",
                           "b'\\\n'"}) {
    const auto bytes = report::read_bytes_literal(text);
    BOOST_REQUIRE_MESSAGE(!bytes, text);
    BOOST_CHECK(bytes.error().kind == failure::bad_input);
    BOOST_CHECK_MESSAGE(bytes.error().text.find("position ") != std::string::npos, bytes.error().text);
  }
  std::string with_nul("b'a\0b'", 6);
  BOOST_CHECK(!report::read_bytes_literal(with_nul));
}

BOOST_AUTO_TEST_CASE(either_quote_and_case_of_digits_is_read) {
  BOOST_CHECK_EQUAL(report::read_bytes_literal("b\"a'b\"").value(), "a'b");
  BOOST_CHECK_EQUAL(report::read_bytes_literal("b'\\\"\\''").value(), "\"'");
  BOOST_CHECK_EQUAL(report::read_bytes_literal("b'\\xC3\\xA9'").value(), "\xc3\xa9");
}

BOOST_AUTO_TEST_SUITE_END()
