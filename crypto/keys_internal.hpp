#pragma once
// What keys do, for crypto/ only. OpenSSL's types are declared here and defined in the .cpp.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/keys.hpp"

struct evp_pkey_st;
struct evp_pkey_ctx_st;

namespace cybexd::crypto {

struct key_free {
  void operator()(evp_pkey_st* key) const noexcept;
};
struct key_context_free {
  void operator()(evp_pkey_ctx_st* context) const noexcept;
};
using key_handle = std::unique_ptr<evp_pkey_st, key_free>;
using key_context = std::unique_ptr<evp_pkey_ctx_st, key_context_free>;

/// A key and contexts made ready for one of RSA-OAEP's two operations. A context serves one thread at a time
/// and costs some microseconds to make, so idle ones are kept: at most as many as were ever in use at once.
class oaep_key {
 public:
  enum class use { encrypt, decrypt };

  oaep_key(key_handle key, use what);

  [[nodiscard]] std::size_t modulus_size() const { return modulus_size_; }
  [[nodiscard]] evp_pkey_st* key() const { return key_.get(); }

  /// Runs the operation into `room`, which holds at least `modulus_size()` bytes. Nothing when the input is
  /// refused. Thread safe.
  [[nodiscard]] std::optional<std::size_t> run(std::string_view input, std::span<std::uint8_t> room) const;

 private:
  /// One that is idle; nothing where all are in use.
  [[nodiscard]] key_context take() const;
  [[nodiscard]] key_context make() const;
  [[nodiscard]] std::optional<std::size_t> run_in(key_context context, std::string_view input,
                                                  std::span<std::uint8_t> room) const;
  void give_back(key_context context) const;

  key_handle key_;
  use use_;
  std::size_t modulus_size_;
  mutable std::mutex guard_;
  mutable std::vector<key_context> idle_;
};

struct private_key::impl {
  oaep_key oaep;
};

struct public_key::impl {
  oaep_key oaep;
};

/// 8192 bits, the longest modulus that is read.
inline constexpr std::size_t longest_modulus = 1024;

}  // namespace cybexd::crypto
