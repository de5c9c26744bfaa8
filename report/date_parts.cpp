#include "report/date_parts.hpp"

#include <array>
#include <charconv>

#include "report/date_tokens.hpp"

namespace cybexd::report {

int days_in_month(int year, int month) {
  constexpr std::array<int, 12> days = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && leap ? 29 : days.at(static_cast<std::size_t>(month - 1));
}

bool date_parts::add(std::string_view digits, part label) {
  int number = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (!is_digits(digits) || read.ec != std::errc{}) return false;
  if (digits.size() > 2) {
    if (label != part::unknown && label != part::year) return false;
    has_century_ = true;
    label = part::year;
  }
  return push(number, label);
}

bool date_parts::add(int number, part label) {
  if (number > 100) {
    if (label != part::unknown && label != part::year) return false;
    has_century_ = true;
    label = part::year;
  }
  return push(number, label);
}

bool date_parts::push(int number, part label) {
  const auto place = numbers_.size();
  numbers_.push_back(number);
  if (label == part::unknown) return true;
  auto& index = label == part::year ? year_ : label == part::month ? month_ : day_;
  if (index) return false;
  index = place;
  return true;
}

bool date_parts::could_be_day(int number) const {
  if (day_ || number < 1) return false;
  if (!month_) return number <= 31;
  const int month = numbers_[*month_];
  if (month < 1 || month > 12) return false;
  return number <= days_in_month(year_ ? numbers_[*year_] : 0, month);
}

std::optional<calendar_day> date_parts::resolve() const {
  const std::size_t labelled = (year_ ? 1u : 0u) + (month_ ? 1u : 0u) + (day_ ? 1u : 0u);
  if ((size() == labelled && labelled > 0) || (size() == 3 && labelled == 2)) return resolve_labelled();
  if (size() == 0 || size() > 3) return std::nullopt;
  if (size() == 1 || (month_ && size() == 2)) return resolve_one_or_month_and_one();
  if (size() == 3) return resolve_three();
  if (numbers_[0] > 31) return calendar_day{numbers_[0], numbers_[1], std::nullopt};
  if (numbers_[1] > 31) return calendar_day{numbers_[1], numbers_[0], std::nullopt};
  return calendar_day{std::nullopt, numbers_[0], numbers_[1]};
}

calendar_day date_parts::resolve_labelled() const {
  auto year = year_, month = month_, day = day_;
  if (size() == 3) {
    // Of three parts one may be without a label: it is what is missing, at the place that is left.
    std::size_t left = 3;
    for (auto place : {year, month, day})
      if (place) left -= *place;
    for (auto* place : {&year, &month, &day})
      if (!*place) *place = left;
  }
  const auto at = [this](std::optional<std::size_t> place) {
    return place ? std::optional<int>(numbers_[*place]) : std::nullopt;
  };
  return {at(year), at(month), at(day)};
}

calendar_day date_parts::resolve_one_or_month_and_one() const {
  calendar_day found;
  if (month_) found.month = numbers_[*month_];
  if (size() == 1 && month_) return found;
  const int other = month_ ? numbers_[*month_ == 0 ? 1 : 0] : numbers_[0];
  (other > 31 ? found.year : found.day) = other;
  return found;
}

calendar_day date_parts::resolve_three() const {
  const int first = numbers_[0], second = numbers_[1], third = numbers_[2];
  if (month_ == 0u)
    return second > 31 ? calendar_day{second, first, third} : calendar_day{third, first, second};
  if (month_ == 1u)
    return first > 31 ? calendar_day{first, second, third} : calendar_day{third, second, first};
  if (month_ == 2u)
    return second > 31 ? calendar_day{second, third, first} : calendar_day{first, third, second};
  if (first > 31 || year_ == 0u) return calendar_day{first, second, third};
  if (first > 12) return calendar_day{third, second, first};
  return calendar_day{third, first, second};
}

}  // namespace cybexd::report
