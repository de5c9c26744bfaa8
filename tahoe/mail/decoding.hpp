#pragma once
// What the decoders of all charsets share: a text on its way from bytes of a charset to UTF-8.
#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "tahoe/mail/charset.hpp"

namespace cybexd::tahoe::mail {

/// Reads bytes from the front and writes characters. Bytes that the charset does not have become what Python
/// makes of them, which depends on how many the decoder calls bad at once.
class decoding {
 public:
  decoding(std::string_view bytes, undecodable how) : rest_(bytes), how_(how) {}

  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  [[nodiscard]] std::size_t left() const { return rest_.size(); }
  [[nodiscard]] std::string_view front(std::size_t size) const { return rest_.substr(0, size); }
  /// 0 behind the end.
  [[nodiscard]] unsigned byte(std::size_t at) const {
    return at < rest_.size() ? static_cast<unsigned char>(rest_[at]) : 0u;
  }

  void skip(std::size_t size) { rest_.remove_prefix(std::min(size, rest_.size())); }
  void put(std::string_view utf8) { out_ += utf8; }
  /// A lone surrogate, which UTF-8 does not have, makes the whole text undecodable. But for those that stand
  /// for bytes in Python where bytes are kept: they are such bytes.
  void put(char32_t point);

  /// The next bytes, one at least, mean nothing: replaced they are one U+FFFD. Kept are those from 0x80 on up
  /// to the first below it, four at most; the rest is read again. Python raises where the first one is
  /// below: the whole text is undecodable then.
  void bad(std::size_t size);

  /// Takes a character out of `utf8`, which is empty where the bytes are none.
  void take(std::size_t size, std::string_view utf8, std::size_t bad_size = 1) {
    if (utf8.empty()) return bad(bad_size);
    put(utf8);
    skip(size);
  }

  /// The text; nothing if it is undecodable.
  [[nodiscard]] std::optional<std::string> finish() && {
    return failed_ ? std::nullopt : std::optional(std::move(out_));
  }

 private:
  void fail() {
    failed_ = true;
    rest_ = {};
  }

  std::string_view rest_;
  undecodable how_;
  std::string out_;
  bool failed_ = false;
};

[[nodiscard]] std::string utf8_of(char32_t point);

}  // namespace cybexd::tahoe::mail
