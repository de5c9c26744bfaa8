#include "tahoe/mail/words.hpp"

#include <algorithm>

#include "tahoe/canonical.hpp"
#include "tahoe/mail/charset.hpp"
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

/// `charset?encoding?text` (two `?`), where the charset may carry a language after `*`.
std::optional<std::string> decode_inside(std::string_view inside) {
  const auto first = inside.find('?'), second = inside.find('?', first + 1);
  const auto charset = inside.substr(0, std::min(first, inside.find('*')));
  const auto encoding = ascii_lower(inside.substr(first + 1, second - first - 1));
  const auto text = inside.substr(second + 1);
  if ((encoding != "q" && encoding != "b") || !is_ascii(text)) return std::nullopt;
  if (charset.find('\0') != std::string_view::npos) return std::nullopt;
  const auto bytes = encoding == "q" ? decode_q(text) : decode_base64(text);
  auto decoded = decode_charset(bytes, charset, undecodable::keep);
  // What Python cannot decode even so is no encoded word to it, but text.
  if (decoded || is_known_charset(charset)) return decoded;
  return bytes;
}

/// Where an encoded word ends that has what follows its `=?` as `body`: at its `?=`, with two `?` before.
/// Looks no further than to the third `?`, since a text may hold any number of `=?`.
std::optional<std::size_t> end_of_word(std::string_view body) {
  bool escaped =
      false;  // the mark after the encoding stood before an escape (`=XX`), which looks like the end
  std::size_t marks = 0;
  for (auto at = body.find('?'); at != std::string_view::npos; at = body.find('?', at + 1), ++marks) {
    if (body.substr(at).starts_with("?=")) {
      const auto rest = body.substr(at + 2);
      const bool escape = !escaped && marks < 2 && rest.size() > 1 && is_hex(rest[0]) && is_hex(rest[1]);
      if (!escape) return marks == 2 ? std::optional(at) : std::nullopt;
      escaped = true;
    }
    if (marks == 2) return std::nullopt;
  }
  return escaped && marks == 2 ? std::optional(body.size()) : std::nullopt;
}

enum class piece { none, blanks, word, text };

/// Reads a subject piece by piece. What it looks up ahead it remembers until it has come there.
class unstructured_reader {
 public:
  explicit unstructured_reader(std::string_view text) : text_(text) {}

  std::string read() {
    while (at_ < text_.size()) {
      if (is_blank(text_[at_]))
        take_blanks();
      else if (!take_word())
        take_text();
    }
    return sanitized(out_);
  }

 private:
  void follow(piece kind, std::size_t size) {
    before_last_ = last_;
    last_ = kind;
    at_ += size;
  }

  void take_blanks() {
    const auto rest = text_.substr(at_);
    const auto size = rest.size() - python_strip_left(rest).size();
    blanks_at_ = out_.size();
    out_ += rest.substr(0, size);
    follow(piece::blanks, size);
  }

  bool take_word() {
    const auto word = take_encoded_word(text_.substr(at_));
    if (!word) return false;
    if (last_ == piece::blanks && before_last_ == piece::word) out_.resize(blanks_at_);
    out_ += word->text;
    follow(piece::word, word->size);
    return true;
  }

  void take_text() {
    if (at_ >= blank_at_) {
      blank_at_ = at_ + find_blank(text_.substr(at_));
      const auto end = text_.substr(at_, blank_at_ - at_).rfind("?=");
      last_end_ = end == std::string_view::npos ? 0 : at_ + end;
    }
    auto size = blank_at_ - at_;
    // An encoded word in the middle of a word is one nevertheless.
    if (!text_.substr(at_).starts_with("=?") && word_ahead()) size = text_.find("=?", at_) - at_;
    out_ += text_.substr(at_, size);
    follow(piece::text, size);
  }

  /// Whether something with the marks of an encoded word begins before the next blank: `=?..?q?..?=`.
  [[nodiscard]] bool word_ahead() const {
    const auto before_end = text_.substr(0, last_end_);
    for (auto at = before_end.find("=?", at_); at != std::string_view::npos;
         at = before_end.find("=?", at + 1)) {
      const auto mark = text_.find('?', at + 2);
      if (mark + 3 > last_end_) return false;
      const bool encoding = std::string_view("qQbB").find(text_[mark + 1]) != std::string_view::npos;
      if (encoding && text_[mark + 2] == '?') return true;
    }
    return false;
  }

  const std::string_view text_;
  std::size_t at_ = 0;
  std::size_t blank_at_ = 0;   // the next blank, once it was looked for
  std::size_t last_end_ = 0;   // the last `?=` before it; 0 without one
  std::size_t blanks_at_ = 0;  // where in `out_` the blanks begin, if they were last
  piece last_ = piece::none, before_last_ = piece::none;
  std::string out_;
};

}  // namespace

std::size_t find_blank(std::string_view text) { return std::min(text.find_first_of(" \t"), text.size()); }

std::optional<encoded_word> take_encoded_word(std::string_view text) {
  if (!text.starts_with("=?")) return std::nullopt;
  const auto body = text.substr(2);
  const auto end = end_of_word(body);
  if (!end) return std::nullopt;
  auto decoded = decode_inside(body.substr(0, *end));
  if (!decoded) return std::nullopt;
  return encoded_word{std::move(*decoded), std::min(*end + 4, text.size())};
}

std::string decode_unstructured(std::string_view text) { return unstructured_reader(text).read(); }

}  // namespace cybexd::tahoe::mail
