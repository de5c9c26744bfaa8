#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "crypto/key_memory_internal.hpp"
#include "crypto/keys_internal.hpp"
#include "crypto/require_internal.hpp"

namespace cybexd::crypto {

void key_free::operator()(evp_pkey_st* key) const noexcept { EVP_PKEY_free(key); }
void key_context_free::operator()(evp_pkey_ctx_st* context) const noexcept { EVP_PKEY_CTX_free(context); }

oaep_key::oaep_key(key_handle key, use what)
    : key_(std::move(key)),
      use_(what),
      modulus_size_(static_cast<std::size_t>(EVP_PKEY_get_size(key_.get()))) {}

key_context oaep_key::take() const {
  const std::lock_guard lock(guard_);
  if (idle_.empty()) return nullptr;
  auto context = std::move(idle_.back());
  idle_.pop_back();
  return context;
}

key_context oaep_key::make() const {
  // A copy of the key for each context: contexts of one key share a lock around RSA's blinding.
  const key_handle own(EVP_PKEY_dup(key_.get()));
  require(own != nullptr, "EVP_PKEY_dup");
  key_context context(EVP_PKEY_CTX_new_from_pkey(nullptr, own.get(), nullptr));
  require(context != nullptr, "EVP_PKEY_CTX_new_from_pkey");
  const int started =
      use_ == use::decrypt ? EVP_PKEY_decrypt_init(context.get()) : EVP_PKEY_encrypt_init(context.get());
  require(started == 1, "EVP_PKEY_decrypt_init");
  require(EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_OAEP_PADDING) == 1,
          "EVP_PKEY_CTX_set_rsa_padding");
  require(EVP_PKEY_CTX_set_rsa_oaep_md_name(context.get(), "SHA1", nullptr) == 1,
          "EVP_PKEY_CTX_set_rsa_oaep_md");
  require(EVP_PKEY_CTX_set_rsa_mgf1_md_name(context.get(), "SHA1", nullptr) == 1,
          "EVP_PKEY_CTX_set_rsa_mgf1_md");
  return context;
}

void oaep_key::give_back(key_context context) const {
  const std::lock_guard lock(guard_);
  idle_.push_back(std::move(context));
}

std::optional<std::size_t> oaep_key::run(std::string_view input, std::span<std::uint8_t> room) const {
  if (auto idle = take()) return run_in(std::move(idle), input, room);
  const key_memory guarded;  // a copy of the key, and what its first use keeps of the primes
  return run_in(make(), input, room);
}

std::optional<std::size_t> oaep_key::run_in(key_context context, std::string_view input,
                                            std::span<std::uint8_t> room) const {
  std::size_t size = room.size();
  const auto* bytes = reinterpret_cast<const unsigned char*>(input.data());
  const int done = use_ == use::decrypt
                       ? EVP_PKEY_decrypt(context.get(), room.data(), &size, bytes, input.size())
                       : EVP_PKEY_encrypt(context.get(), room.data(), &size, bytes, input.size());
  give_back(std::move(context));
  if (done == 1) return size;
  ERR_clear_error();
  return std::nullopt;
}

}  // namespace cybexd::crypto
