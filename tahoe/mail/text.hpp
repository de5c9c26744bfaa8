#pragma once
// Bytes and characters of e-mail as Python's `email` package treats them, which the filter's results depend
// on.
#include <string>
#include <string_view>

namespace cybexd::tahoe::mail {

/// UTF-8 in which every ill-formed sequence (its longest well-formed beginning at a time) is U+FFFD.
[[nodiscard]] std::string sanitized(std::string_view bytes);

/// RFC 4648 base64 without regard to foreign characters and to what follows the padding. What cannot be
/// decoded at all comes back as it is.
[[nodiscard]] std::string decode_base64(std::string_view text);
/// RFC 2045 quoted-printable.
[[nodiscard]] std::string decode_quoted_printable(std::string_view text);
/// What Python's `email` makes of a body that is uuencoded: the bytes between its `begin` and its `end`. What
/// has no `begin`, or cannot be decoded, comes back as it is.
[[nodiscard]] std::string decode_uuencoded(std::string_view text);

/// Characters as bytes: ASCII as it is if there is nothing else; otherwise U+0080 to U+00FF as one byte and
/// what is beyond as `\uxxxx` or `\Uxxxxxxxx` (Python's raw-unicode-escape).
[[nodiscard]] std::string raw_unicode_escape(std::string_view utf8);

[[nodiscard]] std::string ascii_lower(std::string_view text);
[[nodiscard]] bool is_ascii(std::string_view text);

}  // namespace cybexd::tahoe::mail
