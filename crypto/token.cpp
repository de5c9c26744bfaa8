#include "crypto/token.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <bitset>

#include "crypto/digest.hpp"
#include "crypto/require_internal.hpp"

namespace cybexd::crypto {
namespace {

// CYBEX-P's front end keeps 300 characters of a token.
constexpr std::size_t front_end_limit = 300;
constexpr std::size_t longest_token = 8192;
constexpr std::size_t smallest_secret = 32;

hash256 hmac_sha256(const secret& key, std::string_view text) {
  hash256 mac;
  unsigned size = 0;
  const auto* made =
      HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
           reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac.bytes.data(), &size);
  require(made != nullptr && size == mac.bytes.size(), "HMAC");
  return mac;
}

void append_string(std::string& json, std::string_view text) {
  json.push_back('"');
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20) {
      json += "\\u00" + to_hex({&c, 1});
    } else {
      if (c == '"' || c == '\\') json.push_back('\\');
      json.push_back(c);
    }
  }
  json.push_back('"');
}

std::string payload_of(const token_claims& claims) {
  std::string json = "{\"sub_type\":";
  append_string(json, claims.sub_type);
  json += ",\"_hash\":";
  append_string(json, claims.user);
  json += ",\"jti\":";
  append_string(json, claims.jti);
  if (claims.issued) json += ",\"iat\":" + std::to_string(*claims.issued);
  if (claims.expires) json += ",\"exp\":" + std::to_string(*claims.expires);
  json.push_back('}');
  return json;
}

tl::unexpected<error> refused() { return fail(failure::not_allowed, "The token is not valid."); }

// Takes every occurrence of words that people use as secrets out of a lower-case text.
std::string without_known_words(std::string text) {
  constexpr std::array<std::string_view, 14> words{
      "secret", "password", "passw0rd", "changeme",  "change-me", "change_me", "default",
      "cybexp", "cybex-p",  "cybexd",   "123456789", "qwerty",    "a-string-", "-at-least-256-bits-long"};
  for (bool found = true; found;) {
    found = false;
    for (const auto word : words) {
      for (auto at = text.find(word); at != std::string::npos; at = text.find(word)) {
        wipe(text.data() + at, word.size());
        text.erase(at, word.size());
        found = true;
      }
    }
  }
  return text;
}

}  // namespace

std::string sign_token(const secret& key, const token_claims& claims) {
  const auto payload = to_base64url(payload_of(claims));
  // `typ` is optional (RFC 7519, 5.1) and gives way where the token would grow too long with it.
  auto text = to_base64url(R"({"alg":"HS256","typ":"JWT"})") + "." + payload;
  constexpr std::size_t signature_size = 1 + 43;
  if (text.size() + signature_size > front_end_limit)
    text = to_base64url(R"({"alg":"HS256"})") + "." + payload;
  return text + "." + to_base64url(hmac_sha256(key, text).view());
}

expected<signed_parts> verify_signature(const secret& key, std::string_view token) {
  if (token.size() > longest_token) return refused();
  const auto first = token.find('.');
  const auto second = first == std::string_view::npos ? first : token.find('.', first + 1);
  if (second == std::string_view::npos) return refused();
  const auto signature = from_base64url(token.substr(second + 1));  // a further dot is no digit of it
  if (!signature) return refused();
  auto right = hmac_sha256(key, token.substr(0, second));
  const bool same = equal_in_constant_time(*signature, right.view());
  wipe(right.bytes.data(), right.bytes.size());
  if (!same) return refused();
  auto header = from_base64url(token.substr(0, first));
  auto payload = from_base64url(token.substr(first + 1, second - first - 1));
  if (!header || !payload) return refused();
  return signed_parts{std::move(*header), std::move(*payload)};
}

expected<void> check_token_secret(const secret& key) {
  auto text = std::string(key.view());
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  const bool is_short = text.size() < smallest_secret;
  text = without_known_words(std::move(text));
  std::bitset<256> seen;
  for (const char c : text) seen.set(static_cast<unsigned char>(c));
  const bool is_known = text.size() < smallest_secret || seen.count() < 8;
  wipe(text);
  if (is_short) {
    return fail(failure::bad_input, "The token secret has " + std::to_string(key.size()) +
                                        " bytes and needs at least 32, best from a random generator.");
  }
  if (is_known) {
    return fail(failure::bad_input,
                "The token secret is a well-known or repeated word. Use at least 32 random bytes.");
  }
  return {};
}

}  // namespace cybexd::crypto
