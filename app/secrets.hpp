#pragma once
// Key material and secrets of a server, from where its configuration says.
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "app/config/settings.hpp"
#include "crypto/keys.hpp"
#include "crypto/secret.hpp"

namespace cybexd::app {

/// The passphrase of the private key: `keys.passphrase_file`, else $CYBEXD_PASSPHRASE, else the file
/// `passphrase` in $CREDENTIALS_DIRECTORY (systemd), else nothing.
[[nodiscard]] expected<std::optional<crypto::secret>> read_passphrase(
    const settings& from, const std::map<std::string, std::string>& environment);

/// `keys.private`, opened with its passphrase. Refuses one that group or others can read.
[[nodiscard]] expected<crypto::private_key> read_private_key(
    const settings& from, const std::map<std::string, std::string>& environment);
/// `keys.public`.
[[nodiscard]] expected<crypto::public_key> read_public_key(const settings& from);
/// `identity.jwt_secret_file`, checked to be fit for signing.
[[nodiscard]] expected<crypto::secret> read_token_secret(const settings& from);

/// The files that a server could not start with, a sentence each: keys, token secret, TLS.
[[nodiscard]] std::vector<std::string> unusable_files(const settings& from,
                                                      const std::map<std::string, std::string>& environment);

/// No core dumps of this process, which holds keys.
void forbid_core_dumps();

}  // namespace cybexd::app
