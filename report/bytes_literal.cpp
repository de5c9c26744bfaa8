#include "report/bytes_literal.hpp"

#include <optional>

namespace cybexd::report {
namespace {

std::optional<unsigned> hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
  return std::nullopt;
}

tl::unexpected<error> wrong(std::string_view what, std::size_t position) {
  return fail(failure::bad_input, "is no bytes literal b'...': " + std::string(what) + " at position " +
                                      std::to_string(position));
}

/// The byte that `\` and what follows stand for; `at` is moved to the last character of the escape.
std::optional<char> escaped(std::string_view text, std::size_t& at) {
  if (++at >= text.size()) return std::nullopt;
  switch (text[at]) {
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case '\\':
    case '\'':
    case '"':
      return text[at];
    case 'x':
      break;
    default:
      return std::nullopt;
  }
  if (at + 2 >= text.size()) return std::nullopt;
  const auto high = hex_digit(text[at + 1]), low = hex_digit(text[at + 2]);
  at += 2;
  if (!high || !low) return std::nullopt;
  return static_cast<char>(*high * 16 + *low);
}

}  // namespace

std::string write_bytes_literal(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  const bool single = bytes.find('\'') == std::string_view::npos;
  const char quote = !single && bytes.find('"') == std::string_view::npos ? '"' : '\'';
  std::string out = "b";
  out.reserve(bytes.size() + bytes.size() / 8 + 3);
  out += quote;
  for (char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == quote || c == '\\') {
      out.append(1, '\\').append(1, c);
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (byte < 0x20 || byte > 0x7e) {
      out.append("\\x").append(1, digits[byte >> 4]).append(1, digits[byte & 15]);
    } else {
      out += c;
    }
  }
  out += quote;
  return out;
}

expected<std::string> read_bytes_literal(std::string_view text) {
  if (text.size() < 3 || text[0] != 'b' || (text[1] != '\'' && text[1] != '"'))
    return wrong("it begins otherwise", 0);
  const char quote = text[1];
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 2; at < text.size(); ++at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (text[at] == quote) {
      if (at + 1 != text.size()) return wrong("something follows the closing quote", at + 1);
      return out;
    }
    if (byte < 0x20 || byte > 0x7e) return wrong("a character that must be escaped", at);
    if (text[at] != '\\') {
      out += text[at];
      continue;
    }
    const auto start = at;
    const auto byte_meant = escaped(text, at);
    if (!byte_meant) return wrong("an escape that is unknown or cut", start);
    out += *byte_meant;
  }
  return wrong("no closing quote", text.size());
}

}  // namespace cybexd::report
