#include "tahoe/mail/message.hpp"

#include <algorithm>

#include "tahoe/canonical.hpp"
#include "tahoe/mail/text.hpp"

namespace cybexd::tahoe::mail {

namespace {

constexpr std::size_t max_depth = 100;  // each line that looks like a boundary is compared with as many
constexpr std::size_t max_parts = 10'000;

/// The line that begins at `at`, with its end (\n, \r\n or \r).
std::string_view line_at(std::string_view text, std::size_t at) {
  const auto end = text.find_first_of("\r\n", at);
  if (end == std::string_view::npos) return text.substr(at);
  const bool two = text[end] == '\r' && end + 1 < text.size() && text[end + 1] == '\n';
  return text.substr(at, end + (two ? 2 : 1) - at);
}

std::string_view without_line_end(std::string_view line) {
  if (line.ends_with("\r\n")) return line.substr(0, line.size() - 2);
  return line.ends_with('\n') || line.ends_with('\r') ? line.substr(0, line.size() - 1) : line;
}

bool is_header_line(std::string_view line) {
  if (line.starts_with("From ") || line.starts_with(' ') || line.starts_with('\t')) return true;
  const auto end =
      std::find_if(line.begin(), line.end(), [](char c) { return c < 33 || c > 126 || c == ':'; });
  return end != line.end() && *end == ':';
}

enum class mark { none, separator, end };

mark boundary_mark(std::string_view line, std::string_view boundary) {
  if (!line.starts_with("--")) return mark::none;
  line = without_line_end(line).substr(2);
  if (!line.starts_with(boundary)) return mark::none;
  line.remove_prefix(boundary.size());
  const bool end = line.starts_with("--");
  if (end) line.remove_prefix(2);
  if (line.find_first_not_of(" \t") != std::string_view::npos) return mark::none;
  return end ? mark::end : mark::separator;
}

class message_reader {
 public:
  explicit message_reader(std::string_view text) : text_(text) {}

  bool read(part& out) {
    read_headers(out);
    const auto type = out.content_type();
    if (!type.starts_with("multipart/")) {
      read_payload(out);
      return true;
    }
    const auto boundary = out.parameter("boundary");
    if (!boundary) {
      read_payload(out);
      return true;
    }
    return read_parts(out, std::string(python_strip_right(*boundary)), type == "multipart/digest");
  }

 private:
  /// The next line, or nothing at the end of the text or at a boundary of an enclosing multipart.
  std::optional<std::string_view> peek() const {
    if (at_ >= text_.size()) return std::nullopt;
    const auto line = line_at(text_, at_);
    if (!line.starts_with("--")) return line;
    for (const auto& boundary : boundaries_)
      if (boundary_mark(line, boundary) != mark::none) return std::nullopt;
    return line;
  }

  void read_headers(part& out) {
    std::vector<std::string_view> lines;
    for (auto line = peek(); line; line = peek()) {
      if (!is_header_line(*line)) {
        if (line->starts_with('\r') || line->starts_with('\n')) at_ += line->size();
        break;
      }
      lines.push_back(*line);
      at_ += line->size();
    }
    bool open = false;  // whether a continuation belongs to the last header
    for (std::size_t n = 0; n < lines.size(); ++n) {
      const auto line = lines[n];
      if (line.starts_with(' ') || line.starts_with('\t')) {
        if (open) out.headers.back().second += line;
        continue;
      }
      open = false;
      if (line.starts_with("From ")) {
        // At the end of the headers it is probably the first line of the body.
        if (n > 0 && n + 1 == lines.size()) out.first_line = line;
        continue;
      }
      const auto colon = line.find(':');
      if (colon == 0) continue;
      open = true;
      const auto value = line.substr(colon + 1);
      out.headers.emplace_back(line.substr(0, colon),
                               value.substr(std::min(value.find_first_not_of(" \t"), value.size())));
    }
    for (auto& [name, value] : out.headers)
      std::erase_if(value, [](char c) { return c == '\r' || c == '\n'; });
  }

  void read_payload(part& out) {
    const auto begin = at_;
    for (auto line = peek(); line; line = peek()) at_ += line->size();
    out.payload = text_.substr(begin, at_ - begin);
  }

  bool read_parts(part& out, const std::string& boundary, bool digest) {
    const auto begin = at_;
    bool preamble = true;
    while (auto line = peek()) {
      const auto found = boundary_mark(*line, boundary);
      if (preamble) out.payload = text_.substr(begin, at_ - begin + (found == mark::none ? line->size() : 0));
      at_ += line->size();
      if (found == mark::none) continue;
      if (found == mark::end) {
        skip_rest();
        break;
      }
      preamble = false;
      for (line = peek(); line && boundary_mark(*line, boundary) != mark::none; line = peek())
        at_ += line->size();
      if (!read_part(out, boundary, digest)) return false;
    }
    out.has_parts = !preamble;
    if (out.has_parts) out.payload = {};
    return true;
  }

  bool read_part(part& out, const std::string& boundary, bool digest) {
    if (boundaries_.size() >= max_depth || ++parts_ > max_parts) return false;
    boundaries_.push_back(boundary);
    auto& inner = out.parts.emplace_back();
    inner.digest_member = digest;
    if (!read(inner)) return false;
    // The end of the line before a boundary belongs to the boundary.
    if (!inner.content_type().starts_with("multipart/")) inner.payload = without_line_end(inner.payload);
    boundaries_.pop_back();
    return true;
  }

  void skip_rest() {
    for (auto line = peek(); line; line = peek()) at_ += line->size();
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t parts_ = 0;
  std::vector<std::string> boundaries_;
};

bool is_attachment(const part& p) {
  const auto* disposition = p.header("content-disposition");
  if (disposition == nullptr) return false;
  const auto word = python_strip(std::string_view(*disposition).substr(0, disposition->find_first_of(";(")));
  return ascii_lower(word) == "attachment";
}

/// Looks for bodies in order; a plain one ends the search.
class body_search {
 public:
  void look(const part& p) {
    if (plain_ != nullptr || stumbled_ || is_attachment(p)) return;
    const auto type = p.content_type();
    if (type == "text/plain") {
      plain_ = &p;
    } else if (type == "text/html") {
      if (html_ == nullptr) html_ = &p;
    } else if (type == "multipart/related") {
      look_related(p);
    } else if (type.starts_with("multipart/")) {
      for (const auto& inner : p.parts) look(inner);
    }
  }

  [[nodiscard]] const part* found() const { return stumbled_ ? nullptr : plain_ != nullptr ? plain_ : html_; }

 private:
  void look_related(const part& p) {
    // The original takes the first character of a text for the root part, and raises an exception.
    if (!p.has_parts) {
      stumbled_ = !p.payload.empty();
      return;
    }
    const part* root = p.parts.empty() ? nullptr : &p.parts.front();
    if (const auto start = p.parameter("start"); start && !start->empty()) {
      const auto named = std::find_if(p.parts.begin(), p.parts.end(), [&](const part& inner) {
        const auto* id = inner.header("content-id");
        return id != nullptr && *id == *start;
      });
      if (named != p.parts.end()) root = &*named;
    }
    if (root != nullptr) look(*root);
  }

  const part *html_ = nullptr, *plain_ = nullptr;
  bool stumbled_ = false;
};

}  // namespace

std::optional<part> read_message(std::string_view text) {
  part out;
  if (!message_reader(text).read(out)) return std::nullopt;
  return out;
}

const part* find_body(const part& message) {
  body_search search;
  search.look(message);
  return search.found();
}

}  // namespace cybexd::tahoe::mail
