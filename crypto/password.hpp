#pragma once
// Passwords as scrypt (RFC 7914), kept as a self-describing string: `scrypt$ln=14,r=8,p=1$<salt>$<key>`,
// base64 without padding.
#include <string>
#include <string_view>

#include "crypto/error.hpp"

namespace cybexd::crypto {

/// The stored form of a password, with a fresh 16-byte salt. About 25 ms of work and 16 MiB of memory.
[[nodiscard]] std::string hash_password(std::string_view password);

enum class password_check {
  wrong,
  right,
  right_but_original,  ///< Matches a bare SHA-256 in hex, as CYBEX-P stores it: replace it now.
};

/// Checks a password against a stored form. Takes the same time for every stored form, an empty one (unknown
/// user) included. `accept_original`: whether a bare SHA-256 counts at all.
[[nodiscard]] password_check check_password(std::string_view password, std::string_view stored,
                                            bool accept_original);

}  // namespace cybexd::crypto
