#pragma once
// Access tokens: JSON Web Tokens (RFC 7519) signed with HS256 (RFC 7518, 3.2).
// Claims: `sub_type`, `_hash` (the user's), `jti`, and `iat`, `exp` (Unix seconds) where the token ends at
// some time.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "crypto/error.hpp"
#include "crypto/secret.hpp"

namespace cybexd::crypto {

struct token_claims {
  std::string sub_type;  ///< `cybexp_user` or `cybexp_superuser`.
  std::string user;      ///< `_hash`: 64 hex digits.
  std::string jti;       ///< 16 characters when made here; any non-empty string when read.
  std::optional<std::int64_t> issued;
  std::optional<std::int64_t> expires;
};

[[nodiscard]] std::string sign_token(const secret& key, const token_claims& claims);

/// The three parts of a token after its signature was checked. The payload is JSON text that the caller
/// reads: crypto/ knows no JSON. Errors: not_allowed for a malformed token or a wrong signature. `header` and
/// `payload` are decoded; the caller must still check that `alg` is HS256 and nothing else.
struct signed_parts {
  std::string header;
  std::string payload;
};
[[nodiscard]] expected<signed_parts> verify_signature(const secret& key, std::string_view token);

/// A secret of less than 32 bytes, or a well-known one ("secret", repeated or padded too), must not sign
/// tokens.
[[nodiscard]] expected<void> check_token_secret(const secret& key);

}  // namespace cybexd::crypto
