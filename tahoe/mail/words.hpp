#pragma once
// RFC 2047 encoded words. Texts may hold bytes that no charset explained; `sanitized` (mail/text.hpp) ends
// that.
#include <optional>
#include <string>
#include <string_view>

namespace cybexd::tahoe::mail {

struct encoded_word {
  std::string text;
  std::size_t size = 0;  ///< Bytes of the source that it takes.
};

/// Reads an encoded word at the beginning of a text; nothing if none begins there.
[[nodiscard]] std::optional<encoded_word> take_encoded_word(std::string_view text);

/// An unstructured header (a subject) with its encoded words decoded and the white space between two of them
/// gone.
[[nodiscard]] std::string decode_unstructured(std::string_view text);

/// The position of the first blank (space or tab), or the size.
[[nodiscard]] std::size_t find_blank(std::string_view text);
[[nodiscard]] inline bool is_blank(char c) { return c == ' ' || c == '\t'; }

}  // namespace cybexd::tahoe::mail
