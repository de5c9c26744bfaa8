#include "tahoe/json.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>

#include "tests/fixtures/golden.hpp"

using namespace cybexd;
using fixtures::text_at;
using tahoe::json_problem;
using tahoe::value;

namespace {

json_problem problem_of(std::string_view text) { return tahoe::read_json(text).problem; }

std::string verdict_of(json_problem problem) {
  switch (problem) {
    case json_problem::none:
      return "ok";
    case json_problem::not_json:
      return "not_json";
    case json_problem::forbidden:
    case json_problem::bad_key:
      return "forbidden";
    case json_problem::too_deep:
    case json_problem::too_many:
      return "too much";
  }
  return "?";
}

tahoe::object object_of_everything() {
  return {{"k\x01", tahoe::array{nullptr, true, 1, 1.0, "\"\\\n\x7f\xc3\xa9"}}};
}

}  // namespace

namespace cybexd::tahoe {
static std::ostream& operator<<(std::ostream& out, json_problem problem) {
  return out << verdict_of(problem);
}
}  // namespace cybexd::tahoe

BOOST_AUTO_TEST_SUITE(json)

BOOST_AUTO_TEST_CASE(six_thousand_texts_get_pythons_verdict_and_value) {
  std::istringstream lines(fixtures::read_file(CYBEXD_SOURCE_DIR "/tests/data/json_loads.jsonl"));
  std::size_t count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    const auto c = tahoe::parse_json(line).value();
    const auto& text = text_at(c, "text");
    const auto read = tahoe::read_json(text);
    BOOST_CHECK_MESSAGE(verdict_of(read.problem) == text_at(c, "verdict"), line << ": " << read.text);
    if (read.problem == json_problem::none)
      BOOST_CHECK_EQUAL(tahoe::to_python_json(read.root), text_at(c, "dumps"));
    else
      BOOST_CHECK(!read.text.empty());
  }
  BOOST_CHECK_EQUAL(count, 6000u);
}

BOOST_AUTO_TEST_CASE(what_is_forbidden_is_named) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"[NaN]", "the number NaN"},
      {"-Infinity", "the number -Infinity"},
      {"{\"a\":Infinity}", "the number Infinity"},
      {"[1,9223372036854775808]", "integer outside"},
      {"[1,99999999999999999999999]", "integer outside"},
      {"-9223372036854775809", "integer outside"},
      {"1e999", "overflows a double"},
      {"\"\\ud83d\"", "lone surrogate"},
      {"{\"\\udc00\":1}", "lone surrogate"},
  };
  for (const auto& [text, phrase] : cases) {
    const auto read = tahoe::read_json(text);
    BOOST_CHECK_MESSAGE(read.problem == json_problem::forbidden, text);
    BOOST_CHECK_MESSAGE(read.text.find(phrase) != std::string::npos, text << ": " << read.text);
  }
}

BOOST_AUTO_TEST_CASE(a_key_with_nul_is_a_bad_key_and_a_value_with_nul_is_fine) {
  BOOST_CHECK_EQUAL(problem_of(R"({"a\u0000b":1})"), json_problem::bad_key);
  BOOST_CHECK_EQUAL(problem_of(R"({"a\u0000b":1,"a\u0000b":2})"), json_problem::bad_key);
  BOOST_CHECK_EQUAL(problem_of(R"({"a":"\u0000"})"), json_problem::none);
}

BOOST_AUTO_TEST_CASE(depth_is_counted_and_text_that_is_no_json_is_never_too_deep) {
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  BOOST_CHECK_EQUAL(problem_of(nested(32)), json_problem::none);
  BOOST_CHECK_EQUAL(problem_of(nested(33)), json_problem::too_deep);
  BOOST_CHECK_EQUAL(problem_of(nested(5000)), json_problem::too_deep);
  BOOST_CHECK_EQUAL(problem_of(nested(1'000'000)), json_problem::too_deep);
  BOOST_CHECK_EQUAL(problem_of(nested(5000) + "]"), json_problem::not_json);
  BOOST_CHECK_EQUAL(tahoe::read_json("[1]", {.depth = 0}).problem, json_problem::too_deep);
  BOOST_CHECK_EQUAL(tahoe::read_json("1", {.depth = 0}).problem, json_problem::none);
}

BOOST_AUTO_TEST_CASE(a_byte_order_mark_or_bytes_that_are_no_utf8_are_not_json) {
  BOOST_CHECK_EQUAL(problem_of("\xef\xbb\xbf{}"), json_problem::not_json);
  BOOST_CHECK_EQUAL(problem_of("\"\xff\""), json_problem::not_json);
  BOOST_CHECK_EQUAL(problem_of("\"\xed\xa0\x80\""), json_problem::not_json);
  BOOST_CHECK_EQUAL(problem_of(""), json_problem::not_json);
}

BOOST_AUTO_TEST_CASE(too_many_values_are_refused) {
  std::string zeros = "[";
  for (int i = 0; i < 1001; ++i) zeros += "0,";
  zeros.back() = ']';
  BOOST_CHECK_EQUAL(tahoe::read_json(zeros, {.values = 1000}).problem, json_problem::too_many);
  BOOST_CHECK_EQUAL(tahoe::read_json(zeros, {.values = 1001}).problem, json_problem::none);
}

BOOST_AUTO_TEST_CASE(floats_are_laid_out_as_python_does) {
  const std::vector<std::pair<double, std::string>> cases = {{1.0, "1.0"},
                                                             {-0.0, "-0.0"},
                                                             {1e16, "1e+16"},
                                                             {1e15, "1000000000000000.0"},
                                                             {1e-5, "1e-05"},
                                                             {0.0001, "0.0001"},
                                                             {1.5e300, "1.5e+300"},
                                                             {5e-324, "5e-324"},
                                                             {1236092478.0, "1236092478.0"},
                                                             {0.1, "0.1"},
                                                             {123456789.125, "123456789.125"},
                                                             {-1234567890123456.7, "-1234567890123456.8"},
                                                             {1.25e-7, "1.25e-07"}};
  for (const auto& [number, text] : cases) BOOST_CHECK_EQUAL(tahoe::python_float(number), text);
}

BOOST_AUTO_TEST_CASE(writing_escapes_what_it_must) {
  const value v(object_of_everything());
  BOOST_CHECK_EQUAL(tahoe::to_json(v), "{\"k\\u0001\":[null,true,1,1.0,\"\\\"\\\\\\n\x7f\xc3\xa9\"]}");
  BOOST_CHECK_EQUAL(tahoe::to_python_json(v),
                    "{\"k\\u0001\": [null, true, 1, 1.0, \"\\\"\\\\\\n\\u007f\\u00e9\"]}");
}

BOOST_AUTO_TEST_SUITE_END()
