#include <algorithm>
#include <charconv>

#include "tahoe/store/mongodb_url_internal.hpp"

namespace cybexd::store {
namespace {

constexpr std::string_view hidden = "***";

/// `user:password@hosts`, or `hosts`.
std::string_view authority(std::string_view url) {
  const auto scheme = url.find("://");
  const auto rest = scheme == std::string_view::npos ? url : url.substr(scheme + 3);
  // A password that was not escaped may hold `/` and `?`: what stands before the last `@` is secret.
  const auto at = rest.rfind('@');
  const auto end = rest.find_first_of("/?", at == std::string_view::npos ? 0 : at);
  return rest.substr(0, end);
}

std::string unescaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned char byte = 0;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(text.data() + i + 1, text.data() + i + 3, byte, 16).ptr == text.data() + i + 3) {
      out += static_cast<char>(byte);
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

void keep(std::vector<std::string>& secrets, std::string_view secret) {
  if (secret.empty()) return;
  secrets.emplace_back(secret);
  if (auto read = unescaped(secret); read != secret) secrets.push_back(std::move(read));
}

void replace_all(std::string& text, std::string_view what) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + hidden.size()))
    text.replace(at, what.size(), hidden);
}

}  // namespace

std::vector<std::string> secrets_of(std::string_view url) {
  std::vector<std::string> secrets;
  const auto whole = authority(url);
  if (const auto at = whole.rfind('@'); at != std::string_view::npos) {
    const auto credentials = whole.substr(0, at);
    keep(secrets, credentials);
    if (const auto colon = credentials.find(':'); colon != std::string_view::npos)
      keep(secrets, credentials.substr(colon + 1));
  }
  constexpr std::string_view option = "keyfilepassword=";
  std::string lower(url);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  if (const auto at = lower.find(option); at != std::string::npos) {
    const auto rest = url.substr(at + option.size());
    keep(secrets, rest.substr(0, rest.find('&')));
  }
  std::sort(secrets.begin(), secrets.end(), [](const auto& a, const auto& b) { return a.size() > b.size(); });
  return secrets;
}

bool has_bare_at(std::string_view url) {
  const auto scheme = url.find("://");
  const auto rest = scheme == std::string_view::npos ? url : url.substr(scheme + 3);
  const auto hosts = rest.substr(0, rest.find_first_of("/?"));
  return std::count(hosts.begin(), hosts.end(), '@') > 1;
}

std::string host_part(std::string_view url) {
  const auto whole = authority(url);
  const auto at = whole.rfind('@');
  return std::string(at == std::string_view::npos ? whole : whole.substr(at + 1));
}

std::string without(const std::vector<std::string>& secrets, std::string text) {
  for (const auto& secret : secrets) replace_all(text, secret);
  return text;
}

}  // namespace cybexd::store
