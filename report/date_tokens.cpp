#include "report/date_tokens.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace cybexd::report {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

bool same_word(std::string_view token, std::string_view lower) {
  return token.size() == lower.size() &&
         std::equal(token.begin(), token.end(), lower.begin(), [](char a, char b) {
           return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
         });
}

/// A run that holds dots: one decimal number stays whole, all else is cut at its dots and commas.
void append_dotted(std::vector<std::string>& out, std::string run, bool letters) {
  const auto dots = std::count(run.begin(), run.end(), '.');
  const bool number = !letters && dots <= 1 && run.back() != '.' && run.back() != ',';
  if (number) {
    if (dots == 0) std::replace(run.begin(), run.end(), ',', '.');
    out.push_back(std::move(run));
    return;
  }
  std::string part;
  for (char c : run) {
    if (c != '.' && c != ',') {
      part += c;
      continue;
    }
    if (!part.empty()) out.push_back(std::exchange(part, {}));
    out.emplace_back(1, c);
  }
  if (!part.empty()) out.push_back(std::move(part));
}

/// Reads the run of letters, digits and dots that starts at `at`; returns the place after it.
std::size_t read_run(std::string_view text, std::size_t at, std::vector<std::string>& out) {
  bool in_word = is_letter(text[at]);
  bool letters = in_word;
  bool dotted = false;
  std::string run(1, text[at++]);
  for (; at < text.size(); ++at) {
    const char c = text[at];
    const bool after_dot = run.back() == '.';
    if (c == '.') {
      dotted = true;
    } else if (c == ',' && !in_word && !dotted && run.size() >= 2) {
      dotted = true;
    } else if (is_letter(c) && (in_word || (dotted && after_dot))) {
      in_word = letters = true;
    } else if (is_digit(c) && (!in_word || (dotted && after_dot))) {
      in_word = false;
    } else {
      break;
    }
    run += c;
  }
  if (dotted) {
    append_dotted(out, std::move(run), letters);
  } else {
    out.push_back(std::move(run));
  }
  return at;
}

constexpr std::array<std::string_view, 12> months = {"january",   "february", "march",    "april",
                                                     "may",       "june",     "july",     "august",
                                                     "september", "october",  "november", "december"};
constexpr std::array<std::string_view, 7> weekdays = {"monday", "tuesday",  "wednesday", "thursday",
                                                      "friday", "saturday", "sunday"};
constexpr std::array<std::string_view, 18> fillers = {" ",   ".",  ",", ";", "-",  "/",  "'",  "at", "on",
                                                      "and", "ad", "m", "t", "of", "st", "nd", "rd", "th"};

}  // namespace

std::vector<std::string> date_tokens(std::string_view text) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at < text.size();) {
    if (is_letter(text[at]) || is_digit(text[at])) {
      at = read_run(text, at, out);
    } else {
      out.emplace_back(1, is_blank(text[at]) ? ' ' : text[at]);
      ++at;
    }
  }
  return out;
}

bool is_digits(std::string_view token) {
  return !token.empty() && std::all_of(token.begin(), token.end(), is_digit);
}

bool is_decimal(std::string_view token) {
  return !token.empty() && is_digit(token.front()) && std::count(token.begin(), token.end(), '.') <= 1 &&
         std::all_of(token.begin(), token.end(), [](char c) { return is_digit(c) || c == '.'; });
}

std::optional<int> month_word(std::string_view token) {
  for (std::size_t i = 0; i < months.size(); ++i)
    if (same_word(token, months[i]) || same_word(token, months[i].substr(0, 3))) return static_cast<int>(i);
  if (same_word(token, "sept")) return 8;
  return std::nullopt;
}

bool is_weekday_word(std::string_view token) {
  return std::any_of(weekdays.begin(), weekdays.end(), [&](std::string_view day) {
    return same_word(token, day) || same_word(token, day.substr(0, 3));
  });
}

std::optional<int> clock_word(std::string_view token) {
  constexpr std::array<std::string_view, 9> words = {"h",       "hour", "hours",  "m",      "minute",
                                                     "minutes", "s",    "second", "seconds"};
  for (std::size_t i = 0; i < words.size(); ++i)
    if (same_word(token, words[i])) return static_cast<int>(i / 3);
  return std::nullopt;
}

std::optional<int> half_day_word(std::string_view token) {
  if (same_word(token, "am") || same_word(token, "a")) return 0;
  if (same_word(token, "pm") || same_word(token, "p")) return 1;
  return std::nullopt;
}

bool is_utc_word(std::string_view token) {
  return same_word(token, "utc") || same_word(token, "gmt") || same_word(token, "z");
}

bool is_filler(std::string_view token) {
  return std::any_of(fillers.begin(), fillers.end(),
                     [&](std::string_view word) { return same_word(token, word); });
}

}  // namespace cybexd::report
