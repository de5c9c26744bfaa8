#include "crypto/envelope.hpp"

#include <cryptopp/aes.h>
#include <cryptopp/eax.h>

#include <array>
#include <cstring>

#include "crypto/keys_internal.hpp"
#include "crypto/random.hpp"
#include "crypto/require_internal.hpp"

namespace cybexd::crypto {
namespace {

using aes_eax = CryptoPP::EAX<CryptoPP::AES>;

constexpr std::size_t session_key_size = 32;
constexpr std::size_t nonce_size = 16;
constexpr std::size_t tag_size = 16;

const CryptoPP::byte* bytes_of(std::string_view text) {
  return reinterpret_cast<const CryptoPP::byte*>(text.data());
}
CryptoPP::byte* bytes_of(std::string& text) { return reinterpret_cast<CryptoPP::byte*>(text.data()); }

/// Room for an unwrapped session key, wiped at the end whatever happens.
struct session_key_room {
  std::array<std::uint8_t, longest_modulus> bytes{};

  session_key_room() = default;
  session_key_room(const session_key_room&) = delete;
  session_key_room& operator=(const session_key_room&) = delete;
  ~session_key_room() { wipe(bytes.data(), bytes.size()); }
};

bool is_aes_key_size(std::size_t size) { return size == 16 || size == 24 || size == 32; }

// One code point of two to four bytes at the front of `rest`: its length, or 0 where it is not well-formed.
std::size_t well_formed_length(std::string_view rest) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(rest[i]); };
  const unsigned lead = at(0);
  const std::size_t length = lead >= 0xC2 && lead <= 0xDF   ? 2
                             : lead >= 0xE0 && lead <= 0xEF ? 3
                             : lead >= 0xF0 && lead <= 0xF4 ? 4
                                                            : 0;
  if (length == 0 || rest.size() < length) return 0;
  // The second byte is narrower after some leads: no overlong forms, no surrogates, nothing above U+10FFFF.
  const unsigned lowest = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const unsigned highest = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (at(1) < lowest || at(1) > highest) return 0;
  for (std::size_t i = 2; i < length; ++i) {
    if ((at(i) & 0xC0U) != 0x80U) return 0;
  }
  return length;
}

}  // namespace

std::string_view to_string(envelope_failure why) {
  switch (why) {
    case envelope_failure::too_short:
      return "too short";
    case envelope_failure::key_does_not_open:
      return "wrapped key does not open";
    case envelope_failure::session_key_length:
      return "session key of a length other than 16, 24 or 32";
    case envelope_failure::tag_mismatch:
      return "tag does not match";
    case envelope_failure::not_utf8:
      return "not UTF-8";
  }
  return "unknown failure";
}

tl::expected<std::string, envelope_failure> open_envelope(const private_key& key, std::string_view file) {
  const auto& oaep = key.inner().oaep;
  const std::size_t wrapped_size = oaep.modulus_size();
  if (file.size() < wrapped_size + nonce_size + tag_size) return tl::unexpected(envelope_failure::too_short);
  const auto nonce = file.substr(wrapped_size, nonce_size);
  const auto tag = file.substr(wrapped_size + nonce_size, tag_size);
  const auto ciphertext = file.substr(wrapped_size + nonce_size + tag_size);

  session_key_room room;
  const auto key_size = oaep.run(file.substr(0, wrapped_size), room.bytes);
  if (!key_size) return tl::unexpected(envelope_failure::key_does_not_open);
  if (!is_aes_key_size(*key_size)) return tl::unexpected(envelope_failure::session_key_length);

  aes_eax::Decryption cipher;
  // Not DecryptAndVerify: it would give the nonce a second time, and Crypto++ would authenticate it twice.
  cipher.SetKeyWithIV(room.bytes.data(), *key_size, bytes_of(nonce), nonce_size);
  std::string plain(ciphertext.size(), '\0');
  cipher.ProcessData(bytes_of(plain), bytes_of(ciphertext), ciphertext.size());
  const bool verified = cipher.TruncatedVerify(bytes_of(tag), tag_size);
  if (verified && is_utf8(plain)) return plain;
  wipe(plain);
  return tl::unexpected(verified ? envelope_failure::not_utf8 : envelope_failure::tag_mismatch);
}

std::string seal_envelope(const public_key& key, std::string_view text) {
  const auto& oaep = key.inner().oaep;
  const std::size_t wrapped_size = oaep.modulus_size();
  auto session_key = random_bytes(session_key_size);
  const auto nonce = random_bytes(nonce_size);
  std::array<std::uint8_t, longest_modulus> wrapped{};
  const auto size = oaep.run(session_key, wrapped);
  require(size == wrapped_size, "EVP_PKEY_encrypt");

  std::string file(wrapped_size + nonce_size + tag_size + text.size(), '\0');
  std::memcpy(file.data(), wrapped.data(), wrapped_size);
  std::memcpy(file.data() + wrapped_size, nonce.data(), nonce_size);
  auto* const tag = bytes_of(file) + wrapped_size + nonce_size;
  aes_eax::Encryption cipher;
  cipher.SetKeyWithIV(bytes_of(session_key), session_key.size(), bytes_of(nonce), nonce_size);
  wipe(session_key);
  cipher.ProcessData(tag + tag_size, bytes_of(text), text.size());
  cipher.TruncatedFinal(tag, tag_size);
  return file;
}

bool is_utf8(std::string_view bytes) {
  constexpr std::uint64_t high_bits = 0x8080808080808080ULL;
  while (!bytes.empty()) {
    // Most text is ASCII: eight bytes at a time while none has its high bit set.
    std::uint64_t eight = 0;
    if (bytes.size() >= sizeof eight) {
      std::memcpy(&eight, bytes.data(), sizeof eight);
      if ((eight & high_bits) == 0) {
        bytes.remove_prefix(sizeof eight);
        continue;
      }
    }
    const std::size_t length = static_cast<unsigned char>(bytes[0]) < 0x80 ? 1 : well_formed_length(bytes);
    if (length == 0) return false;
    bytes.remove_prefix(length);
  }
  return true;
}

}  // namespace cybexd::crypto
