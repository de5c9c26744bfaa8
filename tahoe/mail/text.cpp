#include "tahoe/mail/text.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>

namespace cybexd::tahoe::mail {

namespace {

constexpr std::string_view replacement = "\xef\xbf\xbd";

unsigned byte_at(std::string_view text, std::size_t at) {
  return at < text.size() ? static_cast<unsigned char>(text[at]) : 0u;
}

struct sequence {
  std::size_t size = 1;
  bool well_formed = false;
};

/// The UTF-8 sequence at the beginning of a text, or the longest beginning of one.
sequence first_sequence(std::string_view text) {
  const unsigned first = byte_at(text, 0);
  if (first < 0x80) return {1, true};
  const std::size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4) return {1, false};
  unsigned low = 0x80, high = 0xbf;  // of the second byte
  if (first == 0xe0) low = 0xa0;
  if (first == 0xed) high = 0x9f;
  if (first == 0xf0) low = 0x90;
  if (first == 0xf4) high = 0x8f;
  for (std::size_t i = 1; i < size; ++i) {
    const unsigned next = byte_at(text, i);
    if (i >= text.size() || next < low || next > high) return {i, false};
    low = 0x80;
    high = 0xbf;
  }
  return {size, true};
}

int base64_value(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/// Decodes up to the padding; nothing if characters are missing at the end.
std::optional<std::string> lenient_base64(std::string_view text) {
  std::string out;
  unsigned waiting = 0;
  int place = 0, padding = 0;
  for (const char c : text) {
    if (c == '=') {
      if (place >= 2 && place + ++padding >= 4) return out;
      continue;
    }
    const int digit = base64_value(c);
    if (digit < 0) continue;
    padding = 0;
    waiting = (waiting << 6 | static_cast<unsigned>(digit)) & 0xffffffu;
    if (place > 0) out += static_cast<char>(waiting >> (6 - 2 * place) & 0xffu);
    place = (place + 1) % 4;
  }
  if (place != 0) return std::nullopt;
  return out;
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string sanitized(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  while (!bytes.empty()) {
    const auto [size, well_formed] = first_sequence(bytes);
    out += well_formed ? bytes.substr(0, size) : replacement;
    bytes.remove_prefix(size);
  }
  return out;
}

std::string decode_base64(std::string_view text) {
  if (auto out = lenient_base64(text)) return *out;
  if (auto out = lenient_base64(std::string(text) + "==")) return *out;
  return std::string(text);
}

std::string decode_quoted_printable(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] != '=') {
      out += text[at++];
      continue;
    }
    if (++at >= text.size()) break;
    if (text[at] == '\n' || text[at] == '\r') {
      const auto end = text.find('\n', at);  // a soft line break
      at = end == std::string_view::npos ? text.size() : end + 1;
    } else if (text[at] == '=') {
      out += '=';
      ++at;
    } else if (at + 1 < text.size() && hex_value(text[at]) >= 0 && hex_value(text[at + 1]) >= 0) {
      out += static_cast<char>(hex_value(text[at]) * 16 + hex_value(text[at + 1]));
      at += 2;
    } else {
      out += '=';
    }
  }
  return out;
}

std::string raw_unicode_escape(std::string_view utf8) {
  if (is_ascii(utf8)) return std::string(utf8);
  constexpr char digits[] = "0123456789abcdef";
  std::string out;
  while (!utf8.empty()) {
    const auto size = first_sequence(utf8).size;
    const unsigned first = byte_at(utf8, 0);
    std::uint32_t point = size == 1 ? first : first & (0x7fu >> size);
    for (std::size_t i = 1; i < size; ++i) point = point << 6 | (byte_at(utf8, i) & 0x3fu);
    utf8.remove_prefix(size);
    if (point < 0x100) {
      out += static_cast<char>(point);
      continue;
    }
    const int places = point < 0x10000 ? 4 : 8;
    out += places == 4 ? "\\u" : "\\U";
    for (int place = places - 1; place >= 0; --place) out += digits[point >> (4 * place) & 15u];
  }
  return out;
}

std::string ascii_lower(std::string_view text) {
  std::string out(text);
  for (auto& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

}  // namespace cybexd::tahoe::mail
