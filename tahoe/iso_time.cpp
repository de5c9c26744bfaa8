#include "tahoe/iso_time.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <string>

namespace cybexd::tahoe {

namespace {

constexpr std::int64_t micro = 1'000'000;
constexpr std::int64_t day_seconds = 86'400;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// The character at a place, U+0000 past the end.
char char_at(std::string_view text, std::size_t at) { return at < text.size() ? text[at] : '\0'; }

/// Takes exactly `count` digits at a place.
bool take_digits(std::string_view text, std::size_t& at, std::size_t count, std::int64_t& out) {
  out = 0;
  for (std::size_t i = 0; i < count; ++i, ++at) {
    if (!is_digit(char_at(text, at))) return false;
    out = out * 10 + (text[at] - '0');
  }
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

/// Where the date ends. Since any one character may follow it, a week date needs a look at what comes after.
std::optional<std::size_t> date_size(std::string_view text) {
  if (text.size() < 7) return std::nullopt;
  if (text.size() == 7) return 7;
  if (text[4] == '-') {
    if (text[5] != 'W') return 10;
    if (char_at(text, 8) != '-') return 8;
    if (text.size() == 9) return std::nullopt;
    return text.size() > 10 && is_digit(text[10]) ? 8 : 10;
  }
  if (text[4] != 'W') return 8;
  std::size_t digits_end = 7;
  while (is_digit(char_at(text, digits_end))) ++digits_end;
  if (digits_end < 9) return digits_end;
  return digits_end % 2 == 0 ? 7 : 8;
}

std::optional<std::int64_t> read_date(std::string_view text) {
  std::size_t at = 0;
  std::int64_t year = 0, month = 0, day = 1;
  if (!take_digits(text, at, 4, year) || year < 1) return std::nullopt;
  const bool dashes = char_at(text, at) == '-';
  if (dashes) ++at;
  const auto take_dash = [&] { return !dashes || char_at(text, at++) == '-'; };
  if (char_at(text, at) == 'W') {
    std::int64_t week = 0;
    if (!take_digits(text, ++at, 2, week)) return std::nullopt;
    if (at < text.size() && (!take_dash() || !take_digits(text, at, 1, day))) return std::nullopt;
    return days_from_week(year, week, day);
  }
  if (!take_digits(text, at, 2, month) || !take_dash() || !take_digits(text, at, 2, day)) return std::nullopt;
  if (at != text.size() || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month))
    return std::nullopt;
  return days_from_date(year, month, day);
}

struct clock_time {
  std::int64_t hour = 0, minute = 0, second = 0, microsecond = 0;

  [[nodiscard]] std::int64_t total() const {
    return ((hour * 60 + minute) * 60 + second) * micro + microsecond;
  }
};

enum class clock_end { wrong, at_end_of_text, before_more };

/// Up to six digits as microseconds; those after them are passed over.
bool take_fraction(std::string_view text, std::size_t& at, std::size_t end, std::int64_t& out) {
  const auto count = std::min<std::size_t>(6, end - at);
  if (!take_digits(text, at, count, out)) return false;
  for (auto missing = count; missing < 6; ++missing) out *= 10;
  while (is_digit(char_at(text, at))) ++at;
  return true;
}

/// Reads `HH[:MM[:SS[.f]]]`, with colons throughout or nowhere, between two places. Says what stands after
/// it, which the original does not mind where a zone follows: `17:44:05 Z` is read.
clock_end read_clock(std::string_view text, std::size_t at, std::size_t end, clock_time& out) {
  const auto ending = [&](char c) { return c == '\0' ? clock_end::at_end_of_text : clock_end::before_more; };
  bool colons = false;
  for (auto* field : {&out.hour, &out.minute, &out.second}) {
    if (!take_digits(text, at, 2, *field)) return clock_end::wrong;
    const char mark = char_at(text, at++);
    if (field == &out.hour) colons = mark == ':';
    if (at >= end) return ending(mark);
    if (colons && mark == ':') continue;
    if (mark == '.' || mark == ',') break;
    if (colons) return clock_end::wrong;
    --at;
  }
  if (!take_fraction(text, at, end, out.microsecond)) return clock_end::wrong;
  return ending(char_at(text, at));
}

/// Microseconds since midnight in UTC.
std::optional<std::int64_t> read_time(std::string_view text) {
  const auto zone = std::min(text.find_first_of("Z+-"), text.size());
  clock_time time, offset;
  const auto end = read_clock(text, 0, zone, time);
  if (end == clock_end::wrong || time.hour > 23 || time.minute > 59 || time.second > 59) return std::nullopt;
  if (zone == text.size())
    return end == clock_end::at_end_of_text ? std::optional(time.total()) : std::nullopt;
  if (text[zone] == 'Z') return zone + 1 == text.size() ? std::optional(time.total()) : std::nullopt;
  if (read_clock(text, zone + 1, text.size(), offset) != clock_end::at_end_of_text) return std::nullopt;
  if (offset.total() >= day_seconds * micro) return std::nullopt;
  return time.total() + (text[zone] == '-' ? offset.total() : -offset.total());
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

/// Reads a time in which a zone is only ever an offset.
std::optional<double> read_moment(std::string_view text) {
  const auto size = date_size(text);
  if (!size) return std::nullopt;
  const auto days = read_date(text.substr(0, *size));
  if (!days) return std::nullopt;
  std::int64_t in_day = 0;
  if (text.size() > *size) {
    const auto after = *size + separator_size(text[*size]);
    if (after > text.size()) return std::nullopt;
    const auto time = read_time(text.substr(after));
    if (!time) return std::nullopt;
    in_day = *time;
  }
  return seconds(*days * day_seconds * micro + in_day);
}

}  // namespace

std::optional<double> iso_timestamp(std::string_view text) {
  // The original replaces every Z by an offset, wherever it stands; at the end of a time that is the same as
  // reading it.
  constexpr std::size_t seconds_and_z = 20;
  const auto z = text.find('Z');
  if (z == std::string_view::npos || (z + 1 == text.size() && z + 1 >= seconds_and_z))
    return read_moment(text);
  std::string replaced;
  for (const char c : text.substr(0, 100)) c == 'Z' ? replaced += "+00:00" : replaced += c;
  return text.size() > 100 ? std::nullopt : read_moment(replaced);
}

}  // namespace cybexd::tahoe
