#pragma once
// UTF-7, UTF-16 and UTF-32, as Python decodes them.
#include "tahoe/mail/decoding.hpp"

namespace cybexd::tahoe::mail {

enum class byte_order { little, big, marked };  ///< `marked`: by a byte order mark, little without one.

void decode_utf7(decoding& text);
void decode_utf16(decoding& text, byte_order order);
void decode_utf32(decoding& text, byte_order order);

}  // namespace cybexd::tahoe::mail
