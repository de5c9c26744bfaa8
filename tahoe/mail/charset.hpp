#pragma once
// The charsets of e-mail.
#include <optional>
#include <string>
#include <string_view>

namespace cybexd::tahoe::mail {

/// What becomes of bytes that a charset does not have.
enum class undecodable {
  replace,  ///< U+FFFD.
  keep,     ///< The byte itself, so that the result is no UTF-8; `sanitized` deals with it later.
};

/// Bytes of a charset as UTF-8; nothing if the charset is unknown. Known are the names of Python's text
/// codecs (but for `unicode_escape` and the like, which are no charsets of mail) and those of the C library's
/// iconv.
[[nodiscard]] std::optional<std::string> decode_charset(std::string_view bytes, std::string_view charset,
                                                        undecodable how);

}  // namespace cybexd::tahoe::mail
