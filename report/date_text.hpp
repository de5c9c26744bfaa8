#pragma once
// Dates as people write them, in the forms of `dtrange.json`, which are those of Python's dateutil: ISO 8601
// with and without signs between the parts, month names before and after the day, month/day/year and
// year/month/day, 12- and 24-hour clocks, weekdays (which say nothing new), and an offset from UTC.
#include <optional>
#include <string_view>

#include "crypto/error.hpp"

namespace cybexd::report {

/// A valid day of the Gregorian calendar and a time on it, as written.
struct date_reading {
  int year = 0, month = 0, day = 0;
  int hour = 0, minute = 0, second = 0, microsecond = 0;
  std::optional<int> offset_seconds;  ///< East of UTC; nothing where the text names no offset.
};

/// Reads a whole text. A year of two digits is the one nearest to `current_year`. Errors: bad_input, a phrase
/// that says what is wrong ("it has no year"), without the text itself.
[[nodiscard]] expected<date_reading> read_date(std::string_view text, int current_year);

}  // namespace cybexd::report
