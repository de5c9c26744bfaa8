#pragma once
// The envelope of the cache data lake, `spec/envelope.md`:
//   k bytes   RSAES-OAEP (RFC 8017; SHA-1, MGF1 with SHA-1, empty label) of a 32-byte AES key;
//             k is the size of the modulus
//   16 bytes  EAX nonce
//   16 bytes  EAX tag
//   the rest  AES-256-EAX ciphertext (Bellare, Rogaway, Wagner 2004), no associated data
#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "crypto/keys.hpp"

namespace cybexd::crypto {

/// Why an envelope does not open. Told apart in logs, metrics and stored reasons, never to a sender on the
/// network.
enum class envelope_failure : std::uint8_t {
  too_short,
  key_does_not_open,
  session_key_length,  ///< Not 16, 24 or 32 bytes.
  tag_mismatch,
  not_utf8,
};

[[nodiscard]] std::string_view to_string(envelope_failure why);

/// Opens an envelope. The plaintext is valid UTF-8 and was authenticated; on failure none of it leaves this
/// function. Thread safe; costs one RSA private operation and little else.
[[nodiscard]] tl::expected<std::string, envelope_failure> open_envelope(const private_key& key,
                                                                        std::string_view file);

/// Seals a text with a fresh random AES-256 key and nonce. The text is not checked to be UTF-8.
[[nodiscard]] std::string seal_envelope(const public_key& key, std::string_view text);

/// Whether bytes are valid UTF-8 (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF).
[[nodiscard]] bool is_utf8(std::string_view bytes);

}  // namespace cybexd::crypto
