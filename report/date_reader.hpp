#pragma once
// The reader behind `read_date`: goes through the tokens of a text once and gathers what they say.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "report/date_parts.hpp"
#include "report/date_text.hpp"
#include "report/date_tokens.hpp"

namespace cybexd::report {

/// The number that a token of digits stands for, if it is one and fits.
[[nodiscard]] std::optional<int> whole(std::string_view digits);

/// Reads one text, token by token. Every step is false where the text is no date.
class date_reader {
 public:
  explicit date_reader(std::string_view text) : tokens_(date_tokens(text)) {}

  [[nodiscard]] bool read();
  [[nodiscard]] expected<date_reading> result(int current_year) const;

 private:
  [[nodiscard]] bool has(std::size_t i) const { return i < tokens_.size(); }
  /// The token at `i`, or an empty text beyond the end.
  [[nodiscard]] std::string_view at(std::size_t i) const {
    return has(i) ? std::string_view(tokens_[i]) : std::string_view();
  }
  [[nodiscard]] bool is_sign(std::size_t i) const { return at(i) == "+" || at(i) == "-"; }

  [[nodiscard]] bool step();
  [[nodiscard]] bool number();
  [[nodiscard]] bool packed_digits(std::string_view digits);
  [[nodiscard]] bool clock_with_colons();
  [[nodiscard]] bool date_with_signs();
  [[nodiscard]] bool number_before_filler(std::string_view text);
  [[nodiscard]] bool half_day(std::size_t word);
  [[nodiscard]] std::optional<std::size_t> clock_word_near() const;
  [[nodiscard]] bool clock_unit(std::string_view text, std::size_t word);
  [[nodiscard]] bool month();
  [[nodiscard]] bool could_be_zone() const;
  void zone();
  [[nodiscard]] bool offset();
  [[nodiscard]] bool minute_and_fraction(std::string_view decimal);
  [[nodiscard]] bool second_and_fraction(std::string_view decimal);

  std::vector<std::string> tokens_;
  std::size_t at_ = 0;
  date_parts parts_;
  std::optional<int> hour_, minute_, second_, microsecond_, offset_;
  std::string zone_;
  bool offset_from_name_ = false, contradiction_ = false;
};

}  // namespace cybexd::report
