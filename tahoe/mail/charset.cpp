#include "tahoe/mail/charset.hpp"

#include <iconv.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "tahoe/json.hpp"
#include "tahoe/mail/charset_names.hpp"
#include "tahoe/mail/text.hpp"

namespace cybexd::tahoe::mail {

namespace {

constexpr std::string_view replacement = "\xef\xbf\xbd";
constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

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

/// `upper` are the characters of the bytes from 0x80.
std::string decode_single(std::string_view bytes, std::u16string_view upper, undecodable how) {
  std::string out;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    const unsigned point = byte < 0x80 ? byte : upper[byte - 0x80u];
    if (point < 0x80 || (point == 0xfffd && how == undecodable::keep)) {
      out += point < 0x80 ? static_cast<char>(point) : c;
    } else if (point < 0x800) {
      out += static_cast<char>(0xc0 | point >> 6);
      out += static_cast<char>(0x80 | (point & 0x3f));
    } else {
      out += static_cast<char>(0xe0 | point >> 12);
      out += static_cast<char>(0x80 | (point >> 6 & 0x3f));
      out += static_cast<char>(0x80 | (point & 0x3f));
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

/// RFC 1843: ASCII in which `~{` begins characters of GB 2312 in seven bits and `~}`, or the line's end, ends
/// them; `~~` is `~` and `~` at a line's end joins two lines. The characters are EUC-CN without the eighth
/// bit.
std::string decode_hz(std::string_view bytes, undecodable how) {
  std::string as_euc;
  as_euc.reserve(bytes.size());
  bool chinese = false;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    const char c = bytes[at], next = at + 1 < bytes.size() ? bytes[at + 1] : '\0';
    if (c == '\n') chinese = false;
    const bool mark = c == '~' && (chinese ? next == '}' : next == '{' || next == '~' || next == '\n');
    if (mark) {
      if (next == '~') as_euc += '~';
      chinese = next == '{';
      ++at;
    } else if (chinese && c > ' ' && next > ' ') {
      as_euc += static_cast<char>(c | '\x80');
      as_euc += static_cast<char>(next | '\x80');
      ++at;
    } else {
      as_euc += c;
    }
  }
  return converter("EUC-CN").convert(as_euc, how);
}

constexpr std::array<std::string_view, 7> utf8_names = {"utf-8",     "utf8",      "u8",     "utf",
                                                        "utf8-ucs2", "utf8-ucs4", "cp65001"};
constexpr std::array<std::string_view, 11> ascii_names = {
    "ascii",          "us-ascii", "us",     "646",       "ansi-x3.4-1968",  "ansi-x3-4-1968",
    "ansi-x3.4-1986", "cp367",    "ibm367", "iso646-us", "iso-646.irv-1991"};
constexpr std::array<std::string_view, 11> latin1_names = {
    "latin-1", "latin1", "latin", "l1",     "iso-8859-1",     "iso8859-1",
    "iso8859", "8859",   "cp819", "ibm819", "iso-8859-1-1987"};

constexpr std::array<std::string_view, 7> shift_jis_names = {
    "shift-jis", "shiftjis", "sjis", "s-jis", "csshiftjis", "x-sjis", "x-mac-japanese"};

constexpr std::array<std::string_view, 4> hz_names = {"hz", "hzgb", "hz-gb", "hz-gb-2312"};

template <class Names>
bool is_one_of(const Names& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

std::optional<std::string> decode_charset(std::string_view bytes, std::string_view charset, undecodable how) {
  if (bytes.empty()) return std::string();
  auto name = normalized_charset(charset);
  if (name.empty() || name.size() > 40 || charset.find('\0') != std::string_view::npos) return std::nullopt;
  if (name == "utf-8-sig") {
    if (bytes.starts_with(byte_order_mark)) bytes.remove_prefix(byte_order_mark.size());
    name = "utf-8";
  }
  if (is_one_of(utf8_names, name)) return how == undecodable::keep ? std::string(bytes) : sanitized(bytes);
  if (is_one_of(ascii_names, name)) return decode_ascii(bytes, how);
  if (is_one_of(latin1_names, name)) return decode_latin1(bytes);
  if (is_one_of(shift_jis_names, name))
    return checked(with_ascii(converter("SJIS").convert(bytes, how)), how);
  if (is_one_of(hz_names, name)) return decode_hz(bytes, how);
  if (const auto upper = upper_half_of(name); !upper.empty()) return decode_single(bytes, upper, how);
  if (name.ends_with("-i") || name.ends_with("-e")) name.resize(name.size() - 2);  // iso-8859-8-i
  const auto renamed = iconv_name(name);
  std::string underscores = name;
  std::replace(underscores.begin(), underscores.end(), '-', '_');
  for (const auto& spelling : {renamed, name, underscores}) {
    converter convert(spelling);
    if (convert.known()) return checked(convert.convert(bytes, how), how);
  }
  return std::nullopt;
}

}  // namespace cybexd::tahoe::mail
