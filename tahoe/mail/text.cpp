#include "tahoe/mail/text.hpp"

#include <iconv.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>

#include "tahoe/json.hpp"

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

std::string decode_utf8(std::string_view bytes, undecodable how) {
  std::string out;
  out.reserve(bytes.size());
  while (!bytes.empty()) {
    const auto [size, well_formed] = first_sequence(bytes);
    out += well_formed || how == undecodable::keep ? bytes.substr(0, size) : replacement;
    bytes.remove_prefix(size);
  }
  return out;
}

std::string decode_ascii(std::string_view bytes, undecodable how) {
  std::string out;
  for (const char c : bytes) {
    if (static_cast<unsigned char>(c) < 0x80 || how == undecodable::keep)
      out += c;
    else
      out += replacement;
  }
  return out;
}

std::string decode_latin1(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      out += c;
    } else {
      out += static_cast<char>(0xc0 | byte >> 6);
      out += static_cast<char>(0x80 | (byte & 0x3f));
    }
  }
  return out;
}

class converter {
 public:
  explicit converter(const std::string& charset) : handle_(iconv_open("UTF-8", charset.c_str())) {}
  converter(const converter&) = delete;
  converter& operator=(const converter&) = delete;
  ~converter() {
    if (known()) iconv_close(handle_);
  }

  [[nodiscard]] bool known() const { return handle_ != iconv_t(-1); }

  std::string convert(std::string_view bytes, undecodable how) {
    std::string out;
    std::array<char, 4096> room;
    auto* from = const_cast<char*>(bytes.data());  // iconv does not write through it
    std::size_t left = bytes.size();
    bool more = true;
    while (more) {
      auto* to = room.data();
      std::size_t free = room.size();
      const auto result =
          left > 0 ? iconv(handle_, &from, &left, &to, &free) : iconv(handle_, nullptr, nullptr, &to, &free);
      const bool flushed = left == 0 && result != std::size_t(-1);
      const int why = errno;
      out.append(room.data(), room.size() - free);
      more = !flushed || (left == 0 && !done_);
      if (flushed) done_ = true;
      if (result == std::size_t(-1) && why == EINVAL) {
        // A character that is cut off at the end.
        out += how == undecodable::keep ? std::string_view(from, left) : replacement;
        more = false;
      } else if (result == std::size_t(-1) && why != E2BIG && left > 0) {
        out += how == undecodable::keep ? std::string_view(from, 1) : replacement;
        ++from;
        --left;
        iconv(handle_, nullptr, nullptr, nullptr, nullptr);
      } else if (result == std::size_t(-1) && why != E2BIG) {
        more = false;
      }
    }
    return out;
  }

 private:
  iconv_t handle_;
  bool done_ = false;
};

/// The name as codecs are looked up: lower case, every run of other characters one dash.
std::string normalized(std::string_view charset) {
  std::string out;
  bool gap = false;
  for (const char c : ascii_lower(charset)) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.';
    if (plain && gap && !out.empty()) out += '-';
    if (plain) out += c;
    gap = !plain;
  }
  return out;
}

/// iconv's Shift JIS has a yen sign and an overline where Python's, as most senders, has ASCII.
std::string with_ascii(std::string_view text) {
  constexpr std::string_view yen = "\xc2\xa5", overline = "\xe2\x80\xbe";
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const bool is_yen = text.starts_with(yen), is_overline = !is_yen && text.starts_with(overline);
    out += is_yen ? '\\' : is_overline ? '~' : text.front();
    text.remove_prefix(is_yen ? yen.size() : is_overline ? overline.size() : 1);
  }
  return out;
}

/// What iconv made of bytes. It also makes sequences of code points that UTF-8 does not have (from UCS-4).
std::string checked(std::string text, undecodable how) {
  return how == undecodable::keep || is_valid_utf8(text) ? std::move(text) : sanitized(text);
}

constexpr std::array<std::string_view, 6> utf8_names = {"utf-8", "utf8", "u8", "utf", "utf8-ucs2", "cp65001"};
constexpr std::array<std::string_view, 10> ascii_names = {
    "ascii",          "us-ascii", "us",     "646",       "ansi-x3.4-1968",
    "ansi-x3.4-1986", "cp367",    "ibm367", "iso646-us", "iso-646.irv-1991"};
constexpr std::array<std::string_view, 11> latin1_names = {
    "latin-1", "latin1", "latin", "l1",     "iso-8859-1",     "iso8859-1",
    "iso8859", "8859",   "cp819", "ibm819", "iso-8859-1-1987"};

constexpr std::array<std::string_view, 6> shift_jis_names = {"shift-jis", "shiftjis",   "sjis",
                                                             "s-jis",     "csshiftjis", "x-sjis"};

template <class Names>
bool is_one_of(const Names& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
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

std::optional<std::string> decode_charset(std::string_view bytes, std::string_view charset, undecodable how) {
  if (bytes.empty()) return std::string();
  auto name = normalized(charset);
  if (name.empty() || name.size() > 40 || charset.find('\0') != std::string_view::npos) return std::nullopt;
  if (is_one_of(utf8_names, name)) return decode_utf8(bytes, how);
  if (is_one_of(ascii_names, name)) return decode_ascii(bytes, how);
  if (is_one_of(latin1_names, name)) return decode_latin1(bytes);
  if (is_one_of(shift_jis_names, name))
    return checked(with_ascii(converter("SJIS").convert(bytes, how)), how);
  if (name.ends_with("-i") || name.ends_with("-e")) name.resize(name.size() - 2);  // iso-8859-8-i
  std::string underscores = name;
  std::replace(underscores.begin(), underscores.end(), '-', '_');
  for (const auto& spelling : {name, underscores}) {
    converter convert(spelling);
    if (convert.known()) return checked(convert.convert(bytes, how), how);
  }
  return std::nullopt;
}

std::string sanitized(std::string_view bytes) { return decode_utf8(bytes, undecodable::replace); }

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
