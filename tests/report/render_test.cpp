#include "report/render.hpp"

#include <boost/test/unit_test.hpp>

#include "tahoe/json.hpp"

using namespace cybexd;

namespace {

tahoe::value report_of(const std::string& data, const std::string& type = "related") {
  auto v = tahoe::parse_json(R"({"itype": "report", "sub_type": ")" + type +
                             R"(", "current_page": 1, "next_page": 2, "data": )" + data + "}");
  BOOST_REQUIRE_MESSAGE(v, data);
  return std::move(*v);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(render)

BOOST_AUTO_TEST_CASE(tables) {
  BOOST_CHECK_EQUAL(report::render_table(report_of("3", "count")), "count: 3\n");
  BOOST_CHECK_EQUAL(report::render_table(report_of("-0.25", "threatrank")), "threatrank: -0.25\n");
  BOOST_CHECK_EQUAL(report::render_table(report_of("\"'level' was 4\"")), "'level' was 4\n");
  BOOST_CHECK_EQUAL(report::render_table(report_of(R"({"ipv4": ["10.0.0.1", "10.0.0.22"], "port": [22]})")),
                    "sub_type  data\n--------  ---------\nipv4      10.0.0.1\nipv4      10.0.0.22\nport      "
                    "22\npage 1, next page 2\n");
  BOOST_CHECK_EQUAL(report::render_table(report_of(
                        R"({"ipv4": [["1.1.1.1", ["ipv4=attribute", "login=event", "url=attribute"]]]})")),
                    "sub_type  data     way from the asked attribute\n--------  -------  "
                    "--------------------------------------------\n"
                    "ipv4      1.1.1.1  url=attribute > login=event > ipv4=attribute\npage 1, next page 2\n");
  const auto list = report::render_table(report_of(
      R"([{"itype": "event", "sub_type": "login", "timestamp": 5.0, "_hash": "ab", "data": {"a": ["b"]}}])"));
  BOOST_CHECK(list.find("event  login     1970-01-01 00:00:05 ") != std::string::npos);
  for (const auto& [time, shown] :
       {std::pair<std::string, std::string>{"1525132800.25", "2018-05-01 00:00:00.250000 "},
        {"-1", "1969-12-31 23:59:59 "},
        {"1e300", "1e+300 "},
        {"\"x\"", "x "}}) {
    const auto row = report::render_table(report_of(R"([{"itype": "event", "timestamp": )" + time + "}]"));
    BOOST_CHECK_MESSAGE(row.find(shown) != std::string::npos, row);
  }
  BOOST_CHECK(report::render_table(report_of("[]")).starts_with("nothing found\n"));
}

BOOST_AUTO_TEST_CASE(hostile_texts_do_nothing_to_the_terminal) {
  BOOST_CHECK_EQUAL(report::one_line("a\x1b[31mb\r\nc\x7f"), "a\\u001b[31mb\\u000d\\u000ac\\u007f");
  BOOST_CHECK_EQUAL(report::one_line("\xc2\x9b"
                                     "31m"),
                    "\\u009b31m");
  BOOST_CHECK_EQUAL(report::one_line("\xe2\x80\xae"
                                     "txt"),
                    "\\u202etxt");
  BOOST_CHECK_EQUAL(report::one_line("\xff\xc3"), "\\ufffd\\ufffd");
  BOOST_CHECK_EQUAL(report::one_line("\xe6\x97\xa5\xf0\x9f\x98\x80", 1), "\xe6\x97\xa5...");
}

BOOST_AUTO_TEST_CASE(dot_draws_common_ways_once) {
  const auto dot = report::render_dot(report_of(
      R"({"url": [["http://x/\"", ["url=attribute"]]],
          "ipv4": [["1.1.1.1", ["ipv4=attribute", "src=object", "login=event", "url=attribute"]],
                   ["2.2.2.2", ["ipv4=attribute", "login=event", "url=attribute"]]]})"));
  BOOST_REQUIRE(dot);
  BOOST_CHECK_EQUAL(
      *dot,
      "graph related {\n  graph [overlap=false, splines=true];\n  node [fontname=\"sans-serif\"];\n"
      "  n1 [label=\"url: http://x/\\\"\", shape=ellipse];\n"
      "  n2 [label=\"login=event\", shape=box];\n"
      "  n3 [label=\"src=object\", shape=component];\n"
      "  n4 [label=\"ipv4: 1.1.1.1\", shape=ellipse];\n"
      "  n5 [label=\"ipv4: 2.2.2.2\", shape=ellipse];\n"
      "  n1 -- n2;\n  n2 -- n3;\n  n3 -- n4;\n  n2 -- n5;\n}\n");
}

BOOST_AUTO_TEST_CASE(other_reports_are_no_graph) {
  for (const char* data : {"3", "[]", "\"failed\"", R"({"ipv4": ["1.1.1.1"]})", R"({"ipv4": 1})",
                           R"({"ipv4": [["a", []]]})", R"({"ipv4": [["a", [1]]]})"})
    BOOST_CHECK_MESSAGE(!report::render_dot(report_of(data)), data);
  BOOST_CHECK(report::render_dot(report_of("{}")));
  BOOST_CHECK(!report::render_dot(nullptr));
}

BOOST_AUTO_TEST_SUITE_END()
