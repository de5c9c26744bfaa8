#include "crypto/password.hpp"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <memory>
#include <optional>

#include "crypto/digest.hpp"
#include "crypto/random.hpp"
#include "crypto/require_internal.hpp"
#include "crypto/secret.hpp"

namespace cybexd::crypto {
namespace {

constexpr std::size_t salt_size = 16;
constexpr std::size_t key_size = 32;

struct parameters {
  std::uint32_t log_n = 14;
  std::uint32_t r = 8;
  std::uint32_t p = 1;
};

struct stored_form {
  parameters cost;
  std::string salt;
  std::string key;
};

struct context_free {
  void operator()(EVP_KDF_CTX* context) const { EVP_KDF_CTX_free(context); }
};

std::array<std::uint8_t, key_size> derive(std::string_view password, std::string_view salt, parameters cost) {
  static EVP_KDF* const scrypt = EVP_KDF_fetch(nullptr, "SCRYPT", nullptr);
  require(scrypt != nullptr, "EVP_KDF_fetch");
  const std::unique_ptr<EVP_KDF_CTX, context_free> context(EVP_KDF_CTX_new(scrypt));
  require(context != nullptr, "EVP_KDF_CTX_new");
  std::uint64_t n = std::uint64_t{1} << cost.log_n;
  std::uint64_t memory = 256ULL << 20;
  // OpenSSL takes inputs as pointers to non-const, and does not write to them.
  const std::array<OSSL_PARAM, 7> options{
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_PASSWORD, const_cast<char*>(password.data()),
                                        password.size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, const_cast<char*>(salt.data()), salt.size()),
      OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_N, &n),
      OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_SCRYPT_R, &cost.r),
      OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_SCRYPT_P, &cost.p),
      OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_MAXMEM, &memory),
      OSSL_PARAM_construct_end()};
  std::array<std::uint8_t, key_size> key{};
  require(EVP_KDF_derive(context.get(), key.data(), key.size(), options.data()) == 1, "EVP_KDF_derive");
  return key;
}

std::string unpadded(std::string_view bytes) {
  auto text = to_base64(bytes);
  while (text.ends_with('=')) text.pop_back();
  return text;
}

std::optional<std::string> from_unpadded(std::string_view text) {
  if (text.ends_with('=')) return std::nullopt;
  return from_base64(std::string(text).append((4 - text.size() % 4) % 4, '='));
}

// Takes `name` and a decimal number off the front.
bool take(std::string_view& text, std::string_view name, std::uint32_t& number) {
  if (!text.starts_with(name)) return false;
  text.remove_prefix(name.size());
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc{}) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

std::optional<stored_form> parse(std::string_view text) {
  stored_form form;
  auto& cost = form.cost;
  if (!take(text, "scrypt$ln=", cost.log_n) || !take(text, ",r=", cost.r) || !take(text, ",p=", cost.p)) {
    return std::nullopt;
  }
  // A stored form from outside must not be able to order much more work than ours costs.
  if (cost.log_n < 1 || cost.log_n > 17 || cost.r < 1 || cost.r > 8 || cost.p < 1 || cost.p > 2)
    return std::nullopt;
  if (!text.starts_with('$')) return std::nullopt;
  const auto split = text.find('$', 1);
  if (split == std::string_view::npos) return std::nullopt;
  auto salt = from_unpadded(text.substr(1, split - 1));
  auto key = from_unpadded(text.substr(split + 1));
  if (!salt || !key || salt->empty() || salt->size() > 64 || key->size() != key_size) return std::nullopt;
  form.salt = std::move(*salt);
  form.key = std::move(*key);
  return form;
}

}  // namespace

std::string hash_password(std::string_view password) {
  const auto salt = random_bytes(salt_size);
  auto key = derive(password, salt, {});
  const std::string_view key_view(reinterpret_cast<const char*>(key.data()), key.size());
  auto stored = "scrypt$ln=14,r=8,p=1$" + unpadded(salt) + "$" + unpadded(key_view);
  wipe(key.data(), key.size());
  return stored;
}

password_check check_password(std::string_view password, std::string_view stored, bool accept_original) {
  auto form = parse(stored);
  const bool is_scrypt = form.has_value();
  // The work is done whatever is stored, so that the time does not tell whether there is such a user.
  if (!form) form = stored_form{{}, std::string(salt_size, '\0'), std::string(key_size, '\0')};
  auto key = derive(password, form->salt, form->cost);
  const std::string_view key_view(reinterpret_cast<const char*>(key.data()), key.size());
  const bool same_key = equal_in_constant_time(key_view, form->key);
  wipe(key.data(), key.size());

  auto original = sha256(password);
  const auto stored_original = hash_from_hex(stored);
  const bool same_original =
      equal_in_constant_time(original.view(), stored_original.value_or(hash256{}).view());
  wipe(original.bytes.data(), original.bytes.size());

  if (is_scrypt) return same_key ? password_check::right : password_check::wrong;
  if (accept_original && stored_original && same_original) return password_check::right_but_original;
  return password_check::wrong;
}

}  // namespace cybexd::crypto
