#include "app/secrets.hpp"

#include <sys/resource.h>

#include "app/files.hpp"
#include "app/http/server.hpp"
#include "crypto/token.hpp"

namespace cybexd::app {

expected<std::optional<crypto::secret>> read_passphrase(
    const settings& from, const std::map<std::string, std::string>& environment) {
  const auto read = [](const std::string& path,
                       bool private_only) -> expected<std::optional<crypto::secret>> {
    auto secret = read_secret_file(path, private_only);
    if (!secret) return fail(secret.error());
    return std::optional<crypto::secret>(std::move(*secret));
  };
  if (!from.keys.passphrase_file.path.empty()) return read(from.keys.passphrase_file.path, true);
  if (const auto found = environment.find("CYBEXD_PASSPHRASE");
      found != environment.end() && !found->second.empty()) {
    return std::optional<crypto::secret>(crypto::secret(std::string_view(found->second)));
  }
  if (const auto found = environment.find("CREDENTIALS_DIRECTORY"); found != environment.end()) {
    auto credential = read(found->second + "/passphrase", false);
    if (credential || credential.error().kind != failure::not_found) return credential;
  }
  return std::optional<crypto::secret>();
}

expected<crypto::private_key> read_private_key(const settings& from,
                                               const std::map<std::string, std::string>& environment) {
  auto passphrase = read_passphrase(from, environment);
  if (!passphrase) return fail(passphrase.error());
  return crypto::private_key::from_file(from.keys.private_key.path, *passphrase ? &**passphrase : nullptr);
}

expected<crypto::public_key> read_public_key(const settings& from) {
  return crypto::public_key::from_file(from.keys.public_key.path);
}

expected<crypto::secret> read_token_secret(const settings& from) {
  const auto& path = from.identity.jwt_secret_file.path;
  if (path.empty())
    return fail(failure::bad_input, "identity.jwt_secret_file names no file: tokens cannot be signed");
  auto secret = read_secret_file(path, true);
  if (!secret) return secret;
  if (const auto fit = crypto::check_token_secret(*secret); !fit)
    return fail(fit.error().kind, path + ": " + fit.error().text);
  return secret;
}

std::vector<std::string> unusable_files(const settings& from,
                                        const std::map<std::string, std::string>& environment) {
  std::vector<std::string> found;
  const auto note = [&found](const char* key, const auto& read) {
    if (!read) found.push_back(std::string(key) + ": " + read.error().text);
  };
  note("keys.private", read_private_key(from, environment));
  note("keys.public", read_public_key(from));
  note("identity.jwt_secret_file", read_token_secret(from));
  if (const auto& certificate = from.http.tls_certificate.path; !certificate.empty())
    note("http.tls_certificate and http.tls_key", http::usable_tls({certificate, from.http.tls_key.path}));
  return found;
}

void forbid_core_dumps() {
  // 1, not 0: the kernel ignores 0 where core dumps go to a program (core(5)), and takes 1 as "none" in both
  // cases.
  const rlimit none{1, 1};
  ::setrlimit(RLIMIT_CORE, &none);
}

}  // namespace cybexd::app
