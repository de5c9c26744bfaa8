#pragma once
// Bytes in the form in which Python prints them, `b'...'` or `b"..."`: how a TDQL document holds `qdata`.
#include <string>
#include <string_view>

#include "crypto/error.hpp"

namespace cybexd::report {

/// Exactly Python's `repr(bytes)`: `'` around it unless it holds `'` and no `"`; `\t`, `\n`, `\r`, `\\`, the
/// quote escaped; other bytes outside 0x20..0x7e as `\xNN` in lower case.
[[nodiscard]] std::string write_bytes_literal(std::string_view bytes);

/// Reads one literal, nothing before or after it. Strict: the escapes above (`\xNN` in either case, both
/// quotes), no raw control or non-ASCII character, no concatenation. Never evaluates. Errors: bad_input
/// naming the position.
[[nodiscard]] expected<std::string> read_bytes_literal(std::string_view text);

}  // namespace cybexd::report
