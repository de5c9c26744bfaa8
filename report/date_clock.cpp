// The part of the reader that reads times of day and offsets.
#include <cstdint>

#include "report/date_reader.hpp"

namespace cybexd::report {

/// HH:MM[:SS[.ffffff]]
bool date_reader::clock_with_colons() {
  hour_ = whole(at(at_));
  if (!hour_ || !minute_and_fraction(at(at_ + 2))) return false;
  if (has(at_ + 4) && at(at_ + 3) == ":") {
    if (!second_and_fraction(at(at_ + 4))) return false;
    at_ += 2;
  }
  at_ += 2;
  return true;
}

bool date_reader::half_day(std::size_t word) {
  const bool afternoon = half_day_word(at(word)) == 1;
  if (afternoon && *hour_ < 12) hour_ = *hour_ + 12;
  if (!afternoon && *hour_ == 12) hour_ = 0;
  return true;
}

/// The place of `h`, `m` or `s` that labels the number at hand: after it, or, as in 12h04, before it.
std::optional<std::size_t> date_reader::clock_word_near() const {
  const auto i = at_;
  if (clock_word(at(i + 1))) return i + 1;
  if (at(i + 1) == " " && clock_word(at(i + 2))) return i + 2;
  if (i > 0 && clock_word(at(i - 1))) return i - 1;
  if (i > 1 && i + 1 == tokens_.size() && at(i - 1) == " " && clock_word(at(i - 2))) return i - 2;
  return std::nullopt;
}

bool date_reader::clock_unit(std::string_view text, std::size_t word) {
  int unit = *clock_word(at(word));
  if (word > at_) {
    at_ = word;
  } else {
    ++unit;
  }
  if (unit == 1) return minute_and_fraction(text);
  if (unit == 2) return second_and_fraction(text);
  if (unit > 2) return true;
  hour_ = whole(text);
  return hour_.has_value();
}

/// Sets the minute, and of a fraction the whole seconds in it.
bool date_reader::minute_and_fraction(std::string_view decimal) {
  const auto dot = decimal.find('.');
  minute_ = whole(decimal.substr(0, dot));
  second_.reset();
  if (!minute_) return false;
  if (dot == std::string_view::npos) return true;
  const auto digits = decimal.substr(dot + 1);
  if (!is_digits(digits) || digits.size() > 15) return false;
  std::int64_t number = 0, scale = 1;
  for (char c : digits) {
    number = number * 10 + (c - '0');
    scale *= 10;
  }
  if (number > 0) second_ = static_cast<int>(60 * number / scale);
  return true;
}

/// Sets the second and the microsecond; what is finer is cut off.
bool date_reader::second_and_fraction(std::string_view decimal) {
  const auto dot = decimal.find('.');
  second_ = whole(decimal.substr(0, dot));
  microsecond_ = 0;
  if (dot == std::string_view::npos) return second_.has_value();
  std::string digits(decimal.substr(dot + 1));
  if (!is_digits(digits)) return false;
  digits.resize(6, '0');
  microsecond_ = whole(digits);
  return second_ && microsecond_;
}

bool date_reader::could_be_zone() const {
  const auto token = at(at_);
  if (!hour_ || !zone_.empty() || offset_ || token.size() > 5 || token.empty()) return false;
  if (is_utc_word(token)) return true;
  for (char c : token)
    if (c < 'A' || c > 'Z') return false;
  return true;
}

/// `UTC`, `GMT`, `Z`, or another name, which is understood only with an offset behind it. `GMT+3` says that
/// here plus three hours is Greenwich's time, so that the sign turns round.
void date_reader::zone() {
  zone_ = at(at_);
  offset_from_name_ = is_utc_word(zone_);
  if (offset_from_name_) offset_ = 0;
  if (!is_sign(at_ + 1)) return;
  tokens_[at_ + 1] = at(at_ + 1) == "+" ? "-" : "+";
  offset_.reset();
  if (offset_from_name_) zone_.clear();
  offset_from_name_ = false;
}

/// +0300, +03:00, +3, each perhaps with a name in parentheses behind it.
bool date_reader::offset() {
  const int sign = at(at_) == "+" ? 1 : -1;
  const auto digits = at(at_ + 1);
  std::optional<int> hours, minutes = 0;
  if (digits.size() == 4) {
    hours = whole(digits.substr(0, 2));
    minutes = whole(digits.substr(2));
  } else if (at(at_ + 2) == ":") {
    hours = whole(digits);
    minutes = whole(at(at_ + 3));
    at_ += 2;
  } else if (digits.size() <= 2) {
    hours = whole(digits);
  }
  if (!hours || !minutes || *hours > 23 || *minutes > 59) return false;
  const int seconds = sign * (*hours * 3600 + *minutes * 60);
  contradiction_ = contradiction_ || (offset_ && *offset_ != seconds);
  offset_ = seconds;
  ++at_;
  if (is_filler(at(at_ + 1)) && at(at_ + 2) == "(" && at(at_ + 4) == ")" && at(at_ + 3).size() >= 3) at_ += 4;
  return true;
}

}  // namespace cybexd::report
