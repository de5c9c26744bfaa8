#include "tahoe/mail/unicode_forms.hpp"

#include <cstdint>

namespace cybexd::tahoe::mail {

namespace {

constexpr bool is_high_surrogate(char32_t unit) { return unit >= 0xd800 && unit <= 0xdbff; }
constexpr bool is_low_surrogate(char32_t unit) { return unit >= 0xdc00 && unit <= 0xdfff; }
constexpr char32_t joined(char32_t high, char32_t low) {
  return 0x10000 + ((high & 0x3ff) << 10 | (low & 0x3ff));
}

/// `size` bytes at a place, 0 for those behind the end.
char32_t unit_at(const decoding& text, std::size_t at, std::size_t size, bool big) {
  char32_t unit = 0;
  for (std::size_t i = 0; i < size; ++i) unit = unit << 8 | text.byte(at + (big ? i : size - 1 - i));
  return unit;
}

/// Whether the big end comes first. Drops a mark.
bool is_big(decoding& text, byte_order order, std::size_t size) {
  if (order != byte_order::marked || text.left() < size) return order == byte_order::big;
  const bool big = unit_at(text, 0, size, true) == 0xfeff;
  if (big || unit_at(text, 0, size, false) == 0xfeff) text.skip(size);
  return big;
}

/// The value of a base64 digit; -1 for anything else.
int base64_digit(unsigned byte) {
  if (byte >= 'A' && byte <= 'Z') return static_cast<int>(byte - 'A');
  if (byte >= 'a' && byte <= 'z') return static_cast<int>(byte - 'a') + 26;
  if (byte >= '0' && byte <= '9') return static_cast<int>(byte - '0') + 52;
  return byte == '+' ? 62 : byte == '/' ? 63 : -1;
}

/// The units between `+` and what ends them. They are written as they come; what is wrong at the end makes
/// the whole stretch bad after that.
class utf7_stretch {
 public:
  explicit utf7_stretch(decoding& text) : text_(text) {}

  void decode() {
    std::size_t at = 1;
    for (; at < text_.left() && base64_digit(text_.byte(at)) >= 0; ++at) add(base64_digit(text_.byte(at)));
    const bool ends = at >= text_.left();
    const bool halved = bits_ >= 6 || (bits_ > 0 && waiting_ != 0);
    if (halved || (ends && high_ != 0)) return text_.bad(ends ? at : at + 1);
    const auto next = text_.byte(at);
    if (high_ != 0 && next < 0x80 && next != '+') text_.put(high_);
    text_.skip(!ends && next == '-' ? at + 1 : at);
  }

 private:
  void add(int digit) {
    waiting_ = waiting_ << 6 | static_cast<std::uint32_t>(digit);
    bits_ += 6;
    if (bits_ < 16) return;
    bits_ -= 16;
    const char32_t unit = waiting_ >> bits_ & 0xffff;
    waiting_ &= (1u << bits_) - 1;
    if (high_ != 0 && is_low_surrogate(unit)) {
      text_.put(joined(high_, unit));
      high_ = 0;
      return;
    }
    if (high_ != 0) text_.put(high_);
    high_ = is_high_surrogate(unit) ? unit : 0;
    if (high_ == 0) text_.put(unit);
  }

  decoding& text_;
  std::uint32_t waiting_ = 0;
  int bits_ = 0;
  char32_t high_ = 0;  // the first half of a character of two units
};

}  // namespace

void decode_utf7(decoding& text) {
  while (!text.at_end()) {
    const auto byte = text.byte(0), next = text.byte(1);
    if (byte >= 0x80) {
      text.bad(1);
    } else if (byte != '+') {
      text.take(1, text.front(1));
    } else if (text.left() > 1 && next == '-') {
      text.take(2, "+");
    } else if (text.left() > 1 && base64_digit(next) < 0) {
      text.bad(2);
    } else {
      utf7_stretch(text).decode();
    }
  }
}

void decode_utf16(decoding& text, byte_order order) {
  const bool big = is_big(text, order, 2);
  while (!text.at_end()) {
    const auto unit = unit_at(text, 0, 2, big), next = unit_at(text, 2, 2, big);
    const bool high = is_high_surrogate(unit);
    if (text.left() < 2 || (high && text.left() < 4)) {
      text.bad(text.left());
    } else if (high && is_low_surrogate(next)) {
      text.take(4, utf8_of(joined(unit, next)));
    } else if (high || is_low_surrogate(unit)) {
      text.bad(2);
    } else {
      text.take(2, utf8_of(unit));
    }
  }
}

void decode_utf32(decoding& text, byte_order order) {
  const bool big = is_big(text, order, 4);
  while (!text.at_end()) {
    const auto point = unit_at(text, 0, 4, big);
    const bool wrong = point > 0x10ffff || is_high_surrogate(point) || is_low_surrogate(point);
    if (text.left() < 4 || wrong)
      text.bad(4);
    else
      text.take(4, utf8_of(point));
  }
}

}  // namespace cybexd::tahoe::mail
