#include "crypto/keys.hpp"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>

#include "crypto/key_memory_internal.hpp"
#include "crypto/keys_internal.hpp"
#include "crypto/random.hpp"
#include "crypto/read_file_internal.hpp"
#include "crypto/require_internal.hpp"

namespace cybexd::crypto {
namespace {

constexpr int fewest_bits = 2048;
constexpr int most_bits = 8192;
constexpr std::size_t largest_file = 64 << 10;

struct bio_free {
  void operator()(BIO* bio) const { BIO_free_all(bio); }
};
using bio_handle = std::unique_ptr<BIO, bio_free>;

struct passphrase_request {
  const secret* passphrase = nullptr;
  bool asked = false;
};

int give_passphrase(char* room, int size, int /*for_writing*/, void* user) {
  auto& request = *static_cast<passphrase_request*>(user);
  request.asked = true;
  if (request.passphrase == nullptr || request.passphrase->size() > static_cast<std::size_t>(size)) return -1;
  const auto passphrase = request.passphrase->view();
  std::copy(passphrase.begin(), passphrase.end(), room);
  return static_cast<int>(passphrase.size());
}

expected<void> check_kind(const EVP_PKEY* key, std::string_view what) {
  if (EVP_PKEY_is_a(key, "RSA") != 1)
    return fail(failure::bad_input, "The " + std::string(what) + " is not an RSA key.");
  const int bits = EVP_PKEY_get_bits(key);
  if (bits < fewest_bits || bits > most_bits) {
    return fail(failure::bad_input, "The " + std::string(what) + " has " + std::to_string(bits) +
                                        " bits; it may have 2048 to 8192.");
  }
  return {};
}

bio_handle reading(std::string_view pem) {
  bio_handle bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  require(bio != nullptr, "BIO_new_mem_buf");
  return bio;
}

// A key whose numbers are damaged would open nothing and set every entry aside: try it once on itself.
bool opens_what_it_seals(const oaep_key& opener) {
  EVP_PKEY_up_ref(opener.key());
  const oaep_key sealer(key_handle(opener.key()), oaep_key::use::encrypt);
  const auto probe = random_bytes(32);
  std::array<std::uint8_t, longest_modulus> sealed{};
  std::array<std::uint8_t, longest_modulus> opened{};
  const auto sealed_size = sealer.run(probe, sealed);
  if (!sealed_size) return false;
  const auto opened_size = opener.run({reinterpret_cast<const char*>(sealed.data()), *sealed_size}, opened);
  return opened_size && std::string_view(reinterpret_cast<const char*>(opened.data()), *opened_size) == probe;
}

template <class Key>
expected<Key> naming_the_file(expected<Key> key, const std::string& path) {
  if (!key) return fail(key.error().kind, path + ": " + key.error().text);
  return key;
}

// PBES2 (RFC 8018): PBKDF2 with HMAC-SHA-256, AES-256-CBC.
bool write_encrypted(BIO* bio, const EVP_PKEY* key, const secret& passphrase) {
  constexpr int iterations = 600'000;
  constexpr int salt_size = 16;
  const std::unique_ptr<PKCS8_PRIV_KEY_INFO, decltype(&PKCS8_PRIV_KEY_INFO_free)> plain(
      EVP_PKEY2PKCS8(key), &PKCS8_PRIV_KEY_INFO_free);
  if (!plain) return false;
  const std::unique_ptr<X509_SIG, decltype(&X509_SIG_free)> sealed(
      PKCS8_encrypt(-1, EVP_aes_256_cbc(), reinterpret_cast<const char*>(passphrase.data()),
                    static_cast<int>(passphrase.size()), nullptr, salt_size, iterations, plain.get()),
      &X509_SIG_free);
  return sealed && PEM_write_bio_PKCS8(bio, sealed.get()) == 1;
}

std::string_view written(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

}  // namespace

expected<private_key> private_key::from_pem(std::string_view pem, const secret* passphrase) {
  if (pem.size() > largest_file) return fail(failure::bad_input, "The private key is longer than 64 KiB.");
  const key_memory guarded;
  const auto bio = reading(pem);
  passphrase_request request{passphrase};
  key_handle key(PEM_read_bio_PrivateKey(bio.get(), nullptr, &give_passphrase, &request));
  ERR_clear_error();
  if (!key && request.asked) {
    return fail(failure::bad_input, passphrase == nullptr
                                        ? "The private key needs a passphrase and none is given."
                                        : "The passphrase does not open the private key.");
  }
  if (!key) return fail(failure::bad_input, "The private key is not a private key in PEM.");
  if (auto checked = check_kind(key.get(), "private key"); !checked) return fail(checked.error());
  auto made = std::shared_ptr<impl>(new impl{{std::move(key), oaep_key::use::decrypt}});
  if (!opens_what_it_seals(made->oaep)) return fail(failure::bad_input, "The private key is damaged.");
  private_key result;
  result.impl_ = std::move(made);
  return result;
}

expected<private_key> private_key::from_file(const std::string& path, const secret* passphrase) {
  const auto text = read_file(path, largest_file, file_kind::secret);
  if (!text) return fail(text.error());
  return naming_the_file(from_pem(text->view(), passphrase), path);
}

std::size_t private_key::modulus_size() const { return impl_->oaep.modulus_size(); }

expected<public_key> public_key::from_pem(std::string_view pem) {
  if (pem.size() > largest_file) return fail(failure::bad_input, "The public key is longer than 64 KiB.");
  const auto bio = reading(pem);
  passphrase_request nothing;
  key_handle key(PEM_read_bio_PUBKEY(bio.get(), nullptr, &give_passphrase, &nothing));
  ERR_clear_error();
  if (!key) return fail(failure::bad_input, "The public key is not a public key in PEM.");
  if (auto checked = check_kind(key.get(), "public key"); !checked) return fail(checked.error());
  public_key result;
  result.impl_ = std::shared_ptr<impl>(new impl{{std::move(key), oaep_key::use::encrypt}});
  return result;
}

expected<public_key> public_key::from_file(const std::string& path) {
  const auto text = read_file(path, largest_file, file_kind::open);
  if (!text) return fail(text.error());
  return naming_the_file(from_pem(text->view()), path);
}

public_key public_key::of(const private_key& key) {
  auto* const shared = key.inner().oaep.key();
  EVP_PKEY_up_ref(shared);
  public_key result;
  result.impl_ = std::shared_ptr<impl>(new impl{{key_handle(shared), oaep_key::use::encrypt}});
  return result;
}

std::size_t public_key::modulus_size() const { return impl_->oaep.modulus_size(); }

expected<key_pair_pem> generate_key_pair(unsigned bits, const secret* passphrase) {
  if (bits < fewest_bits || bits > most_bits) {
    return fail(failure::bad_input, "A key may have 2048 to 8192 bits, not " + std::to_string(bits) + ".");
  }
  if (passphrase != nullptr && (passphrase->empty() || passphrase->size() > PEM_BUFSIZE)) {
    return fail(failure::bad_input, "A passphrase has 1 to 1024 bytes.");
  }
  const key_memory guarded;
  const key_handle key(EVP_RSA_gen(bits));
  require(key != nullptr, "EVP_RSA_gen");
  const bio_handle private_bio(BIO_new(BIO_s_secmem()));
  const bio_handle public_bio(BIO_new(BIO_s_mem()));
  require(private_bio != nullptr && public_bio != nullptr, "BIO_new");
  const bool private_done = passphrase != nullptr
                                ? write_encrypted(private_bio.get(), key.get(), *passphrase)
                                : PEM_write_bio_PKCS8PrivateKey(private_bio.get(), key.get(), nullptr,
                                                                nullptr, 0, nullptr, nullptr) == 1;
  require(private_done && PEM_write_bio_PUBKEY(public_bio.get(), key.get()) == 1, "PEM_write_bio");
  return key_pair_pem{secret(written(private_bio.get())), std::string(written(public_bio.get()))};
}

}  // namespace cybexd::crypto
