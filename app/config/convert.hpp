#pragma once
// CYBEX-P's configuration as ours (`cybexd config convert`). What CYBEX-P reads: a JSON object with the
// sections `cache`, `tahoe` (or `archive`), `report`, `identity`, each with `mongo_url`, `db`, `coll`;
// `identity` also `secret`; `api` with `host`, `url`, `token`; keys that are absent have defaults. Older
// versions wrote `cache_db` for `db` and so on, and put all of them into one section `mongo`.
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "app/config/config.hpp"
#include "crypto/secret.hpp"

namespace cybexd::app {

struct conversion {
  std::string toml;                ///< Commented; only what differs from our defaults, or must be looked at.
  std::vector<std::string> notes;  ///< What was not taken over, what is left to do: sentences for people.
  /// The secret that signs tokens, where it is fit for that. It is not in `toml` and not in `notes`.
  std::optional<crypto::secret> token_secret;
};

struct conversion_request {
  std::string name;         ///< Of the file, for comments and mistakes.
  std::string secret_file;  ///< Becomes `identity.jwt_secret_file`.
};

/// Errors: every mistake, with the key or the line; a mistake never shows a secret or an address.
[[nodiscard]] tl::expected<conversion, std::vector<mistake>> convert_original(
    std::string_view json, const conversion_request& request);

}  // namespace cybexd::app
