#include "tahoe/json_scan.hpp"

#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <memory>
#include <vector>

namespace cybexd::tahoe {

namespace {

constexpr std::size_t shown = 40;  // bytes of the offending part that an error shows

bool is_digit(char c) { return c >= '0' && c <= '9'; }

int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

class scanner {
 public:
  explicit scanner(std::string_view text) : text_(text) {}

  json_scan run() {
    skip_space();
    result_.is_json = document() && at_ == text_.size();
    result_.stopped_at = at_;
    return result_;
  }

 private:
  // An explicit stack, so that no text can be too deep for it.
  bool document() {
    for (;;) {
      if (!begin_value()) return false;
      // After a value: close what ends here, or go to the next member or item.
      for (;;) {
        skip_space();
        if (in_object_.empty()) return true;
        if (take(',')) {
          skip_space();
          if (in_object_.back() && !key()) return false;
          break;
        }
        if (!take(in_object_.back() ? '}' : ']')) return false;
        in_object_.pop_back();
      }
    }
  }

  /// Reads up to the end of the next scalar or empty container.
  bool begin_value() {
    for (;;) {
      if (take('[')) {
        open(false);
        if (take(']')) return close();
      } else if (take('{')) {
        open(true);
        if (take('}')) return close();
        if (!key()) return false;
      } else {
        return scalar();
      }
    }
  }

  void open(bool object) {
    in_object_.push_back(object);
    result_.depth = std::max(result_.depth, in_object_.size());
    skip_space();
  }

  bool close() {
    in_object_.pop_back();
    return true;
  }

  bool key() {
    if (!string()) return false;
    skip_space();
    if (!take(':')) return false;
    skip_space();
    return true;
  }

  bool scalar() {
    if (at_ == text_.size()) return false;
    const char c = text_[at_];
    if (c == '"') return string();
    if (c == '-' || is_digit(c)) return word("-Infinity", "the number -Infinity") || number();
    return word("null") || word("true") || word("false") || word("NaN", "the number NaN") ||
           word("Infinity", "the number Infinity");
  }

  bool word(std::string_view w, std::string_view forbidden = {}) {
    if (text_.substr(at_, w.size()) != w) return false;
    if (!forbidden.empty()) found(forbidden, at_, w.size());
    at_ += w.size();
    return true;
  }

  bool digits() {
    const auto from = at_;
    while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
    return at_ > from;
  }

  bool number() {
    const auto from = at_;
    take('-');
    if (!take('0') && !digits()) return false;
    bool integer = true;
    if (at_ + 1 < text_.size() && text_[at_] == '.' && is_digit(text_[at_ + 1])) {
      ++at_;
      digits();
      integer = false;
    }
    if (exponent()) integer = false;
    const auto token = text_.substr(from, at_ - from);
    if (integer) {
      std::int64_t i = 0;
      if (std::from_chars(token.data(), token.data() + token.size(), i).ec != std::errc{})
        found("an integer outside -2^63..2^63-1", from, token.size());
    } else if (overflows(token)) {
      found("a number that overflows a double", from, token.size());
    }
    return true;
  }

  /// A float that is well formed but out of the range of `from_chars` is either too large or too small; only
  /// the former is refused by the parser.
  bool overflows(std::string_view number) {
    double d = 0;
    if (std::from_chars(number.data(), number.data() + number.size(), d).ec == std::errc{}) return false;
    if (!floats_) floats_ = std::make_unique<simdjson::dom::parser>();
    return floats_->parse(number.data(), number.size()).error() != simdjson::SUCCESS;
  }

  bool exponent() {
    if (at_ == text_.size() || (text_[at_] | 0x20) != 'e') return false;
    const auto back = at_++;
    if (!take('+')) take('-');
    if (digits()) return true;
    at_ = back;
    return false;
  }

  bool string() {
    if (!take('"')) return false;
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      if (c == '"') return true;
      if (static_cast<unsigned char>(c) < 0x20) return false;
      if (c == '\\' && !escape()) return false;
    }
    return false;
  }

  bool escape() {
    if (at_ == text_.size()) return false;
    const char c = text_[at_++];
    if (c != 'u') return std::string_view("\"\\/bfnrt").find(c) != std::string_view::npos;
    const auto from = at_ - 2;
    std::uint32_t unit = 0;
    if (!hex4(unit)) return false;
    if (unit >= 0xd800 && unit < 0xdc00) {
      const auto back = at_;
      std::uint32_t low = 0;
      if (word("\\u")) {
        if (!hex4(low)) return false;
        if (low >= 0xdc00 && low < 0xe000) return true;
        at_ = back;
      }
    }
    if (unit >= 0xd800 && unit < 0xe000) found("a lone surrogate", from, 6);
    return true;
  }

  bool hex4(std::uint32_t& unit) {
    if (text_.size() - at_ < 4) return false;
    unit = 0;
    for (int i = 0; i < 4; ++i) {
      const int digit = hex_digit(text_[at_++]);
      if (digit < 0) return false;
      unit = unit * 16 + static_cast<std::uint32_t>(digit);
    }
    return true;
  }

  void found(std::string_view what, std::size_t from, std::size_t size) {
    if (!result_.forbidden.empty()) return;
    result_.forbidden = what;
    result_.where = text_.substr(from, std::min(size, shown));
  }

  bool take(char c) {
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  void skip_space() {
    while (at_ < text_.size() && std::string_view(" \t\n\r").find(text_[at_]) != std::string_view::npos)
      ++at_;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::vector<bool> in_object_;
  json_scan result_;
  std::unique_ptr<simdjson::dom::parser> floats_;  // made when it is needed, and once
};

}  // namespace

json_scan scan_json(std::string_view text) { return scanner(text).run(); }

}  // namespace cybexd::tahoe
