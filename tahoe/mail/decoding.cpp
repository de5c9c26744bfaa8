#include "tahoe/mail/decoding.hpp"

#include <algorithm>

namespace cybexd::tahoe::mail {

namespace {

constexpr std::string_view replacement = "\xef\xbf\xbd";
constexpr std::size_t most_kept = 4;  // at once, as Python's `surrogateescape`

}  // namespace

std::string utf8_of(char32_t point) {
  const auto tail = [point](int shift) { return static_cast<char>(0x80 | (point >> shift & 0x3f)); };
  if (point < 0x80) return {static_cast<char>(point)};
  if (point < 0x800) return {static_cast<char>(0xc0 | point >> 6), tail(0)};
  if (point < 0x10000) return {static_cast<char>(0xe0 | point >> 12), tail(6), tail(0)};
  return {static_cast<char>(0xf0 | point >> 18), tail(12), tail(6), tail(0)};
}

void decoding::put(char32_t point) {
  if (point < 0x80)
    out_ += static_cast<char>(point);
  else if (point < 0xd800 || point > 0xdfff)
    out_ += utf8_of(point);
  else if (how_ == undecodable::keep && point >= 0xdc80 && point <= 0xdcff)
    out_ += static_cast<char>(point & 0xff);
  else
    fail();
}

void decoding::bad(std::size_t size) {
  size = std::min(size, left());
  if (how_ == undecodable::replace) {
    out_ += replacement;
    return skip(size);
  }
  std::size_t kept = 0;
  while (kept < std::min(size, most_kept) && byte(kept) >= 0x80) ++kept;
  if (kept == 0) return fail();
  out_ += front(kept);
  skip(kept);
}

}  // namespace cybexd::tahoe::mail
