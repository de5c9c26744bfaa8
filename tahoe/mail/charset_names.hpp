#pragma once
// Names of charsets that mail has and the C library's iconv has not, or has for another charset.
#include <string>
#include <string_view>

namespace cybexd::tahoe::mail {

/// The name as Python looks codecs up: lower case, every run of other characters than letters, digits and
/// dots one dash.
[[nodiscard]] std::string normalized_charset(std::string_view charset);

/// iconv's name of a charset that has another name in Python; else the name as it is. `normalized` is what
/// `normalized_charset` gives.
[[nodiscard]] std::string iconv_name(std::string_view normalized);

/// The characters of the bytes 0x80 to 0xff of a charset that iconv does not have, U+FFFD where there is
/// none; the bytes below are ASCII. Empty for any other name.
[[nodiscard]] std::u16string_view upper_half_of(std::string_view normalized);

}  // namespace cybexd::tahoe::mail
