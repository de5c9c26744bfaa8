#include "crypto/digest.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <memory>

#include "crypto/require_internal.hpp"

namespace cybexd::crypto {
namespace {

struct context_free {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

// Fetched once: asking for it by name on every call costs more than hashing a short text.
const EVP_MD* algorithm() {
  static EVP_MD* const fetched = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  require(fetched != nullptr, "EVP_MD_fetch");
  return fetched;
}

EVP_MD_CTX* context_of_this_thread() {
  thread_local const std::unique_ptr<EVP_MD_CTX, context_free> context(EVP_MD_CTX_new());
  require(context != nullptr, "EVP_MD_CTX_new");
  return context.get();
}

constexpr std::string_view standard_alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view url_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

using reverse_table = std::array<std::int8_t, 256>;

constexpr reverse_table reversed(std::string_view alphabet) {
  reverse_table table{};
  for (auto& entry : table) entry = -1;
  for (std::size_t i = 0; i < alphabet.size(); ++i) {
    table[static_cast<unsigned char>(alphabet[i])] = static_cast<std::int8_t>(i);
  }
  return table;
}

constexpr reverse_table standard_reverse = reversed(standard_alphabet);
constexpr reverse_table url_reverse = reversed(url_alphabet);

std::string encode(std::string_view bytes, std::string_view alphabet, bool pad) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t have = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      group = group << 8 | (j < have ? static_cast<unsigned char>(bytes[i + j]) : 0U);
    }
    for (std::size_t j = 0; j <= have; ++j) text.push_back(alphabet[group >> (18 - 6 * j) & 63U]);
    if (pad) text.append(3 - have, '=');
  }
  return text;
}

// Digits without padding. Strict: one text for each byte string, so the bits that do not fill a byte must be
// zero.
std::optional<std::string> decode(std::string_view text, const reverse_table& table) {
  if (text.size() % 4 == 1) return std::nullopt;
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3 + 2);
  std::uint32_t waiting = 0;
  unsigned bits = 0;
  for (const char c : text) {
    const int digit = table[static_cast<unsigned char>(c)];
    if (digit < 0) return std::nullopt;
    waiting = (waiting << 6 | static_cast<std::uint32_t>(digit)) & 0xFFFFU;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes.push_back(static_cast<char>(waiting >> bits & 0xFFU));
  }
  if ((waiting & ((1U << bits) - 1U)) != 0) return std::nullopt;
  return bytes;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

hash256 sha256(std::string_view text) { return sha256({text}); }

hash256 sha256(std::initializer_list<std::string_view> parts) {
  EVP_MD_CTX* const context = context_of_this_thread();
  require(EVP_DigestInit_ex(context, algorithm(), nullptr) == 1, "EVP_DigestInit_ex");
  for (const auto part : parts) {
    require(EVP_DigestUpdate(context, part.data(), part.size()) == 1, "EVP_DigestUpdate");
  }
  hash256 hash;
  require(EVP_DigestFinal_ex(context, hash.bytes.data(), nullptr) == 1, "EVP_DigestFinal_ex");
  return hash;
}

struct sha256_stream::impl {
  std::unique_ptr<EVP_MD_CTX, context_free> context{EVP_MD_CTX_new()};
};

sha256_stream::sha256_stream() : impl_(std::make_unique<impl>()) {
  require(impl_->context != nullptr, "EVP_MD_CTX_new");
  require(EVP_DigestInit_ex(impl_->context.get(), algorithm(), nullptr) == 1, "EVP_DigestInit_ex");
}

sha256_stream::sha256_stream(sha256_stream&&) noexcept = default;
sha256_stream& sha256_stream::operator=(sha256_stream&&) noexcept = default;
sha256_stream::~sha256_stream() = default;

void sha256_stream::update(std::string_view piece) {
  require(EVP_DigestUpdate(impl_->context.get(), piece.data(), piece.size()) == 1, "EVP_DigestUpdate");
}

hash256 sha256_stream::finish() {
  hash256 hash;
  require(EVP_DigestFinal_ex(impl_->context.get(), hash.bytes.data(), nullptr) == 1, "EVP_DigestFinal_ex");
  return hash;
}

std::string to_hex(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text.push_back(digits[byte >> 4]);
    text.push_back(digits[byte & 15U]);
  }
  return text;
}

std::optional<hash256> hash_from_hex(std::string_view hex) {
  hash256 hash;
  if (hex.size() != 2 * hash.bytes.size()) return std::nullopt;
  for (std::size_t i = 0; i < hash.bytes.size(); ++i) {
    const int high = hex_digit(hex[2 * i]);
    const int low = hex_digit(hex[2 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    hash.bytes[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return hash;
}

std::string to_base64(std::string_view bytes) { return encode(bytes, standard_alphabet, true); }

std::optional<std::string> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  for (int padding = 0; padding < 2 && text.ends_with('='); ++padding) text.remove_suffix(1);
  return decode(text, standard_reverse);
}

std::string to_base64url(std::string_view bytes) { return encode(bytes, url_alphabet, false); }

std::optional<std::string> from_base64url(std::string_view text) { return decode(text, url_reverse); }

}  // namespace cybexd::crypto
