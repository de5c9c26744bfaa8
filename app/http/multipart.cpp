#include "app/http/multipart.hpp"

#include <algorithm>
#include <utility>

#include "app/http/words.hpp"
#include "crypto/envelope.hpp"

namespace cybexd::app::http {

namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

tl::unexpected<error> wrong(std::string what) {
  return fail(failure::bad_input, "The form cannot be read: " + std::move(what) + ".");
}

/// `value; name=word; name="quoted"`: the value and its parameters.
struct header_value {
  std::string_view value;
  std::vector<std::pair<std::string_view, std::string>> parameters;

  [[nodiscard]] std::optional<std::string> find(std::string_view name) const {
    for (const auto& [key, text] : parameters) {
      if (same_word(key, name)) return text;
    }
    return std::nullopt;
  }
};

/// Takes a quoted string or a bare word off the front; nothing when a quote does not end.
std::optional<std::string> take_word(std::string_view& rest) {
  std::string word;
  if (!rest.starts_with('"')) {
    const auto end = rest.find(';');
    word = trimmed(rest.substr(0, end));
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end);
    return word;
  }
  rest.remove_prefix(1);
  while (!rest.empty() && rest.front() != '"') {
    if (rest.front() == '\\' && rest.size() > 1 && (rest[1] == '"' || rest[1] == '\\')) rest.remove_prefix(1);
    word += rest.front();
    rest.remove_prefix(1);
  }
  if (rest.empty()) return std::nullopt;
  rest.remove_prefix(1);
  rest = trimmed(rest);
  return word;
}

expected<header_value> read_header_value(std::string_view text) {
  header_value found;
  auto end = text.find(';');
  found.value = trimmed(text.substr(0, end));
  auto rest = end == std::string_view::npos ? std::string_view{} : text.substr(end);
  while (!(rest = trimmed(rest)).empty()) {
    if (rest.front() != ';') return wrong("a header has text after a quoted value");
    rest = trimmed(rest.substr(1));
    if (rest.empty()) break;
    const auto equals = rest.find('=');
    if (equals == std::string_view::npos) return wrong("a parameter of a header has no value");
    const auto name = trimmed(rest.substr(0, equals));
    rest = trimmed(rest.substr(equals + 1));
    auto word = take_word(rest);
    if (!word) return wrong("a quoted value has no end");
    if (name.empty() || found.find(name))
      return wrong("a header has a parameter twice, or one without a name");
    found.parameters.emplace_back(name, std::move(*word));
  }
  return found;
}

expected<void> read_part_header(std::string_view name, std::string_view value, form_part& part, bool& named) {
  if (same_word(name, "content-disposition")) {
    const auto read = read_header_value(value);
    if (!read) return fail(read.error());
    const auto field = read->find("name");
    if (!same_word(read->value, "form-data") || !field || field->empty()) return wrong("a part has no name");
    if (named) return wrong("a part has two names");
    if (!crypto::is_utf8(*field)) return wrong("the name of a part is not UTF-8");
    named = true;
    part.name = *field;
    part.filename = read->find("filename");
  } else if (same_word(name, "content-transfer-encoding")) {
    const auto encoding = trimmed(value);
    if (!same_word(encoding, "7bit") && !same_word(encoding, "8bit") && !same_word(encoding, "binary"))
      return wrong("Content-Transfer-Encoding must be binary, 8bit or 7bit");
  }
  return {};
}

/// Header lines up to the empty line; leaves `at` at the content.
expected<form_part> read_part_headers(std::string_view body, std::size_t& at,
                                      const multipart_limits& limits) {
  form_part part;
  bool named = false;
  const auto start = at;
  for (;;) {
    const auto end = body.substr(0, std::min(body.size(), start + limits.header_bytes)).find("\r\n", at);
    if (end == std::string_view::npos) return wrong("the header of a part has no end or is too long");
    const auto line = body.substr(at, end - at);
    at = end + 2;
    if (line.empty()) break;
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0 || line.find('\0') != std::string_view::npos)
      return wrong("a line in the header of a part is no header");
    if (auto read = read_part_header(line.substr(0, colon), line.substr(colon + 1), part, named); !read)
      return fail(read.error());
  }
  if (!named) return wrong("a part has no Content-Disposition");
  part.offset = at;
  return part;
}

/// After a delimiter: true when it was the last one. Leaves `at` after the line's end.
expected<bool> after_delimiter(std::string_view body, std::size_t& at) {
  const bool last = body.substr(at, 2) == "--";
  if (last) at += 2;
  while (at < body.size() && (body[at] == ' ' || body[at] == '\t')) ++at;
  if (last && at == body.size()) return true;
  if (body.substr(at, 2) != "\r\n") return wrong("text follows a delimiter on its line");
  at += 2;
  if (last && at != body.size()) return wrong("text follows the last delimiter");
  return last;
}

}  // namespace

bool is_media_type(std::string_view content_type, std::string_view type) {
  return same_word(trimmed(content_type.substr(0, content_type.find(';'))), type);
}

expected<std::string> boundary_of(std::string_view content_type) {
  if (!is_media_type(content_type, "multipart/form-data")) return wrong("it is not multipart/form-data");
  const auto read = read_header_value(content_type);
  if (!read) return fail(read.error());
  auto boundary = read->find("boundary");
  if (!boundary || boundary->empty() || boundary->size() > 70)
    return wrong("its boundary must have 1 to 70 characters");
  for (const char c : *boundary) {
    if (c < ' ' || c > '~') return wrong("its boundary has characters that it may not have");
  }
  return std::move(*boundary);
}

expected<std::vector<form_part>> read_multipart(std::string_view boundary, std::string_view body,
                                                const multipart_limits& limits) {
  const auto delimiter = "\r\n--" + std::string(boundary);
  const std::string_view first = std::string_view(delimiter).substr(2);
  std::size_t at = body.starts_with("\r\n") ? 2 : 0;
  if (body.substr(at, first.size()) != first) return wrong("it does not begin with its boundary");
  at += first.size();

  std::vector<form_part> parts;
  for (;;) {
    const auto last = after_delimiter(body, at);
    if (!last) return fail(last.error());
    if (*last) return parts;
    if (parts.size() == limits.parts) return wrong("it has too many parts");
    auto part = read_part_headers(body, at, limits);
    if (!part) return fail(part.error());
    // An empty part's delimiter may use the line break that ends the header.
    const auto end = body.find(delimiter, part->offset - 2);
    if (end == std::string_view::npos) return wrong("its last delimiter is missing");
    part->size = end < part->offset ? 0 : end - part->offset;
    at = end + delimiter.size();
    parts.push_back(std::move(*part));
  }
}

}  // namespace cybexd::app::http
