#pragma once
// Words, numbers and signs of a date, and the words that dates know.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cybexd::report {

/// Cuts a text where the kind of character changes: runs of ASCII letters, runs of digits (with one `.` as a
/// decimal point, a `,` after two digits counting as one), blanks as " ", anything else one byte at a time.
/// `21.05.2021` and `a.m` are cut at each dot; `15.250` is one token.
[[nodiscard]] std::vector<std::string> date_tokens(std::string_view text);

[[nodiscard]] bool is_digits(std::string_view token);
/// Digits with at most one decimal point among or after them.
[[nodiscard]] bool is_decimal(std::string_view token);

// Words in any case.
/// 0 for January.
[[nodiscard]] std::optional<int> month_word(std::string_view token);
[[nodiscard]] bool is_weekday_word(std::string_view token);
/// 0 hours, 1 minutes, 2 seconds.
[[nodiscard]] std::optional<int> clock_word(std::string_view token);
/// 0 am, 1 pm.
[[nodiscard]] std::optional<int> half_day_word(std::string_view token);
/// `UTC`, `GMT`, `Z`.
[[nodiscard]] bool is_utc_word(std::string_view token);
/// What stands between the parts of a date and says nothing: blanks, `.,;-/'`, `at`, `on`, `of`, `T`, `st`,
/// ...
[[nodiscard]] bool is_filler(std::string_view token);

}  // namespace cybexd::report
