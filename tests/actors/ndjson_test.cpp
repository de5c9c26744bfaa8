#include "actors/ndjson.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <vector>

using namespace cybexd::actors;

BOOST_AUTO_TEST_SUITE(ndjson)

BOOST_AUTO_TEST_CASE(blank_lines_are_no_records_and_only_a_newline_ends_a_line) {
  BOOST_TEST(count_lines_with_records("") == 0u);
  BOOST_TEST(count_lines_with_records("\n \n\t\r\n") == 0u);
  BOOST_TEST(count_lines_with_records("a") == 1u);
  BOOST_TEST(count_lines_with_records("a\rb\x0b\xe2\x80\xa8z\nb\n") == 2u);
}

BOOST_AUTO_TEST_CASE(parts_hold_whole_lines_and_all_of_them) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += std::string(static_cast<std::size_t>(i * 7 % 90), 'x') + "\n";
  text += "last, without an end";
  const auto shared = std::make_shared<const std::string>(text);
  for (const auto& [lines, bytes] : {std::pair{512u, 1u << 20}, {10u, 200u}, {1u, 1u}}) {
    line_parts parts(shared, lines, bytes);
    std::size_t at = 0;
    std::uint64_t line = 1, records = 0;
    while (const auto part = parts.next()) {
      BOOST_TEST(part->offset == at);
      BOOST_TEST(part->first_line == line);
      const auto piece = text.substr(part->offset, part->size);
      const auto ends = static_cast<std::uint64_t>(std::count(piece.begin(), piece.end(), '\n'));
      BOOST_TEST(ends <= lines);
      BOOST_TEST((piece.size() <= bytes || ends <= 1));
      each_record(text, *part, [&records](const line_slice&) { ++records; });
      at += part->size;
      line += ends;
    }
    BOOST_TEST(at == text.size());
    BOOST_TEST(records == count_lines_with_records(text));
  }
}

BOOST_AUTO_TEST_CASE(records_come_without_line_ends_and_with_their_numbers) {
  const std::string text = "a\n\nbb\r\n ccc";
  std::vector<std::pair<std::uint64_t, std::string>> seen;
  each_record(text, {0, text.size(), 1},
              [&](const line_slice& l) { seen.emplace_back(l.first_line, text.substr(l.offset, l.size)); });
  const std::vector<std::pair<std::uint64_t, std::string>> wanted = {{1, "a"}, {3, "bb"}, {4, " ccc"}};
  BOOST_TEST((seen == wanted));
}

BOOST_AUTO_TEST_SUITE_END()
