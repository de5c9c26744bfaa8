#include "tahoe/iso_time.hpp"

#include <boost/test/unit_test.hpp>

#include "tests/fixtures/golden.hpp"

using namespace cybexd;

BOOST_AUTO_TEST_SUITE(iso_time)

BOOST_AUTO_TEST_CASE(four_thousand_texts_are_read_as_python_reads_them) {
  std::istringstream lines(fixtures::read_file(CYBEXD_SOURCE_DIR "/tests/data/iso_times.jsonl"));
  std::size_t count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    const auto c = tahoe::parse_json(line).value();
    const auto time = tahoe::iso_timestamp(fixtures::text_at(c, "text"));
    const auto made = time ? tahoe::value(*time) : tahoe::value();
    BOOST_CHECK_MESSAGE(made == fixtures::at(c, "time"), line << " read as " << tahoe::to_json(made));
  }
  BOOST_CHECK_EQUAL(count, 4000u);
}

BOOST_AUTO_TEST_SUITE_END()
