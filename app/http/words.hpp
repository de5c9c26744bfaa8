#pragma once
// Words of HTTP's grammar.
#include <algorithm>
#include <string_view>

namespace cybexd::app::http {

/// Whether both are the same but for the case of ASCII letters, whatever the locale.
[[nodiscard]] inline bool same_word(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace cybexd::app::http
