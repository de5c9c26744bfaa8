#include "tahoe/mail/address_tokens.hpp"

#include <algorithm>

#include "tahoe/canonical.hpp"
#include "tahoe/mail/text.hpp"
#include "tahoe/mail/words.hpp"

namespace cybexd::tahoe::mail {

namespace {

constexpr std::size_t max_comment_depth = 900;  // about where the original's recursion ends

/// Decoded words stand in a phrase with one blank for every run of them.
std::string with_single_blanks(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    if (is_blank(text.front())) {
      out += ' ';
      text = python_strip_left(text);
      continue;
    }
    const auto size = find_blank(text);
    out += text.substr(0, size);
    text.remove_prefix(size);
  }
  return out;
}

}  // namespace

std::string without_spaces(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    std::size_t size = 1;  // of one character
    while (size < text.size() && (static_cast<unsigned char>(text[size]) & 0xc0) == 0x80) ++size;
    if (!python_strip(text.substr(0, size)).empty()) out += text.substr(0, size);
    text.remove_prefix(size);
  }
  return out;
}

std::string address_item::value() const {
  if (what == kind::blank) return " ";
  return (lead ? " " : "") + text + (trail ? " " : "");
}

bool address_tokens::give_up() {
  gave_up_ = true;
  return false;
}

bool address_tokens::take(char c) {
  if (!at(c)) return false;
  rest_.remove_prefix(1);
  return true;
}

std::string address_tokens::take_quotable(std::string_view ends) {
  std::string out;
  bool quoted = false;
  std::size_t at = 0;
  for (; at < rest_.size() && !is_blank(rest_[at]); ++at) {
    const char c = rest_[at];
    if (c == '\\' && !quoted) {
      quoted = true;
      continue;
    }
    if (!quoted && ends.find(c) != std::string_view::npos) break;
    quoted = false;
    out += c;
  }
  rest_.remove_prefix(at);
  return out;
}

void address_tokens::take_comment() {
  std::size_t depth = 0;
  do {
    if (at('(')) {
      if (++depth > max_comment_depth) {
        give_up();
        return;
      }
      drop();
    } else if (at(')')) {
      --depth;
      drop();
    } else if (is_blank(rest_.front())) {
      rest_ = python_strip_left(rest_);
    } else {
      take_quotable("()");
    }
  } while (depth > 0 && !at_end());
}

bool address_tokens::take_blanks() {
  bool any = false;
  while (!gave_up_ && at_any(blanks_or_comment)) {
    any = true;
    if (at('('))
      take_comment();
    else
      rest_ = python_strip_left(rest_);
  }
  return any;
}

void address_tokens::take_spaces() {
  if (at_any(" \t")) rest_ = python_strip_left(rest_);
}

bool address_tokens::take_encoded(address_item& out) {
  const auto word = take_encoded_word(rest_);
  if (!word) return false;
  out.text = with_single_blanks(word->text);
  out.hollow = word->text.empty();
  rest_.remove_prefix(word->size);
  return true;
}

// The text between the quotes keeps its blanks, but for those between two encoded words.
bool address_tokens::take_quoted(address_item& out) {
  drop();
  out.hollow = at_end();
  std::size_t blanks_at = 0;           // where the last blanks begin
  bool after_word = false;             // an encoded word came last
  bool after_word_and_blanks = false;  // an encoded word and blanks came last
  while (!at_end() && !at('"')) {
    if (is_blank(rest_.front())) {
      const auto after = python_strip_left(rest_);
      blanks_at = out.text.size();
      out.text += rest_.substr(0, rest_.size() - after.size());
      rest_ = after;
      after_word_and_blanks = after_word;
      after_word = false;
    } else if (const auto encoded = take_encoded_word(rest_)) {
      if (after_word_and_blanks) out.text.resize(blanks_at);
      out.text += encoded->text;
      rest_.remove_prefix(encoded->size);
      after_word = true;
      after_word_and_blanks = false;
    } else {
      out.text += take_quotable("\"");
      after_word = after_word_and_blanks = false;
    }
  }
  if (!at_end()) drop();
  return true;
}

bool address_tokens::take_atom(address_item& out) {
  out.lead = take_blanks() || out.lead;
  if (gave_up_) return false;
  if (!take_encoded(out)) {
    const auto size = std::min(rest_.find_first_of(atom_ends), rest_.size());
    if (size == 0) return false;
    out.text = rest_.substr(0, size);
    rest_.remove_prefix(size);
  }
  out.trail = take_blanks();
  return !gave_up_;
}

bool address_tokens::take_dotted(std::string& out) {
  if (at_end() || at_any(atom_ends)) return false;
  while (!at_end() && !at_any(atom_ends)) {
    const auto size = std::min(rest_.find_first_of(atom_ends), rest_.size());
    out += rest_.substr(0, size);
    rest_.remove_prefix(size);
    if (take('.')) out += '.';
  }
  return !out.ends_with('.');
}

bool address_tokens::take_dot_atom(address_item& out) {
  out.lead = take_blanks();
  if (gave_up_) return false;
  if (!take_encoded(out) && !take_dotted(out.text)) return false;
  out.trail = take_blanks();
  return !gave_up_;
}

bool address_tokens::take_word(address_item& out) {
  out.lead = take_blanks();
  if (gave_up_ || at_end()) return false;
  if (at('"')) {
    take_quoted(out);
    out.trail = take_blanks();
    return !gave_up_;
  }
  return !at_any(specials) && take_atom(out);
}

bool address_tokens::take_phrase(std::vector<address_item>& out) {
  const auto add_word = [&] {
    const auto before = rest_;
    address_item word;
    if (take_word(word)) {
      out.push_back(std::move(word));
      return true;
    }
    go_back(before);
    return false;
  };
  add_word();
  while (!gave_up_ && !at_end() && !at_any(phrase_ends)) {
    if (take('.')) {
      out.push_back({address_item::kind::dot, "."});
    } else if (!add_word()) {
      if (gave_up_ || !take_blanks()) return false;
      out.push_back({address_item::kind::blank, {}});
    }
  }
  return !gave_up_;
}

}  // namespace cybexd::tahoe::mail
