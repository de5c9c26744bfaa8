#pragma once
// The bytes of keys and rows in the embedded home: the one place that writes and reads numbers, texts and
// hashes. Internal to tahoe/store/.
//
// Keys: numbers are big-endian, so that their order is the order of bytes; a double is its bits with the sign
// bit turned (and all bits turned where it was set), big-endian. Rows: numbers are LEB128 varints, doubles 8
// bytes little-endian, texts and lists their length as a varint, then the items. Example: the row (7, "ab")
// is 07 02 61 62.
#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "crypto/digest.hpp"

namespace cybexd::store {

class key_writer {
 public:
  key_writer& number(std::uint64_t n) {
    for (int shift = 56; shift >= 0; shift -= 8) bytes_.push_back(static_cast<char>((n >> shift) & 0xff));
    return *this;
  }
  key_writer& ordered(double d) {
    const auto bits = std::bit_cast<std::uint64_t>(d == 0 ? 0.0 : d);  // -0.0 and 0.0 are one instant
    return number((bits >> 63) != 0 ? ~bits : bits | (std::uint64_t{1} << 63));
  }
  key_writer& letter(char c) {
    bytes_.push_back(c);
    return *this;
  }
  key_writer& hash(const crypto::hash256& h) { return text(h.view()); }
  /// As it is, without a length: the last part of a key, or one of fixed size.
  key_writer& text(std::string_view s) {
    bytes_.append(s);
    return *this;
  }
  [[nodiscard]] std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

/// A big-endian number at the start of a key; 0 where the key is shorter.
[[nodiscard]] inline std::uint64_t number_at(std::string_view key) {
  std::uint64_t n = 0;
  if (key.size() < 8) return 0;
  for (std::size_t i = 0; i < 8; ++i) n = (n << 8) | static_cast<unsigned char>(key[i]);
  return n;
}

/// The reverse of `ordered`.
[[nodiscard]] inline double ordered_at(std::string_view key) {
  const auto turned = number_at(key);
  return std::bit_cast<double>((turned >> 63) != 0 ? turned & ~(std::uint64_t{1} << 63) : ~turned);
}

[[nodiscard]] inline std::optional<crypto::hash256> hash_at(std::string_view key) {
  crypto::hash256 hash;
  if (key.size() < hash.bytes.size()) return std::nullopt;
  std::memcpy(hash.bytes.data(), key.data(), hash.bytes.size());
  return hash;
}

class row_writer {
 public:
  row_writer& number(std::uint64_t n) {
    for (; n >= 0x80; n >>= 7) bytes_.push_back(static_cast<char>(n | 0x80));
    bytes_.push_back(static_cast<char>(n));
    return *this;
  }
  row_writer& real(double d) {
    auto bits = std::bit_cast<std::uint64_t>(d);
    for (int i = 0; i < 8; ++i, bits >>= 8) bytes_.push_back(static_cast<char>(bits & 0xff));
    return *this;
  }
  row_writer& text(std::string_view s) {
    number(s.size());
    bytes_.append(s);
    return *this;
  }
  row_writer& hash(const crypto::hash256& h) {
    bytes_.append(h.view());
    return *this;
  }
  [[nodiscard]] std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

/// Reads in the order of writing. A row that ends early yields zeros and empty texts; ask `whole` at the end.
class row_reader {
 public:
  explicit row_reader(std::string_view bytes) : rest_(bytes) {}

  std::uint64_t number() {
    std::uint64_t n = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (rest_.empty()) return broken();
      const auto byte = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
      n |= std::uint64_t{byte & 0x7fu} << shift;
      if (byte < 0x80) return n;
    }
    return broken();
  }
  double real() {
    if (rest_.size() < 8) return static_cast<double>(broken());
    std::uint64_t bits = 0;
    for (std::size_t i = 8; i-- > 0;) bits = (bits << 8) | static_cast<unsigned char>(rest_[i]);
    rest_.remove_prefix(8);
    return std::bit_cast<double>(bits);
  }
  std::string text() {
    const auto size = number();
    if (size > rest_.size()) return std::string(broken(), ' ');
    std::string s(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return s;
  }
  crypto::hash256 hash() {
    const auto found = hash_at(rest_);
    if (!found)
      broken();
    else
      rest_.remove_prefix(found->bytes.size());
    return found.value_or(crypto::hash256{});
  }
  /// A length of a list whose items take at least `least` bytes each; never more than can be there.
  std::uint64_t length(std::size_t least) {
    const auto n = number();
    return n > rest_.size() / least ? broken() : n;
  }
  /// True when the row was read to its end and nothing was missing.
  [[nodiscard]] bool whole() const { return good_ && rest_.empty(); }

 private:
  std::uint64_t broken() {
    good_ = false;
    rest_ = {};
    return 0;
  }

  std::string_view rest_;
  bool good_ = true;
};

}  // namespace cybexd::store
