#include "report/time_range.hpp"

#include <date/tz.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <stdexcept>
#include <utility>
#include <vector>

#include "crypto/clipped.hpp"
#include "report/date_text.hpp"
#include "tahoe/json.hpp"

namespace cybexd::report {
namespace {

using std::chrono::seconds;

const date::time_zone* find_zone(const std::string& name) {
  // Copies of the database under other names, and the machine's own zone, are no IANA names.
  if (name.starts_with("posix/") || name.starts_with("right/") || name == "localtime" || name == "posixrules")
    return nullptr;
  try {
    return date::locate_zone(name);
  } catch (const std::exception&) {  // allowed: the library throws
    return nullptr;
  }
}

/// In a repeated hour the later reading (standard time), or the one that the database calls standard; in a
/// skipped hour the offset that held before.
date::sys_seconds to_system(date::local_seconds local, const date::time_zone& zone) {
  const auto info = zone.get_info(local);
  if (info.result != date::local_info::ambiguous)
    return date::sys_seconds(local.time_since_epoch() - info.first.offset);
  const bool first_is_standard =
      info.first.save == std::chrono::minutes(0) && info.second.save != std::chrono::minutes(0);
  const auto& chosen = first_is_standard ? info.first : info.second;
  return date::sys_seconds(local.time_since_epoch() - chosen.offset);
}

double to_unix(const date_reading& reading, const date::time_zone& zone) {
  const auto day = date::year{reading.year} / reading.month / reading.day;
  const date::local_seconds local = date::local_days(day) + std::chrono::hours(reading.hour) +
                                    std::chrono::minutes(reading.minute) + seconds(reading.second);
  const auto system = reading.offset_seconds
                          ? date::sys_seconds(local.time_since_epoch() - seconds(*reading.offset_seconds))
                          : to_system(local, zone);
  return static_cast<double>(system.time_since_epoch().count()) +
         static_cast<double>(reading.microsecond) / 1e6;
}

std::string_view stripped(std::string_view text) {
  constexpr std::string_view blanks = " \t\n\v\f\r";
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

/// A decimal number with or without sign, fraction and exponent. Nothing where it is none; infinite where too
/// large.
std::optional<double> read_number(std::string_view text) {
  text = stripped(text);
  const bool signed_text = text.starts_with('+') || text.starts_with('-');
  const auto digits = signed_text ? text.substr(1) : text;
  if (digits.empty() || digits.find_first_not_of("0123456789.eE+-") != std::string_view::npos)
    return std::nullopt;
  if (digits.front() == '+' || digits.front() == '-') return std::nullopt;
  double number = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (read.ptr != digits.data() + digits.size()) return std::nullopt;
  if (read.ec == std::errc::result_out_of_range) {
    // Too small is as good as nothing, too large is an error: an exponent below zero tells them apart.
    number = digits.find("e-") != std::string_view::npos || digits.find("E-") != std::string_view::npos
                 ? 0
                 : HUGE_VAL;
  } else if (read.ec != std::errc{}) {
    return std::nullopt;
  }
  return text.front() == '-' ? -number : number;
}

int year_of(double now) {
  const auto days = std::clamp(std::floor(now / 86400), -700000.0, 2900000.0);
  const date::year_month_day day{date::sys_days(date::days(static_cast<int>(days)))};
  return static_cast<int>(day.year());
}

tl::unexpected<error> wrong(std::string_view key, std::string_view value, std::string_view why) {
  std::string text = "'";
  text.append(key).append("' was ").append(shown(tahoe::value(value))).append(": ").append(why);
  return fail(failure::bad_input, std::move(text));
}

expected<double> read_bound(std::string_view key, const std::string& text, const date::time_zone& zone,
                            double now) {
  constexpr std::string_view may_be =
      "; it may be Unix seconds such as \"1605000000.5\", or a date such as \"2021-05-21 14:30\" or "
      "\"2021-05-21T14:30:15+02:00\"";
  if (const auto number = read_number(text)) {
    if (!std::isfinite(*number)) return wrong(key, text, "it is beyond every time" + std::string(may_be));
    return *number;
  }
  const auto reading = read_date(text, year_of(now));
  if (!reading) return wrong(key, text, reading.error().text + std::string(may_be));
  return to_unix(*reading, zone);
}

struct time_unit {
  std::string_view name;
  double seconds;
};

constexpr std::array<time_unit, 24> units = {{
    {"s", 1},       {"sec", 1},         {"second", 1},       {"seconds", 1},   {"m", 60},
    {"min", 60},    {"mins", 60},       {"minute", 60},      {"minutes", 60},  {"h", 3600},
    {"hr", 3600},   {"hrs", 3600},      {"hour", 3600},      {"hours", 3600},  {"d", 86400},
    {"day", 86400}, {"days", 86400},    {"w", 604800},       {"week", 604800}, {"weeks", 604800},
    {"M", 2629800}, {"month", 2629800}, {"months", 2629800}, {"Y", 31557600},
}};

std::optional<double> unit_seconds(std::string_view name) {
  if (name == "year" || name == "years") return 31557600;
  for (const auto& unit : units)
    if (unit.name == name) return unit.seconds;
  return std::nullopt;
}

/// "5s", "5 s", "5 seconds"; nothing where it is none.
std::optional<double> read_length(std::string_view text) {
  text = stripped(text);
  if (text.size() < 2) return std::nullopt;
  const auto blank = text.find_first_of(" \t\n\v\f\r");
  const auto split = blank == std::string_view::npos ? text.size() - 1 : blank;
  const auto number = text.substr(0, split);
  const auto unit = unit_seconds(stripped(text.substr(split)));
  const bool has_sign = number.starts_with('-') || number.starts_with('+');
  const auto digits = number.substr(has_sign ? 1 : 0);
  if (!unit || digits.empty() || digits.find_first_not_of("0123456789") != std::string_view::npos)
    return std::nullopt;
  const auto count = read_number(digits);
  if (!count) return std::nullopt;
  return (number.front() == '-' ? -1 : 1) * *count * *unit;
}

bool present(const std::optional<std::string>& text) { return text && !text->empty(); }

}  // namespace

std::string shown(const tahoe::value& v) {
  constexpr std::size_t longest = 80;
  const auto* text = v.text();
  if (text != nullptr && text->size() > longest)
    return tahoe::to_json(tahoe::value(clipped(*text, longest))) + "...";
  if (!v.is_scalar()) return std::string(tahoe::kind_of(v));
  return tahoe::to_json(v);
}

void time_range::apply(store::event_filter& filter) const {
  if (start != 0) filter.from = start;
  if (end != 0) filter.to = end;
}

bool is_time_zone(const std::string& name) { return find_zone(name) != nullptr; }

expected<time_range> read_time_range(const time_range_text& text, double now) {
  const std::string name = present(text.tzname) ? *text.tzname : "UTC";
  const auto* zone = find_zone(name);
  if (zone == nullptr)
    return wrong("tzname", name,
                 "it is no time zone of the IANA database; it may be one such as \"Europe/Berlin\"");
  time_range range{0, now};
  if (present(text.last)) {
    if (present(text.from) || present(text.to))
      return fail(failure::bad_input, "'last' was " + shown(*text.last) + " beside '" +
                                          (present(text.from) ? "from" : "to") +
                                          "': a query may have last, or from and to, not both");
    const auto length = read_length(*text.last);
    if (!length || !std::isfinite(now - *length))
      return wrong("last", *text.last,
                   "it may be a whole number with a unit, such as \"5m\", \"36 hours\", \"7 days\", \"2w\", "
                   "\"6 months\", \"1Y\"");
    range.start = now - *length;
    return range;
  }
  try {
    if (present(text.from)) {
      const auto start = read_bound("from", *text.from, *zone, now);
      if (!start) return fail(start.error());
      range.start = *start;
    }
    if (present(text.to)) {
      const auto end = read_bound("to", *text.to, *zone, now);
      if (!end) return fail(end.error());
      range.end = *end;
    }
  } catch (const std::exception& problem) {  // allowed: the library throws where a zone's file is damaged
    return wrong("tzname", name, std::string("its rules cannot be read: ") + problem.what());
  }
  return range;
}

}  // namespace cybexd::report
