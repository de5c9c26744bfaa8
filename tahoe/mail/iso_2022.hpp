#pragma once
// Charsets in which marks in the text say what the bytes after them mean: ISO 2022 and HZ, as Python decodes
// them.
#include <string_view>

#include "tahoe/mail/decoding.hpp"

namespace cybexd::tahoe::mail {

/// False where iconv's tables are not installed.
[[nodiscard]] bool decode_hz(decoding& text);

/// `variant` is the name of Python's codec: `iso2022_jp`, `iso2022_kr` ...
[[nodiscard]] bool decode_iso_2022(decoding& text, std::string_view variant);

}  // namespace cybexd::tahoe::mail
