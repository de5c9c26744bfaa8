#include <algorithm>
#include <optional>

#include "tahoe/mail/text.hpp"

namespace cybexd::tahoe::mail {

namespace {

/// Takes a line off the front of a text, without its end (\n, \r\n or \r).
std::string_view take_line(std::string_view& text) {
  const auto end = text.find_first_of("\r\n");
  const auto line = text.substr(0, end);
  const bool two = end != std::string_view::npos && text.substr(end).starts_with("\r\n");
  text = end == std::string_view::npos ? std::string_view() : text.substr(end + (two ? 2 : 1));
  return line;
}

/// An octal number as Python's `int(text, 8)` reads it, but for its rarer forms (signs, blanks, underscores).
bool is_mode(std::string_view text) {
  if (text.starts_with("0o") || text.starts_with("0O")) text.remove_prefix(2);
  return !text.empty() && text.find_first_not_of("01234567") == std::string_view::npos;
}

bool is_begin(std::string_view line) {
  constexpr std::string_view word = "begin ";
  if (!line.starts_with(word)) return false;
  line.remove_prefix(word.size());
  return is_mode(line.substr(0, line.find(' ')));
}

bool is_end(std::string_view line) {
  const auto from = line.find_first_not_of(" \t\f");
  return from != std::string_view::npos &&
         line.substr(from, line.find_last_not_of(" \t\f") + 1 - from) == "end";
}

/// The bytes that the first character of a line counts.
std::size_t counted(std::string_view line) { return (static_cast<unsigned char>(line.front()) - 32u) & 63u; }

/// Decodes a line: missing characters at its end are blanks. Nothing at a character that is none of the
/// code's, or when more than padding follows what is counted.
std::optional<std::string> decode_line(std::string_view line) {
  std::string out;
  const auto size = counted(line);
  std::size_t at = 1;
  unsigned waiting = 0;
  for (unsigned bits = 0; out.size() < size; ++at) {
    const auto c = at < line.size() ? static_cast<unsigned char>(line[at]) : 32u;
    if (c < 32 || c > 96) return std::nullopt;
    waiting = (waiting << 6 | ((c - 32) & 63)) & 0xffffu;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    out += static_cast<char>(waiting >> bits & 0xffu);
  }
  const auto padding = line.substr(std::min(at, line.size()));
  if (padding.find_first_not_of(" `") != std::string_view::npos) return std::nullopt;
  return out;
}

}  // namespace

std::string decode_uuencoded(std::string_view text) {
  auto rest = text;
  bool begun = false;
  while (!begun && !rest.empty()) begun = is_begin(take_line(rest));
  if (!begun) return std::string(text);
  std::string out;
  while (!rest.empty()) {
    const auto line = take_line(rest);
    if (line.empty()) return std::string(text);
    if (is_end(line)) break;
    auto bytes = decode_line(line);
    // Some encoders write characters behind the counted ones.
    if (!bytes) bytes = decode_line(line.substr(0, (counted(line) * 4 + 5) / 3));
    if (!bytes) return std::string(text);
    out += *bytes;
  }
  return out;
}

}  // namespace cybexd::tahoe::mail
