#pragma once
// Which of up to three numbers of a date is the year, the month and the day.
#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

namespace cybexd::report {

struct calendar_day {
  std::optional<int> year, month, day;
};

class date_parts {
 public:
  enum class part { unknown, year, month, day };

  /// False where the part is there already, or the digits are none. More than two digits, or more than 100,
  /// is a year.
  [[nodiscard]] bool add(std::string_view digits, part label = part::unknown);
  [[nodiscard]] bool add(int number, part label = part::unknown);

  [[nodiscard]] std::size_t size() const { return numbers_.size(); }
  [[nodiscard]] bool could_be_day(int number) const;
  /// The year was written with its century.
  [[nodiscard]] bool has_century() const { return has_century_; }
  /// Nothing where the numbers do not make a date. Month before day where both are possible.
  [[nodiscard]] std::optional<calendar_day> resolve() const;

 private:
  [[nodiscard]] bool push(int number, part label);
  [[nodiscard]] calendar_day resolve_labelled() const;
  [[nodiscard]] calendar_day resolve_one_or_month_and_one() const;
  [[nodiscard]] calendar_day resolve_three() const;

  std::vector<int> numbers_;
  std::optional<std::size_t> year_, month_, day_;  ///< Places in `numbers_`.
  bool has_century_ = false;
};

/// Days of a month, 1 to 12. Year 0 stands for a leap year.
[[nodiscard]] int days_in_month(int year, int month);

}  // namespace cybexd::report
