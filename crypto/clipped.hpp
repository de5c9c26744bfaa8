#pragma once
#include <algorithm>
#include <string>
#include <string_view>

namespace cybexd {

/// A text from outside for a message to people: its first bytes, at most `size`, cut between characters of
/// UTF-8.
[[nodiscard]] inline std::string clipped(std::string_view text, std::size_t size = 100) {
  auto end = std::min(text.size(), size);
  while (end < text.size() && end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) --end;
  return std::string(text.substr(0, end));
}

}  // namespace cybexd
