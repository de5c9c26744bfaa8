#include <algorithm>
#include <map>

#include "tahoe/canonical.hpp"
#include "tahoe/mail/charset.hpp"
#include "tahoe/mail/message.hpp"
#include "tahoe/mail/text.hpp"

namespace cybexd::tahoe::mail {

namespace {

/// One `name=value` of a header, as it stands.
struct raw_parameter {
  std::string name, value;
};

/// The value at the beginning of a text: a quoted string without its quotes, or what comes before a character
/// that only quotes may hold.
std::string parameter_value(std::string_view text) {
  if (!text.starts_with('"'))
    return std::string(text.substr(0, std::min(text.find_first_of("()<>@,:;\\\"[]/?=*' \t"), text.size())));
  std::string out;
  for (std::size_t at = 1; at < text.size() && text[at] != '"'; ++at) {
    if (text[at] == '\\' && at + 1 < text.size()) ++at;
    out += text[at];
  }
  return out;
}

/// Splits at `;` outside quotes.
std::vector<raw_parameter> raw_parameters(std::string_view header) {
  std::vector<raw_parameter> out;
  auto at = header.find(';');
  while (at < header.size()) {
    const auto begin = ++at;
    bool quoted = false;
    for (; at < header.size() && (quoted || header[at] != ';'); ++at) {
      if (header[at] == '\\' && quoted)
        ++at;
      else if (header[at] == '"')
        quoted = !quoted;
    }
    at = std::min(at, header.size());
    const auto piece = header.substr(begin, at - begin);
    const auto equals = piece.find('=');
    if (equals == std::string_view::npos) continue;
    auto name = ascii_lower(python_strip(piece.substr(0, equals)));
    const auto text = python_strip(piece.substr(equals + 1));
    auto value = name.ends_with('*') ? std::string(text) : parameter_value(text);
    if (!value.empty() || text.starts_with('"')) out.push_back({std::move(name), std::move(value)});
  }
  return out;
}

std::string undo_percent(std::string_view text) {
  std::string as_quoted_printable;
  for (const char c : text)
    as_quoted_printable += c == '%' ? std::string("=") : c == '=' ? std::string("=3D") : std::string(1, c);
  return decode_quoted_printable(as_quoted_printable);
}

/// `charset'language'text`, percent-encoded (RFC 2231, 4).
std::string extended_value(std::string_view text) {
  if (text.starts_with('"') && text.ends_with('"') && text.size() > 1) text = text.substr(1, text.size() - 2);
  const auto first = text.find('\'');
  const auto second = first == std::string_view::npos ? first : text.find('\'', first + 1);
  if (second == std::string_view::npos) return undo_percent(text);
  const auto bytes = undo_percent(text.substr(second + 1));
  return decode_charset(bytes, text.substr(0, first), undecodable::replace).value_or(bytes);
}

}  // namespace

const std::string* part::header(std::string_view name) const {
  const auto wanted = ascii_lower(name);
  for (const auto& [there, value] : headers)
    if (there.size() == name.size() && ascii_lower(there) == wanted) return &value;
  return nullptr;
}

std::string part::content_type() const {
  const auto* value = header("content-type");
  if (value == nullptr) return digest_member ? "message/rfc822" : "text/plain";
  const auto type = ascii_lower(python_strip(std::string_view(*value).substr(0, value->find(';'))));
  return std::count(type.begin(), type.end(), '/') == 1 ? type : "text/plain";
}

std::optional<std::string> part::parameter(std::string_view name) const {
  const auto* value = header("content-type");
  if (value == nullptr) return std::nullopt;
  std::map<int, std::string> sections;  // RFC 2231, 3: name*0, name*1, ...
  for (const auto& p : raw_parameters(*value)) {
    if (p.name == name) return p.value;
    if (p.name == std::string(name) + "*") return extended_value(p.value);
    if (!p.name.starts_with(std::string(name) + "*")) continue;
    auto number = p.name.substr(name.size() + 1);
    const bool extended = number.ends_with('*');
    if (extended) number.pop_back();
    const bool digits =
        !number.empty() && number.size() < 4 &&
        std::all_of(number.begin(), number.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (digits) sections.emplace(std::stoi(number), extended ? extended_value(p.value) : p.value);
  }
  if (sections.empty()) return std::nullopt;
  std::string out;
  for (const auto& [number, piece] : sections) out += piece;
  return out;
}

std::string part::charset() const { return parameter("charset").value_or("ascii"); }

std::optional<std::string> text_of(const part& p) {
  const auto* header_value = p.header("content-transfer-encoding");
  const auto encoding = header_value == nullptr ? std::string() : ascii_lower(*header_value);
  auto bytes = raw_unicode_escape(std::string(p.first_line).append(p.payload));
  if (encoding == "quoted-printable") {
    bytes = decode_quoted_printable(bytes);
  } else if (encoding == "base64") {
    std::erase_if(bytes, [](char c) { return c == '\r' || c == '\n'; });
    bytes = decode_base64(bytes);
  } else if (encoding == "x-uuencode" || encoding == "uuencode" || encoding == "uue" || encoding == "x-uue") {
    bytes = decode_uuencoded(bytes);
  }
  return decode_charset(bytes, p.charset(), undecodable::replace);
}

}  // namespace cybexd::tahoe::mail
