#include "report/date_text.hpp"

#include <charconv>

#include "report/date_reader.hpp"

namespace cybexd::report {

std::optional<int> whole(std::string_view digits) {
  int number = 0;
  if (!is_digits(digits)) return std::nullopt;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (read.ec != std::errc{}) return std::nullopt;
  return number;
}

bool date_reader::read() {
  for (; at_ < tokens_.size(); ++at_)
    if (!step()) return false;
  return true;
}

bool date_reader::step() {
  const auto token = at(at_);
  if (is_decimal(token)) return number();
  if (is_weekday_word(token)) return true;
  if (month_word(token)) return month();
  if (half_day_word(token)) {
    if (!hour_ || *hour_ > 12) return false;
    return half_day(at_);
  }
  if (could_be_zone()) {
    zone();
    return true;
  }
  if (hour_ && is_sign(at_)) return offset();
  return is_filler(token);
}

bool date_reader::number() {
  const std::string text(at(at_));
  const auto size = text.size();
  const auto dot = text.find('.');
  if (parts_.size() == 3 && (size == 2 || size == 4) && !hour_ &&
      (!has(at_ + 1) || (at(at_ + 1) != ":" && !clock_word(at(at_ + 1))))) {
    hour_ = whole(text.substr(0, 2));  // 19990101T23[59]
    if (size == 4) minute_ = whole(text.substr(2));
    return hour_ && (size == 2 || minute_);
  }
  if (size == 6 || (size > 6 && dot == 6)) return packed_digits(text);
  if (size == 8 || size == 12 || size == 14) return packed_digits(text);
  if (const auto word = clock_word_near()) return clock_unit(text, *word);
  if (has(at_ + 2) && at(at_ + 1) == ":") return clock_with_colons();
  if (at(at_ + 1) == "-" || at(at_ + 1) == "/" || at(at_ + 1) == ".") return date_with_signs();
  if (!has(at_ + 1) || is_filler(at(at_ + 1))) return number_before_filler(text);
  const auto value = whole(text);
  if (!value) return false;
  if (half_day_word(at(at_ + 1)) && *value < 24) {
    hour_ = *value;
    return half_day(++at_);
  }
  return parts_.could_be_day(*value) && parts_.add(*value);
}

/// YYMMDD, HHMMSS[.ffffff], YYYYMMDD, YYYYMMDDhhmm, YYYYMMDDhhmmss.
bool date_reader::packed_digits(std::string_view digits) {
  const auto piece = [&](std::size_t from, std::size_t count) { return digits.substr(from, count); };
  if (digits.size() == 6 || digits.find('.') == 6) {
    if (parts_.size() == 0 && is_digits(digits))
      return parts_.add(piece(0, 2)) && parts_.add(piece(2, 2)) && parts_.add(piece(4, 2));
    hour_ = whole(piece(0, 2));
    minute_ = whole(piece(2, 2));
    return hour_ && minute_ && second_and_fraction(digits.substr(4));
  }
  if (!parts_.add(piece(0, 4), date_parts::part::year) || !parts_.add(piece(4, 2)) ||
      !parts_.add(piece(6, 2)))
    return false;
  if (digits.size() == 8) return true;
  hour_ = whole(piece(8, 2));
  minute_ = whole(piece(10, 2));
  if (digits.size() == 14) second_ = whole(piece(12, 2));
  return hour_ && minute_ && (digits.size() == 12 || second_);
}

/// 2021-05-21, 05/21/2021, 21.05.2021, 21-May-2021, and the same with two parts.
bool date_reader::date_with_signs() {
  const auto sign = at(at_ + 1);
  if (!parts_.add(at(at_))) return false;
  if (has(at_ + 2) && !is_filler(at(at_ + 2))) {
    const auto part = [this](std::string_view token) {
      if (const auto found = month_word(token)) return parts_.add(*found + 1, date_parts::part::month);
      return parts_.add(token);
    };
    if (!part(at(at_ + 2))) return false;
    if (at(at_ + 3) == sign) {
      if (!part(at(at_ + 4))) return false;
      at_ += 2;
    }
    ++at_;
  }
  ++at_;
  return true;
}

bool date_reader::number_before_filler(std::string_view text) {
  const auto value = whole(text);
  if (!value) return false;
  ++at_;
  if (half_day_word(at(at_ + 1))) {  // 12 am
    hour_ = *value;
    return half_day(++at_);
  }
  return parts_.add(*value);
}

/// A month's name, alone or before its day and year: May-21, May-21-2021, May of 2021.
bool date_reader::month() {
  if (!parts_.add(*month_word(at(at_)) + 1, date_parts::part::month)) return false;
  const auto sign = at(at_ + 1);
  if (sign == "-" || sign == "/") {
    if (!parts_.add(at(at_ + 2))) return false;
    if (at(at_ + 3) == sign) {
      if (!parts_.add(at(at_ + 4))) return false;
      at_ += 2;
    }
    at_ += 2;
  }
  return true;
}

expected<date_reading> date_reader::result(int current_year) const {
  const auto no = [](std::string why) { return fail(failure::bad_input, std::move(why)); };
  const auto found = parts_.resolve();
  if (!found) return no("it is no date that can be read");
  if (!found->year || !found->month || !found->day)
    return no(!found->year ? "it has no year" : !found->month ? "it has no month" : "it has no day");
  if (!zone_.empty() && !offset_)
    return no("its time zone '" + zone_ + "' is not known: use tzname, or an offset such as +02:00");
  if (contradiction_) return no("it has two offsets");
  date_reading out{*found->year,
                   *found->month,
                   *found->day,
                   hour_.value_or(0),
                   minute_.value_or(0),
                   second_.value_or(0),
                   microsecond_.value_or(0),
                   offset_};
  if (out.year < 100 && !parts_.has_century()) {
    out.year += current_year / 100 * 100;
    if (out.year >= current_year + 50) out.year -= 100;
    if (out.year < current_year - 50) out.year += 100;
  }
  if (out.year < 1 || out.year > 9999) return no("its year is not between 1 and 9999");
  if (out.month < 1 || out.month > 12) return no("its month is not between 1 and 12");
  if (out.day < 1 || out.day > days_in_month(out.year, out.month)) return no("its month has no such day");
  if (out.hour > 23 || out.minute > 59 || out.second > 59) return no("it has no such time of day");
  return out;
}

expected<date_reading> read_date(std::string_view text, int current_year) {
  constexpr std::size_t longest_date = 100;
  if (text.size() > longest_date) return fail(failure::bad_input, "it is too long for a date");
  date_reader reader(text);
  if (!reader.read()) return fail(failure::bad_input, "it is no date that can be read");
  return reader.result(current_year);
}

}  // namespace cybexd::report
