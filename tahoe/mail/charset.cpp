#include "tahoe/mail/charset.hpp"

#include <array>

#include "tahoe/mail/character_set.hpp"
#include "tahoe/mail/charset_names.hpp"
#include "tahoe/mail/decoding.hpp"
#include "tahoe/mail/iso_2022.hpp"
#include "tahoe/mail/text.hpp"
#include "tahoe/mail/unicode_forms.hpp"

namespace cybexd::tahoe::mail {

namespace {

constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

/// Bytes up to `last` are the code points of the same number.
void decode_direct(decoding& text, unsigned last) {
  while (!text.at_end()) {
    const auto byte = text.byte(0);
    text.take(1, byte <= last ? utf8_of(byte) : std::string());
  }
}

void decode_one_byte(decoding& text, character_set& set) {
  while (!text.at_end()) text.take(1, set.find(text.front(1)));
}

/// KS X 1001, annex 3: a syllable that has no code of its own, as a filler and its two or three letters, of
/// two bytes each. Empty if the eight bytes are none.
std::string spelt_syllable(std::string_view bytes) {
  constexpr unsigned char none = 0xff;
  constexpr auto firsts = std::to_array<unsigned char>({0,    1,    none, 2,    none, none, 3,  4,  5,  none,
                                                        none, none, none, none, none, none, 6,  7,  8,  none,
                                                        9,    10,   11,   12,   13,   14,   15, 16, 17, 18});
  constexpr auto lasts =
      std::to_array<unsigned char>({1,  2,  3,  4,    5,  6,  7,  none, 8,  9,    10, 11, 12, 13, 14,
                                    15, 16, 17, none, 18, 19, 20, 21,   22, none, 23, 24, 25, 26, 27});
  const auto letter = [&](std::size_t at) { return static_cast<unsigned char>(bytes[at]); };
  const auto known = [&](std::size_t at, const auto& table) -> unsigned char {
    const auto place = static_cast<std::size_t>(letter(at)) - 0xa1;
    return letter(at) >= 0xa1 && place < table.size() ? table[place] : none;
  };
  if (letter(2) != 0xa4 || letter(4) != 0xa4 || letter(6) != 0xa4) return {};
  const unsigned first = known(3, firsts), last = letter(7) == 0xd4 ? 0u : known(7, lasts);
  if (first == none || letter(5) < 0xbf || letter(5) > 0xd3 || last == none) return {};
  return utf8_of(0xac00u + first * 588u + (letter(5) - 0xbfu) * 28u + last);
}

constexpr std::string_view filler = "\xa4\xd4";

/// Bytes of the character that begins here, as its first bytes say.
std::size_t size_of_character(const decoding& text, scheme how) {
  const auto first = text.byte(0), second = text.byte(1);
  const bool lead = (first > 0x80 && first < 0xa0) || (first >= 0xe0 && first < 0xfd);
  if (first < 0x80 || (how == scheme::shift_jis && !lead)) return 1;
  if (how == scheme::euc_jp && first == 0x8f) return 3;
  if (how == scheme::gb18030 && second >= '0' && second <= '9') return 4;
  if (how == scheme::euc_kr && text.front(2) == filler) return 8;
  return 2;
}

void decode_multi_byte(decoding& text, character_set& set, scheme how) {
  while (!text.at_end()) {
    const auto size = size_of_character(text, how);
    const auto bytes = text.front(size);
    if (bytes.size() < size)
      text.bad(bytes.size());  // cut off at the end
    else if (size == 8)
      text.take(8, spelt_syllable(bytes));
    else
      text.take(size, set.find(bytes));
  }
}

/// False if the tables that it takes are not installed.
bool decode(decoding& text, const charset& which) {
  switch (which.how) {
    case scheme::ascii:
      decode_direct(text, 0x7f);
      return true;
    case scheme::latin1:
      decode_direct(text, 0xff);
      return true;
    case scheme::utf7:
      decode_utf7(text);
      return true;
    case scheme::utf16:
      decode_utf16(text, byte_order::marked);
      return true;
    case scheme::utf16_big:
      decode_utf16(text, byte_order::big);
      return true;
    case scheme::utf16_little:
      decode_utf16(text, byte_order::little);
      return true;
    case scheme::utf32:
      decode_utf32(text, byte_order::marked);
      return true;
    case scheme::utf32_big:
      decode_utf32(text, byte_order::big);
      return true;
    case scheme::utf32_little:
      decode_utf32(text, byte_order::little);
      return true;
    case scheme::hz:
      return decode_hz(text);
    case scheme::iso_2022:
      return decode_iso_2022(text, which.characters);
    default:
      break;
  }
  character_set set(which.characters);
  if (!set.usable()) return false;
  if (which.how == scheme::one_byte)
    decode_one_byte(text, set);
  else
    decode_multi_byte(text, set, which.how);
  return true;
}

}  // namespace

bool is_known_charset(std::string_view name) { return find_charset(name) != nullptr; }

std::optional<std::string> decode_charset(std::string_view bytes, std::string_view name, undecodable how) {
  if (bytes.empty()) return std::string();
  const auto* which = find_charset(name);
  if (which == nullptr) return std::nullopt;
  if (which->how == scheme::utf8 || which->how == scheme::utf8_signed) {
    if (which->how == scheme::utf8_signed && bytes.starts_with(byte_order_mark))
      bytes.remove_prefix(byte_order_mark.size());
    return how == undecodable::keep ? std::string(bytes) : sanitized(bytes);
  }
  decoding text(bytes, how);
  if (!decode(text, *which)) return std::nullopt;
  return std::move(text).finish();
}

}  // namespace cybexd::tahoe::mail
