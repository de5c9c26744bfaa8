#pragma once
// The charsets that mail can name: those of Python's text codecs, which the original reads mail with.
#include <cstdint>
#include <string>
#include <string_view>

namespace cybexd::tahoe::mail {

/// How the bytes of a charset become characters.
enum class scheme : std::uint8_t {
  ascii,
  latin1,
  utf8,
  utf8_signed,  ///< With a byte order mark, which is dropped.
  utf7,
  utf16,  ///< With a byte order mark, else little-endian; so is `utf32`.
  utf16_big,
  utf16_little,
  utf32,
  utf32_big,
  utf32_little,
  one_byte,
  two_byte,   ///< ASCII and characters of two bytes.
  shift_jis,  ///< The same, and more characters of one byte.
  euc_kr,     ///< `two_byte`, and syllables of eight bytes.
  euc_jp,     ///< `two_byte`, and characters of three bytes.
  gb18030,    ///< `two_byte`, and characters of four bytes.
  hz,
  iso_2022,
};

struct charset {
  std::string_view names;  ///< Normalized, each between blanks.
  scheme how;
  std::string_view characters;  ///< What `character_set` or `iso_2022` knows it as.
};

/// The name as Python looks codecs up: lower case, every run of other characters than letters, digits and
/// dots one dash.
[[nodiscard]] std::string normalized_charset(std::string_view charset);

/// Nothing if Python has no charset of that name.
[[nodiscard]] const charset* find_charset(std::string_view name);

}  // namespace cybexd::tahoe::mail
