#pragma once
// SHA-256 (FIPS 180-4) and its hexadecimal form.
#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace cybexd::crypto {

/// 32 bytes of SHA-256. Ordered as bytes, which is the order of the lower-case hexadecimal forms too.
struct hash256 {
  std::array<std::uint8_t, 32> bytes{};

  auto operator<=>(const hash256&) const = default;
  [[nodiscard]] std::string_view view() const {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
};

/// SHA-256 of a text. Reuses a context of the calling thread.
[[nodiscard]] hash256 sha256(std::string_view text);

/// SHA-256 of the parts one after the other, without building the whole.
[[nodiscard]] hash256 sha256(std::initializer_list<std::string_view> parts);

/// SHA-256 of a text that comes piece by piece.
class sha256_stream {
 public:
  sha256_stream();
  sha256_stream(sha256_stream&&) noexcept;
  sha256_stream& operator=(sha256_stream&&) noexcept;
  ~sha256_stream();

  void update(std::string_view piece);
  /// The hash of all pieces. The stream is done after it.
  [[nodiscard]] hash256 finish();

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

/// Lower-case hexadecimal, two digits a byte.
[[nodiscard]] std::string to_hex(std::string_view bytes);
[[nodiscard]] inline std::string to_hex(const hash256& hash) { return to_hex(hash.view()); }

/// 64 hexadecimal digits of either case; anything else is nothing.
[[nodiscard]] std::optional<hash256> hash_from_hex(std::string_view hex);

/// Standard base64 with padding (RFC 4648, section 4).
[[nodiscard]] std::string to_base64(std::string_view bytes);
[[nodiscard]] std::optional<std::string> from_base64(std::string_view text);
/// URL-safe base64 without padding (RFC 4648, section 5), as JWTs use it.
[[nodiscard]] std::string to_base64url(std::string_view bytes);
[[nodiscard]] std::optional<std::string> from_base64url(std::string_view text);

}  // namespace cybexd::crypto

template <>
struct std::hash<cybexd::crypto::hash256> {
  std::size_t operator()(const cybexd::crypto::hash256& hash) const noexcept {
    std::size_t first = 0;  // the bytes are uniform already
    std::memcpy(&first, hash.bytes.data(), sizeof first);
    return first;
  }
};
