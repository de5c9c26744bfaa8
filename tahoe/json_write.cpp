#include <array>
#include <charconv>
#include <cmath>

#include "tahoe/json.hpp"

namespace cybexd::tahoe {

namespace {

constexpr char hex_digits[] = "0123456789abcdef";

/// For each byte: 0 copies it, `u` writes \u00xx, any other is the letter of a short escape. Bytes from 0x7f
/// up are `u` for ASCII output.
constexpr std::array<char, 256> escapes = [] {
  std::array<char, 256> table{};
  for (std::size_t c = 0; c < 0x20; ++c) table[c] = 'u';
  for (std::size_t c = 0x7f; c < 256; ++c) table[c] = 'u';
  table['"'] = '"';
  table['\\'] = '\\';
  table['\b'] = 'b';
  table['\f'] = 'f';
  table['\n'] = 'n';
  table['\r'] = 'r';
  table['\t'] = 't';
  return table;
}();

void append_unit(std::string& out, unsigned unit) {
  const char text[6] = {'\\',
                        'u',
                        hex_digits[unit >> 12 & 15],
                        hex_digits[unit >> 8 & 15],
                        hex_digits[unit >> 4 & 15],
                        hex_digits[unit & 15]};
  out.append(text, 6);
}

/// Appends the code point that starts at `at` as one or two escapes; returns its bytes. Bytes that are no
/// UTF-8 (there should be none) become U+FFFD one by one.
std::size_t append_code_point(std::string& out, std::string_view utf8, std::size_t at) {
  const auto byte = [&](std::size_t i) -> unsigned {
    return at + i < utf8.size() ? static_cast<unsigned char>(utf8[at + i]) : 0u;
  };
  const auto tail = [&](std::size_t i) { return (byte(i) & 0xc0u) == 0x80u; };
  const unsigned first = byte(0);
  if (first < 0x80) {
    append_unit(out, first);
    return 1;
  }
  if (first >= 0xc2 && first < 0xe0 && tail(1)) {
    append_unit(out, (first & 0x1fu) << 6 | (byte(1) & 0x3fu));
    return 2;
  }
  if (first >= 0xe0 && first < 0xf0 && tail(1) && tail(2)) {
    append_unit(out, (first & 0xfu) << 12 | (byte(1) & 0x3fu) << 6 | (byte(2) & 0x3fu));
    return 3;
  }
  if (first >= 0xf0 && first < 0xf5 && tail(1) && tail(2) && tail(3)) {
    const unsigned point =
        (first & 7u) << 18 | (byte(1) & 0x3fu) << 12 | (byte(2) & 0x3fu) << 6 | (byte(3) & 0x3fu);
    append_unit(out, 0xd800u + ((point - 0x10000u) >> 10));
    append_unit(out, 0xdc00u + ((point - 0x10000u) & 0x3ffu));
    return 4;
  }
  append_unit(out, 0xfffd);
  return 1;
}

void append_utf8_json_string(std::string& out, std::string_view utf8) {
  out += '"';
  std::size_t copied = 0;
  for (std::size_t at = 0; at < utf8.size(); ++at) {
    const auto c = static_cast<unsigned char>(utf8[at]);
    const char how = c >= 0x7f ? '\0' : escapes[c];
    if (how == 0) continue;
    out.append(utf8, copied, at - copied);
    if (how == 'u') {
      append_unit(out, c);
    } else {
      out += '\\';
      out += how;
    }
    copied = at + 1;
  }
  out.append(utf8, copied, utf8.size() - copied);
  out += '"';
}

struct style {
  std::string_view comma, colon;
  void (*string)(std::string&, std::string_view);
  bool python;  ///< Floats that are no numbers as Python's words; else null, since JSON has none.
};

void append_double(std::string& out, double d, const style& how) {
  if (std::isfinite(d)) {
    out += python_float(d);
  } else if (how.python) {
    out += std::isnan(d) ? "NaN" : d < 0 ? "-Infinity" : "Infinity";
  } else {
    out += "null";
  }
}

void append_json(std::string& out, const value& v, const style& how) {
  if (const auto* b = v.get_if<bool>()) {
    out += *b ? "true" : "false";
  } else if (const auto* i = v.get_if<std::int64_t>()) {
    out += std::to_string(*i);
  } else if (const auto* d = v.get_if<double>()) {
    append_double(out, *d, how);
  } else if (const auto* s = v.text()) {
    how.string(out, *s);
  } else if (const auto* items = v.get_if<array>()) {
    out += '[';
    for (std::size_t n = 0; n < items->size(); ++n) {
      if (n > 0) out += how.comma;
      append_json(out, (*items)[n], how);
    }
    out += ']';
  } else if (const auto* members = v.get_if<object>()) {
    out += '{';
    for (std::size_t n = 0; n < members->size(); ++n) {
      if (n > 0) out += how.comma;
      how.string(out, (*members)[n].first);
      out += how.colon;
      append_json(out, (*members)[n].second, how);
    }
    out += '}';
  } else {
    out += "null";
  }
}

}  // namespace

void append_ascii_json_string(std::string& out, std::string_view utf8) {
  out += '"';
  std::size_t copied = 0;
  for (std::size_t at = 0; at < utf8.size();) {
    const char how = escapes[static_cast<unsigned char>(utf8[at])];
    if (how == 0) {
      ++at;
      continue;
    }
    out.append(utf8, copied, at - copied);
    if (how == 'u') {
      at += append_code_point(out, utf8, at);
    } else {
      out += '\\';
      out += how;
      ++at;
    }
    copied = at;
  }
  out.append(utf8, copied, utf8.size() - copied);
  out += '"';
}

std::string to_python_json(const value& v) {
  std::string out;
  append_json(out, v, {", ", ": ", append_ascii_json_string, true});
  return out;
}

std::string to_json(const value& v) {
  std::string out;
  append_json(out, v, {",", ":", append_utf8_json_string, false});
  return out;
}

std::string python_float(double d) {
  if (!std::isfinite(d)) return std::isnan(d) ? "nan" : d < 0 ? "-inf" : "inf";
  char room[32];
  const auto end = std::to_chars(room, room + sizeof room, d, std::chars_format::scientific).ptr;
  std::string_view text(room, static_cast<std::size_t>(end - room));
  std::string out;
  if (text.front() == '-') {
    out += '-';
    text.remove_prefix(1);
  }
  const auto e = text.find('e');
  std::string digits(1, text[0]);
  if (e > 2) digits += text.substr(2, e - 2);
  int exponent = 0;
  const auto sign_and_number = text.substr(text[e + 1] == '+' ? e + 2 : e + 1);
  std::from_chars(sign_and_number.data(), sign_and_number.data() + sign_and_number.size(), exponent);
  if (exponent < -4 || exponent >= 16) {
    out += digits[0];
    if (digits.size() > 1) out.append(1, '.').append(digits, 1);
    out += 'e';
    out += exponent < 0 ? '-' : '+';
    const auto size = std::to_string(std::abs(exponent));
    if (size.size() < 2) out += '0';
    return out += size;
  }
  if (exponent < 0) return out.append("0.").append(static_cast<std::size_t>(-exponent - 1), '0') += digits;
  const auto whole = static_cast<std::size_t>(exponent) + 1;
  if (digits.size() <= whole) return out.append(digits).append(whole - digits.size(), '0') += ".0";
  return out.append(digits, 0, whole).append(1, '.').append(digits, whole);
}

}  // namespace cybexd::tahoe
