#pragma once
// The charsets of e-mail.
#include <optional>
#include <string>
#include <string_view>

namespace cybexd::tahoe::mail {

/// What becomes of bytes that a charset does not have.
enum class undecodable {
  replace,  ///< U+FFFD, as often as Python's `errors='replace'` puts it.
  keep,     ///< The byte itself, so that the result is no UTF-8; `sanitized` deals with it later.
};

/// Whether Python has a text codec of that name (but for `unicode_escape` and the like, which are no charsets
/// of mail).
[[nodiscard]] bool is_known_charset(std::string_view name);

/// Bytes of a charset as UTF-8, as Python 3.11 decodes them; nothing if the charset is unknown, or if Python
/// raises an error nevertheless: the text would hold a lone surrogate, or bytes to keep are below 0x80. The
/// tables of most charsets are those of the C library's iconv: nothing, too, where they are not installed.
[[nodiscard]] std::optional<std::string> decode_charset(std::string_view bytes, std::string_view charset,
                                                        undecodable how);

}  // namespace cybexd::tahoe::mail
