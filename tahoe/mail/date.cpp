#include "tahoe/mail/date.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <string>
#include <vector>

#include "tahoe/canonical.hpp"
#include "tahoe/iso_time.hpp"
#include "tahoe/mail/text.hpp"

namespace cybexd::tahoe::mail {

namespace {

using words = std::vector<std::string>;

constexpr std::array<std::string_view, 24> months = {
    "jan", "feb",  "mar",  "apr",    "may",       "jun",      "jul",      "aug",
    "sep", "oct",  "nov",  "dec",    "january",   "february", "march",    "april",
    "may", "june", "july", "august", "september", "october",  "november", "december"};
constexpr std::array<std::string_view, 7> days = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

struct zone {
  std::string_view name;
  int offset;  // as hours * 100 + minutes
};
constexpr std::array<zone, 14> zones = {{{"UT", 0},
                                         {"UTC", 0},
                                         {"GMT", 0},
                                         {"Z", 0},
                                         {"AST", -400},
                                         {"ADT", -300},
                                         {"EST", -500},
                                         {"EDT", -400},
                                         {"CST", -600},
                                         {"CDT", -500},
                                         {"MST", -700},
                                         {"MDT", -600},
                                         {"PST", -800},
                                         {"PDT", -700}}};

/// At white space as `str.split()` knows it.
words split(std::string_view text) {
  words out;
  for (text = python_strip(text); !text.empty();) {
    std::size_t size = 1;
    while (size < text.size() && python_strip(text.substr(size)).data() == text.data() + size) ++size;
    out.emplace_back(python_strip(text.substr(0, size)));
    text = python_strip_left(text.substr(size));
  }
  return out;
}

words split_at(const std::string& text, char mark) {
  words out{""};
  for (const char c : text) {
    if (c == mark)
      out.emplace_back();
    else
      out.back() += c;
  }
  return out;
}

/// An integer as Python's `int()` reads it: a sign, digits, single underscores between them.
std::optional<std::int64_t> integer(std::string_view text) {
  text = python_strip(text);
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  std::int64_t out = 0;
  bool digit_before = false;
  for (const char c : text) {
    if (c == '_' && digit_before) {
      digit_before = false;
      continue;
    }
    if (c < '0' || c > '9' || out > 1'000'000'000'000) return std::nullopt;
    out = out * 10 + (c - '0');
    digit_before = true;
  }
  if (!digit_before) return std::nullopt;
  return negative ? -out : out;
}

template <class Names>
std::optional<std::size_t> index_of(const Names& names, std::string_view name) {
  const auto at = std::find(names.begin(), names.end(), name);
  if (at == names.end()) return std::nullopt;
  return static_cast<std::size_t>(at - names.begin());
}

bool drop_comma(std::string& text) {
  if (text.ends_with(',')) text.pop_back();
  return !text.empty();
}

/// Day, month, year, time, zone, in this order, whatever form the date had; empty if it has none of the
/// forms.
words parts_of(std::string_view text) {
  auto data = split(text);
  if (data.empty()) return {};
  if (data[0].ends_with(',') || index_of(days, ascii_lower(data[0])))
    data.erase(data.begin());
  else if (const auto comma = data[0].rfind(','); comma != std::string::npos)
    data[0].erase(0, comma + 1);
  if (data.size() == 3) {
    auto dashed = split_at(data[0], '-');
    if (dashed.size() == 3) {
      dashed.insert(dashed.end(), data.begin() + 1, data.end());
      data = std::move(dashed);
    }
  }
  if (data.size() == 4) {
    const auto last = data[3];
    auto sign = last.find('+');
    if (sign == std::string::npos) sign = last.find('-');
    if (sign != std::string::npos && sign > 0) {
      data[3] = last.substr(0, sign);
      data.push_back(last.substr(sign));
    } else {
      data.emplace_back();
    }
  }
  if (data.size() < 5) return {};
  data.resize(5);
  return data;
}

struct clock_words {
  std::string hour, minute, second = "0";
};

std::optional<clock_words> clock_of(std::string time) {
  if (time.ends_with(',')) time.pop_back();
  auto parts = split_at(time, ':');
  if (parts.size() == 1 && time.find('.') != std::string::npos) parts = split_at(time, '.');
  if (parts.size() == 2) return clock_words{parts[0], parts[1], "0"};
  if (parts.size() == 3) return clock_words{parts[0], parts[1], parts[2]};
  return std::nullopt;
}

/// Seconds east of UTC.
std::int64_t offset_of(std::string name) {
  for (auto& c : name)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  std::int64_t offset = 0;
  const auto at = std::find_if(zones.begin(), zones.end(), [&](const zone& z) { return z.name == name; });
  if (at != zones.end())
    offset = at->offset;
  else
    offset = integer(name).value_or(0);
  const auto size = offset < 0 ? -offset : offset;
  const auto seconds = size / 100 * 3600 + size % 100 * 60;
  return offset < 0 ? -seconds : seconds;
}

std::string padded(std::int64_t number, std::size_t digits) {
  auto text = std::to_string(number);
  return std::string(text.size() < digits ? digits - text.size() : 0, '0') + text;
}

}  // namespace

std::optional<double> parse_date(std::string_view text) {
  auto parts = parts_of(text);
  if (parts.empty()) return std::nullopt;
  auto &day_text = parts[0], &month_text = parts[1], &year_text = parts[2], &time_text = parts[3],
       &zone_text = parts[4];
  if (day_text.empty() || month_text.empty() || year_text.empty()) return std::nullopt;
  auto month = index_of(months, ascii_lower(month_text));
  if (!month) {
    std::swap(day_text, month_text);
    month = index_of(months, ascii_lower(month_text));
    if (!month) return std::nullopt;
  }
  if (day_text.ends_with(',')) day_text.pop_back();
  if (const auto colon = year_text.find(':'); colon != std::string::npos && colon > 0)
    std::swap(year_text, time_text);
  if (year_text.empty() || !drop_comma(year_text)) return std::nullopt;
  if (year_text[0] < '0' || year_text[0] > '9') std::swap(year_text, zone_text);
  const auto clock = clock_of(time_text);
  if (!clock) return std::nullopt;
  auto year = integer(year_text);
  const auto day = integer(day_text), hour = integer(clock->hour), minute = integer(clock->minute),
             second = integer(clock->second);
  if (!year || !day || !hour || !minute || !second) return std::nullopt;
  if (*year < 100) *year += *year > 68 ? 1900 : 2000;
  for (const auto number : {*year, *day, *hour, *minute, *second})
    if (number < 0 || number > 9999) return std::nullopt;
  const auto offset = offset_of(zone_text);
  if (offset <= -86'400 || offset >= 86'400) return std::nullopt;
  const auto local = iso_timestamp(
      padded(*year, 4) + "-" + padded(static_cast<std::int64_t>(*month % 12 + 1), 2) + "-" + padded(*day, 2) +
      "T" + padded(*hour, 2) + ":" + padded(*minute, 2) + ":" + padded(*second, 2));
  if (!local) return std::nullopt;
  return *local - static_cast<double>(offset);
}

}  // namespace cybexd::tahoe::mail
