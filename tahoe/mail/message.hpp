#pragma once
// Structure of an e-mail (RFC 5322, MIME), read as Python's `email` package does: nothing is an error, what
// does not follow the rules is text.
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cybexd::tahoe::mail {

/// A message or a part of one. Views point into the text it was read from.
struct part {
  std::vector<std::pair<std::string_view, std::string>> headers;  ///< Names, and values as unfolded text.
  std::string_view first_line;  ///< A line before `payload` that looked like a header (`From ...`).
  std::string_view payload;     ///< Where it has no parts.
  std::vector<part> parts;
  bool has_parts = false;      ///< It is a multipart with a boundary that occurred.
  bool digest_member = false;  ///< Its type is `message/rfc822` where it names none.

  /// The first header of this name (any case), or nothing.
  [[nodiscard]] const std::string* header(std::string_view name) const;
  /// `text/plain`, in lower case.
  [[nodiscard]] std::string content_type() const;
  /// A parameter of Content-Type, or nothing.
  [[nodiscard]] std::optional<std::string> parameter(std::string_view name) const;
  /// The charset that Content-Type names, or `ascii`.
  [[nodiscard]] std::string charset() const;
};

/// Reads a whole message. Nothing if it has more than 10,000 parts, or if they are nested more than 100 deep.
[[nodiscard]] std::optional<part> read_message(std::string_view text);

/// The first `text/plain` part, else the first `text/html` part, that is no attachment; nullptr if there is
/// neither.
[[nodiscard]] const part* find_body(const part& message);

/// The text of a part: transfer encoding and charset undone, bytes the charset does not have as U+FFFD.
/// Nothing if the charset is unknown or `decode_charset` makes nothing of the bytes.
[[nodiscard]] std::optional<std::string> text_of(const part& p);

}  // namespace cybexd::tahoe::mail
