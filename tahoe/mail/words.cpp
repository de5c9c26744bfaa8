#include "tahoe/mail/words.hpp"

#include <algorithm>

#include "tahoe/mail/text.hpp"

namespace cybexd::tahoe::mail {

namespace {

bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

/// The q encoding: blanks as `_`, other bytes as `=XX`.
std::string decode_q(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '_') {
      out += ' ';
    } else if (text[at] == '=' && at + 2 < text.size() && is_hex(text[at + 1]) && is_hex(text[at + 2])) {
      out += decode_quoted_printable(text.substr(at, 3));
      at += 2;
    } else {
      out += text[at];
    }
  }
  return out;
}

/// `charset?encoding?text`, where the charset may carry a language after `*`.
std::optional<std::string> decode_inside(std::string_view inside) {
  if (std::count(inside.begin(), inside.end(), '?') != 2) return std::nullopt;
  const auto first = inside.find('?'), second = inside.find('?', first + 1);
  const auto charset = inside.substr(0, std::min(first, inside.find('*')));
  const auto encoding = ascii_lower(inside.substr(first + 1, second - first - 1));
  const auto text = inside.substr(second + 1);
  if ((encoding != "q" && encoding != "b") || !is_ascii(text)) return std::nullopt;
  if (charset.find('\0') != std::string_view::npos) return std::nullopt;
  const auto bytes = encoding == "q" ? decode_q(text) : decode_base64(text);
  if (auto decoded = decode_charset(bytes, charset, undecodable::keep)) return decoded;
  return bytes;
}

/// Whether something with the marks of an encoded word begins anywhere in a text: `=?..?q?..?=`.
bool holds_encoded_word(std::string_view text) {
  for (auto at = text.find("=?"); at != std::string_view::npos; at = text.find("=?", at + 1)) {
    const auto mark = text.find('?', at + 2);
    if (mark == std::string_view::npos || mark + 2 >= text.size()) return false;
    const bool encoding = std::string_view("qQbB").find(text[mark + 1]) != std::string_view::npos;
    if (encoding && text[mark + 2] == '?' && text.find("?=", mark + 3) != std::string_view::npos) return true;
  }
  return false;
}

enum class piece { none, blanks, word, text };

}  // namespace

std::size_t find_blank(std::string_view text) { return std::min(text.find_first_of(" \t"), text.size()); }

std::optional<encoded_word> take_encoded_word(std::string_view text, word_failure& why) {
  why = word_failure::not_one;
  if (!text.starts_with("=?")) return std::nullopt;
  const auto body = text.substr(2);
  auto end = body.find("?=");
  if (end == std::string_view::npos) return std::nullopt;
  const auto rest = body.substr(end + 2);
  // The mark after the encoding may be followed by an escape (`=XX`), which looks like the end.
  const bool escape = rest.size() > 1 && is_hex(rest[0]) && is_hex(rest[1]) &&
                      std::count(body.begin(), body.begin() + static_cast<std::ptrdiff_t>(end), '?') < 2;
  if (escape) end = std::min(body.find("?=", end + 2), body.size());
  auto decoded = decode_inside(body.substr(0, end));
  if (!decoded) {
    why = word_failure::invalid;
    return std::nullopt;
  }
  return encoded_word{std::move(*decoded), std::min(end + 4, text.size())};
}

std::string decode_unstructured(std::string_view text) {
  std::string out;
  auto last = piece::none, before_last = piece::none;
  std::size_t blanks_at = 0;  // where in `out` the blanks begin, if they were last
  const auto follow = [&](piece kind) {
    before_last = last;
    last = kind;
  };
  while (!text.empty()) {
    if (is_blank(text.front())) {
      const auto rest = strip_left(text);
      blanks_at = out.size();
      out += text.substr(0, text.size() - rest.size());
      text = rest;
      follow(piece::blanks);
      continue;
    }
    auto why = word_failure::not_one;
    if (const auto word = take_encoded_word(text, why)) {
      if (last == piece::blanks && before_last == piece::word) out.resize(blanks_at);
      out += word->text;
      text.remove_prefix(word->size);
      follow(piece::word);
      continue;
    }
    auto size = find_blank(text);
    // An encoded word in the middle of a word is one nevertheless.
    if (why != word_failure::invalid && holds_encoded_word(text.substr(0, size)) && text.find("=?") > 0)
      size = text.find("=?");
    out += text.substr(0, size);
    text.remove_prefix(size);
    follow(piece::text);
  }
  return sanitized(out);
}

}  // namespace cybexd::tahoe::mail
