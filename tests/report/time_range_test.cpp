#include "report/time_range.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>

#include "report/date_text.hpp"
#include "tests/fixtures/golden.hpp"

using namespace cybexd;

namespace {

std::optional<std::string> text(const tahoe::value& c, std::string_view key) {
  const auto* found = c.find(key);
  return found != nullptr && found->text() != nullptr ? std::optional(*found->text()) : std::nullopt;
}

double number(const tahoe::value& c, std::string_view key) {
  double room = 0;
  const auto* found = c.find(key);
  BOOST_REQUIRE(found != nullptr && found->number(room) != nullptr);
  return *found->number(room);
}

std::string many(char c, std::size_t count, std::string_view end) {
  std::string out;
  out.assign(count, c);
  return out.append(end);
}

constexpr double now = 1620000000.25;

expected<report::time_range> from(const std::string& date, const std::string& zone = "UTC") {
  return report::read_time_range({date, {}, {}, zone}, now);
}

void check_start(const std::string& date, double start, const std::string& zone = "UTC") {
  const auto range = from(date, zone);
  BOOST_REQUIRE_MESSAGE(range, date << ": " << (range ? "" : range.error().text));
  BOOST_CHECK_MESSAGE(range->start == start, date << " gave " << range->start - start << " more");
}

}  // namespace

BOOST_AUTO_TEST_SUITE(time_range)

