#pragma once
// RSA keys in PEM (RFC 7468): PKCS#1, PKCS#8 and PKCS#8 under a passphrase, 2048 to 8192 bits.
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "crypto/error.hpp"
#include "crypto/secret.hpp"

namespace cybexd::crypto {

/// A private key, parsed once. Cheap to copy (shared); safe to use from several threads at once. Its numbers
/// are kept out of core dumps and wiped when the last copy goes.
class private_key {
 public:
  /// `pem` is the text of the file. Errors: bad_input (not PEM, wrong or missing passphrase, not RSA, size
  /// out of range).
  [[nodiscard]] static expected<private_key> from_pem(std::string_view pem,
                                                      const secret* passphrase = nullptr);

  /// Reads the file. Refuses (not_allowed, naming the mode to set) one that group or others can read.
  [[nodiscard]] static expected<private_key> from_file(const std::string& path,
                                                       const secret* passphrase = nullptr);

  /// Size of the modulus in bytes: 256 for 2048 bits.
  [[nodiscard]] std::size_t modulus_size() const;

  struct impl;
  [[nodiscard]] const impl& inner() const { return *impl_; }

 private:
  std::shared_ptr<const impl> impl_;
};

/// A public key, parsed once. Cheap to copy, safe to share between threads.
class public_key {
 public:
  [[nodiscard]] static expected<public_key> from_pem(std::string_view pem);
  [[nodiscard]] static expected<public_key> from_file(const std::string& path);
  [[nodiscard]] static public_key of(const private_key& key);
  [[nodiscard]] std::size_t modulus_size() const;

  struct impl;
  [[nodiscard]] const impl& inner() const { return *impl_; }

 private:
  std::shared_ptr<const impl> impl_;
};

struct key_pair_pem {
  secret private_pem;  ///< PKCS#8, under the passphrase if one was given.
  std::string public_pem;
};

/// Makes a key pair. `bits` is 2048 to 8192 (bad_input otherwise).
[[nodiscard]] expected<key_pair_pem> generate_key_pair(unsigned bits, const secret* passphrase = nullptr);

}  // namespace cybexd::crypto
