#include "app/http/url.hpp"

#include <utility>

#include "crypto/envelope.hpp"

namespace cybexd::app::http {

namespace {

constexpr std::size_t max_parameters = 64;

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

expected<std::vector<parameter>> read_parameters(std::string_view text) {
  std::vector<parameter> found;
  while (!text.empty()) {
    const auto end = text.find('&');
    const auto item = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    if (item.empty()) continue;
    const auto equals = item.find('=');
    auto name = percent_decode(item.substr(0, equals), true);
    if (!name) return fail(name.error());
    auto value =
        percent_decode(equals == std::string_view::npos ? std::string_view{} : item.substr(equals + 1), true);
    if (!value) return fail(value.error());
    if (found.size() == max_parameters) return fail(failure::bad_input, "The URL has too many parameters.");
    found.push_back({std::move(*name), std::move(*value)});
  }
  return found;
}

/// `http://host/path` -> `/path`, which proxies send.
std::string_view without_authority(std::string_view text) {
  const auto scheme = text.find("://");
  if (text.starts_with('/') || scheme == std::string_view::npos) return text;
  const auto path = text.find_first_of("/?", scheme + 3);
  return path == std::string_view::npos ? "/" : text.substr(path);
}

}  // namespace

expected<std::string> percent_decode(std::string_view text, bool plus_is_blank) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_blank) {
      out += ' ';
    } else if (text[i] == '%') {
      const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
      if (high < 0 || low < 0)
        return fail(failure::bad_input, "The URL holds a '%' without two hexadecimal digits.");
      out += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      out += text[i];
    }
  }
  if (out.find('\0') != std::string::npos) return fail(failure::bad_input, "The URL holds a U+0000.");
  if (!crypto::is_utf8(out)) return fail(failure::bad_input, "The URL is not UTF-8.");
  return out;
}

expected<target> read_target(std::string_view text) {
  text = without_authority(text.substr(0, text.find('#')));
  const auto question = text.find('?');
  auto path = percent_decode(text.substr(0, question), false);
  if (!path) return fail(path.error());
  auto parameters =
      read_parameters(question == std::string_view::npos ? std::string_view{} : text.substr(question + 1));
  if (!parameters) return fail(parameters.error());
  const auto first = path->find_first_not_of('/');
  if (path->starts_with('/')) path->erase(0, first == std::string::npos ? path->size() - 1 : first - 1);
  return target{std::move(*path), std::move(*parameters)};
}

}  // namespace cybexd::app::http
