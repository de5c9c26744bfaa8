#include "tahoe/iso_time.hpp"

#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <string>

namespace cybexd::tahoe {

namespace {

constexpr std::int64_t micro = 1'000'000;
constexpr std::int64_t day_seconds = 86'400;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Takes exactly `count` digits off the front.
bool take_digits(std::string_view& text, std::size_t count, std::int64_t& out) {
  if (text.size() < count) return false;
  out = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (!is_digit(text[i])) return false;
    out = out * 10 + (text[i] - '0');
  }
  text.remove_prefix(count);
  return true;
}

bool take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

bool is_leap(std::int64_t year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

std::int64_t days_in_month(std::int64_t year, std::int64_t month) {
  constexpr std::int64_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

/// Days since 1970-01-01 of a date of the proleptic Gregorian calendar, year 1 and later.
std::int64_t days_from_date(std::int64_t year, std::int64_t month, std::int64_t day) {
  const std::int64_t y = month <= 2 ? year - 1 : year;
  const std::int64_t era = y / 400, yoe = y - era * 400;
  const std::int64_t doy = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  return era * 146'097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719'468;
}

/// 0 for Monday.
std::int64_t weekday(std::int64_t days) { return ((days + 3) % 7 + 7) % 7; }

std::optional<std::int64_t> days_from_week(std::int64_t year, std::int64_t week, std::int64_t day) {
  const auto first = days_from_date(year, 1, 1);
  const auto starts = weekday(first);
  const bool long_year = starts == 3 || (starts == 2 && is_leap(year));
  if (week < 1 || week > (long_year ? 53 : 52) || day < 1 || day > 7) return std::nullopt;
  const auto first_monday = first - starts + (starts > 3 ? 7 : 0);
  const auto days = first_monday + (week - 1) * 7 + day - 1;
  if (days < days_from_date(1, 1, 1) || days > days_from_date(9999, 12, 31)) return std::nullopt;
  return days;
}

/// Takes a week date after its year and `W`.
std::optional<std::int64_t> take_week(std::string_view& text, std::int64_t year, bool dashes) {
  std::int64_t week = 0, day = 1;
  if (!take_digits(text, 2, week)) return std::nullopt;
  if (dashes) {
    // A dash with a digit after it is the day; any other character already parts date and time.
    if (text.size() >= 2 && text[0] == '-' && is_digit(text[1])) {
      text.remove_prefix(1);
      take_digits(text, 1, day);
    }
  } else if (!text.empty() && is_digit(text.front())) {
    take_digits(text, 1, day);
  }
  return days_from_week(year, week, day);
}

std::optional<std::int64_t> take_date(std::string_view& text) {
  std::int64_t year = 0, month = 0, day = 0;
  if (!take_digits(text, 4, year) || year < 1) return std::nullopt;
  const bool dashes = take(text, '-');
  if (take(text, 'W')) return take_week(text, year, dashes);
  if (!take_digits(text, 2, month) || (dashes && !take(text, '-')) || !take_digits(text, 2, day))
    return std::nullopt;
  if (month < 1 || month > 12 || day < 1 || day > days_in_month(year, month)) return std::nullopt;
  return days_from_date(year, month, day);
}

struct clock_time {
  std::int64_t hour = 0, minute = 0, second = 0, microsecond = 0;

  [[nodiscard]] std::int64_t total() const {
    return ((hour * 60 + minute) * 60 + second) * micro + microsecond;
  }
};

/// The digits after the decimal mark, which must end the text; those past the sixth are dropped.
bool read_fraction(std::string_view text, std::int64_t& out) {
  if (text.empty()) return false;
  out = 0;
  for (std::size_t i = 0; i < 6; ++i)
    out = out * 10 + (i < text.size() && is_digit(text[i]) ? text[i] - '0' : 0);
  for (const char c : text)
    if (!is_digit(c)) return false;
  return true;
}

/// Reads `HH[:MM[:SS[.f]]]`, with colons throughout or nowhere, to the end of the text.
bool read_clock(std::string_view text, clock_time& out) {
  if (!take_digits(text, 2, out.hour)) return false;
  const bool colons = !text.empty() && text.front() == ':';
  for (auto* field : {&out.minute, &out.second}) {
    if (text.empty()) return true;
    if (field == &out.second && (text.front() == '.' || text.front() == ',')) return false;
    if ((colons && !take(text, ':')) || !take_digits(text, 2, *field)) return false;
  }
  if (text.empty()) return true;
  return (take(text, '.') || take(text, ',')) && read_fraction(text, out.microsecond);
}

/// Microseconds east of UTC.
std::optional<std::int64_t> read_offset(std::string_view text) {
  if (text == "Z") return 0;
  const bool west = text.front() == '-';
  text.remove_prefix(1);
  clock_time offset;
  if (!read_clock(text, offset)) return std::nullopt;
  const auto total = offset.total();
  if (total >= day_seconds * micro) return std::nullopt;
  return west ? -total : total;
}

std::optional<std::int64_t> read_time(std::string_view text) {
  const auto zone = text.find_first_of("Z+-");
  clock_time time;
  if (!read_clock(text.substr(0, zone), time)) return std::nullopt;
  if (time.hour > 23 || time.minute > 59 || time.second > 59) return std::nullopt;
  if (zone == std::string_view::npos) return time.total();
  const auto offset = read_offset(text.substr(zone));
  if (!offset) return std::nullopt;
  return time.total() - *offset;
}

/// The double nearest to a number of microseconds as seconds.
double seconds(std::int64_t microseconds) {
  constexpr std::int64_t exact = std::int64_t{1} << 53;
  if (std::abs(microseconds) <= exact) return static_cast<double>(microseconds) / 1e6;
  const auto whole = std::to_string(std::abs(microseconds));
  const auto text = (microseconds < 0 ? "-" : "") + whole + "e-6";
  double out = 0;
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

/// Bytes of the UTF-8 character that parts date and time.
std::size_t separator_size(char first) {
  const auto byte = static_cast<unsigned char>(first);
  return byte < 0x80 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
}

}  // namespace

std::optional<double> iso_timestamp(std::string_view text) {
  const auto days = take_date(text);
  if (!days) return std::nullopt;
  std::int64_t in_day = 0;
  if (!text.empty()) {
    const auto size = separator_size(text.front());
    if (text.front() == 'Z' || size >= text.size()) return std::nullopt;
    const auto time = read_time(text.substr(size));
    if (!time) return std::nullopt;
    in_day = *time;
  }
  return seconds(*days * day_seconds * micro + in_day);
}

}  // namespace cybexd::tahoe