BOOST_AUTO_TEST_CASE(every_golden_case) {
  const auto golden = fixtures::golden("dtrange");
  const double fixed_now = number(golden, "now");
  const auto& cases = *golden.find("cases")->get_if<tahoe::array>();
  BOOST_CHECK_EQUAL(cases.size(), 230u);
  for (const auto& c : cases) {
    const report::time_range_text asked{text(c, "from"), text(c, "to"), text(c, "last"), text(c, "tzname")};
    const auto range = report::read_time_range(asked, fixed_now);
    BOOST_TEST_CONTEXT(tahoe::to_json(c)) {
      if (c.find("error") != nullptr) {
        BOOST_CHECK(!range);
      } else {
        BOOST_REQUIRE_MESSAGE(range, (range ? "" : range.error().text));
        BOOST_CHECK_EQUAL(range->start, number(c, "start"));
        BOOST_CHECK_EQUAL(range->end, number(c, "end"));
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(an_explicit_offset_counts_and_not_the_zone) {
  for (const char* zone : {"UTC", "America/Los_Angeles", "Asia/Kolkata"}) {
    check_start("2021-05-21T14:30:15Z", 1621607415, zone);
    check_start("2021-05-21T14:30:15+00:00", 1621607415, zone);
    check_start("2021-05-21T16:30:15+02:00", 1621607415, zone);
    check_start("2021-05-21T16:30:15.5+0200", 1621607415.5, zone);
    check_start("2021-05-21 07:30:15 -07:00", 1621607415, zone);
    check_start("Fri, 21 May 2021 14:30:15 GMT", 1621607415, zone);
    check_start("Fri, 21 May 2021 16:30:15 +0200 (CEST)", 1621607415, zone);
    check_start("20210521T143015Z", 1621607415, zone);
    check_start("2021-05-21 2:30:15pm UTC", 1621607415, zone);
    check_start("2021-05-21T14:30:15+05", 1621607415 - 5 * 3600, zone);
  }
}

BOOST_AUTO_TEST_CASE(forms_that_mean_the_same_day) {
  for (const char* date : {"2021-05-21",
                           "2021/05/21",
                           "2021.05.21",
                           "05/21/2021",
                           "21/05/2021",
                           "21.05.2021",
                           "May 21 2021",
                           "May 21, 2021",
                           "21 May 2021",
                           "21-May-2021",
                           "May-21-2021",
                           "21st of May 2021",
                           "Friday, May 21st, 2021",
                           "2021 May 21",
                           "5/21/21",
                           "May 21 2021 at 12:00am",
                           "2021-05-21 00:00",
                           "2021-05-21T00",
                           "2021-05-21 0h",
                           "20210521T0000"})
    check_start(date, 1621555200);
}

BOOST_AUTO_TEST_CASE(times_of_day) {
  for (const char* date : {"2021-05-21 14:30", "2021-05-21 2:30 PM", "2021-05-21 02:30pm", "20210521T1430",
                           "2021-05-21 14h30m", "2021-05-21T14:30:00.000000", "2021-05-21 14h30",
                           "202105211430Z", "14:30 2021-05-21", "2021-05-21 14:30:00,0"})
    check_start(date, 1621607400);
  check_start("2021-05-21 12:30am", 1621557000);
  check_start("2021-05-21 12:30pm", 1621600200);
  check_start("2021-05-21T14:30:15.123456789", 1621607415.123456);
}

BOOST_AUTO_TEST_CASE(repeated_and_skipped_hours_read_as_standard_time) {
  check_start("2021-11-07 01:30", 1636277400, "America/Los_Angeles");
  check_start("2021-03-14 02:30", 1615717800, "America/Los_Angeles");
  check_start("2021-04-04 01:45", 1617462900, "Australia/Lord_Howe");
}

BOOST_AUTO_TEST_CASE(what_is_no_date_names_key_and_value) {
  for (const char* date : {"garbage",
                           "nan",
                           "inf",
                           "-inf",
                           "Infinity",
                           "1_000",
                           "1e999",
                           "0x10",
                           "2021-13-45",
                           "2021-02-29",
                           "2021-05-21 25:00",
                           "2021-05-21 14:60",
                           "2021-05-21 14:30:60",
                           "14:30",
                           "May 2021",
                           "2021-05",
                           "Friday",
                           "2021-05-21 14:30 EST",
                           "2021-05-21 13:00 pm",
                           "2021-05-21 14:30 +99:00",
                           "2021-05-21 14:30 +",
                           "2021-05-21 14:",
                           "2021--05-21-1",
                           "21 May",
                           "..",
                           "1 2 3 4 5",
                           "2021-05-21 \xe6\x97\xa5",
                           "May May 2021",
                           "-",
                           " ",
                           "2021-05-21T14:30:15+02:00:00Z+1"}) {
    const auto range = from(date);
    BOOST_REQUIRE_MESSAGE(!range, date);
    BOOST_CHECK(range.error().kind == failure::bad_input);
    BOOST_CHECK_MESSAGE(range.error().text.starts_with("'from' was \""), range.error().text);
  }
  BOOST_CHECK(!from(many('1', 10'000'000, "-")));
  BOOST_CHECK(!from("2021-05-21", "posix/UTC"));
  BOOST_CHECK(!from("2021-05-21", "../../etc/passwd"));
  BOOST_CHECK(!from("2021-05-21", std::string("UTC\0x", 5)));
}

BOOST_AUTO_TEST_CASE(numbers_and_absent_texts) {
  check_start(" 100 ", 100);
  check_start("+100", 100);
  check_start("-5.5", -5.5);
  check_start(".5", .5);
  check_start("5.", 5);
  check_start("1E9", 1e9);
  check_start("1e-400", 0);
  check_start("20210521", 20210521);
  const auto range = report::read_time_range({"", "", "", ""}, now);
  BOOST_REQUIRE(range);
  BOOST_CHECK_EQUAL(range->start, 0);
  BOOST_CHECK_EQUAL(range->end, now);
}

BOOST_AUTO_TEST_CASE(zero_sets_no_bound) {
  store::event_filter filter;
  report::time_range{0, 0}.apply(filter);
  BOOST_CHECK(std::isinf(filter.from) && std::isinf(filter.to));
  report::time_range{1, 2}.apply(filter);
  BOOST_CHECK_EQUAL(filter.from, 1);
  BOOST_CHECK_EQUAL(filter.to, 2);
}

BOOST_AUTO_TEST_CASE(lengths_of_time) {
  const auto start = [](const std::string& last) { return report::read_time_range({{}, {}, last, {}}, now); };
  for (const char* last : {"+5s", "5\ts", "5 sec", "\n5 s"})
    BOOST_CHECK_EQUAL(start(last).value().start, now - 5);
  for (const char* last :
       {"5_0 s", "s5", "5 5 s", "5 ss", "5 D", "5d d", "1e3 s", "--5s", "- 5s", "", "ten days", "5 MONTHS"}) {
    const auto range = start(last);
    if (std::string_view(last).empty()) {
      BOOST_CHECK(range);
    } else {
      BOOST_REQUIRE_MESSAGE(!range, last);
      BOOST_CHECK_MESSAGE(range.error().text.starts_with("'last' was "), range.error().text);
    }
  }
  BOOST_CHECK(!start(many('9', 400, " Y")));
}

BOOST_AUTO_TEST_CASE(years_of_two_digits_are_near) {
  BOOST_CHECK_EQUAL(report::read_date("05/21/71", 2021).value().year, 1971);
  BOOST_CHECK_EQUAL(report::read_date("05/21/70", 2021).value().year, 2070);
  BOOST_CHECK_EQUAL(report::read_date("05/21/72", 2021).value().year, 1972);
}

BOOST_AUTO_TEST_SUITE_END()
