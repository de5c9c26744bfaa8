#include <boost/test/unit_test.hpp>

#include "tahoe/filters/filter.hpp"
#include "tests/fixtures/golden.hpp"

using namespace cybexd;
using tahoe::value;

namespace {

/// What the filter makes of an e-mail, as `{"data", "timestamp"}`; null if it cannot use it.
value event_of(const std::string& text) {
  const auto made = tahoe::filters::for_sub_type("email")->run(value(tahoe::object{{"data", text}}),
                                                               {.orgid = "o", .timezone = "UTC"});
  if (!made.usable) return value();
  for (const auto& d : made.documents)
    if (d.kind == tahoe::itype::event)
      return value(tahoe::object{{"data", d.data}, {"timestamp", d.timestamp}});
  return value("no event");
}

}  // namespace

BOOST_AUTO_TEST_SUITE(email)

BOOST_AUTO_TEST_CASE(every_email_is_read_as_python_reads_it) {
  const char* file = std::getenv("CYBEXD_EMAILS");
  std::istringstream lines(fixtures::read_file(file ? file : CYBEXD_SOURCE_DIR "/tests/data/emails.jsonl"));
  std::size_t count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    const auto c = tahoe::parse_json(line).value();
    const auto& text = fixtures::text_at(c, "text");
    const auto expected = fixtures::unordered(fixtures::at(c, "event"));
    const auto made = fixtures::unordered(event_of(text));
    BOOST_CHECK_MESSAGE(made == expected, tahoe::to_json(text)
                                              << "\n  made     " << made << "\n  expected " << expected);
  }
  BOOST_CHECK_GE(count, 2639u);
}

BOOST_AUTO_TEST_SUITE_END()
