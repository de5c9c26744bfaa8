#include "tahoe/canonical.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>
#include <vector>

#include "tahoe/json.hpp"

namespace cybexd::tahoe {

namespace {

// A few bytes of JSON can stand for many of canonical form that then turn out to be equal and count once.
// These bounds keep such texts from costing more than an ordinary record of the limit's size.
constexpr std::size_t live_factor =
    8;  // bytes of unfinished forms at one time, in limits on the finished form
constexpr std::size_t work_factor =
    64;  // bytes written in all; a form without equal items needs half of it at most
constexpr std::size_t least_bound = 16u << 20;

/// Appends ASCII text as a JSON string. The text holds no control characters, so only two bytes need an
/// escape.
void append_quoted(std::string& out, std::string_view ascii) {
  out += '"';
  std::size_t copied = 0;
  for (std::size_t at = 0; at < ascii.size(); ++at) {
    if (ascii[at] != '"' && ascii[at] != '\\') continue;
    out.append(ascii, copied, at - copied);
    out += '\\';
    copied = at;
  }
  out.append(ascii, copied, ascii.size() - copied);
  out += '"';
}

/// Writes forms one after the other into one buffer: an array's or object's children first, then its own
/// form, which is then moved down over them.
class canonical_writer {
 public:
  explicit canonical_writer(std::size_t limit)
      : limit_(limit),
        max_live_(std::max(limit * live_factor, least_bound)),
        max_written_(std::max(limit * work_factor, least_bound)) {}

  bool write(const value& v) { return put(v, limit_); }
  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  struct span {
    std::size_t begin, end;
  };

  [[nodiscard]] std::string_view view(span s) const {
    return std::string_view(text_).substr(s.begin, s.end - s.begin);
  }

  /// Appends the canonical form of `v`, of at most `room` bytes.
  bool put(const value& v, std::size_t room) {
    const auto base = text_.size();
    if (const auto* items = v.get_if<array>()) {
      if (!put_array(*items, room)) return false;
    } else if (const auto* members = v.get_if<object>()) {
      if (!put_object(*members, room)) return false;
    } else {
      put_scalar(v);
    }
    const auto size = text_.size() - base;
    written_ += size;
    return size <= room && text_.size() <= max_live_ && written_ <= max_written_;
  }

  void put_scalar(const value& v) {
    if (const auto* s = v.text()) {
      append_ascii_json_string(text_, python_strip(*s));
    } else if (const auto* i = v.get_if<std::int64_t>()) {
      char room[24];
      text_.append(room, std::to_chars(room, room + sizeof room, *i).ptr);
    } else if (const auto* d = v.get_if<double>()) {
      text_ += python_float(*d);
    } else if (const auto* b = v.get_if<bool>()) {
      text_ += *b ? "true" : "false";
    } else {
      text_ += "null";
    }
  }

  bool put_array(const array& items, std::size_t room) {
    const auto base = text_.size();
    const auto first = spans_.size();
    std::size_t compact_at = room;
    for (const auto& item : items) {
      const auto begin = text_.size();
      if (!put(item, room)) return false;
      spans_.push_back({begin, text_.size()});
      if (text_.size() - base <= compact_at) continue;
      drop_equal(first, base);
      if (text_.size() - base > room) return false;
      compact_at = room + (text_.size() - base) / 2;
    }
    sort_and_unite(first);
    const auto form = text_.size();
    text_ += '[';
    for (auto n = first; n < spans_.size(); ++n) {
      if (n > first) text_ += ", ";
      text_.reserve(text_.size() + 2 * (spans_[n].end - spans_[n].begin) + 4);
      append_quoted(text_, view(spans_[n]));
      if (text_.size() - form > room) return false;
    }
    text_ += ']';
    finish(base, form, first);
    return true;
  }

  bool put_object(const object& members, std::size_t room) {
    std::vector<const member*> sorted(members.size());
    std::transform(members.begin(), members.end(), sorted.begin(), [](const member& m) { return &m; });
    std::sort(sorted.begin(), sorted.end(), [](const auto* a, const auto* b) { return a->first < b->first; });
    const auto base = text_.size();
    const auto first = spans_.size();
    for (const auto* m : sorted) {
      const auto begin = text_.size();
      if (begin - base > room || !put(m->second, room - (begin - base))) return false;
      spans_.push_back({begin, text_.size()});
    }
    const auto form = text_.size();
    text_ += '{';
    for (std::size_t n = 0; n < sorted.size(); ++n) {
      if (n > 0) text_ += ", ";
      append_ascii_json_string(text_, sorted[n]->first);
      text_ += ": ";
      const auto part = spans_[first + n];
      text_.reserve(text_.size() + 2 * (part.end - part.begin) + 4);
      append_quoted(text_, view(part));
      if (text_.size() - form > room) return false;
    }
    text_ += '}';
    finish(base, form, first);
    return true;
  }

  void finish(std::size_t base, std::size_t form, std::size_t first_span) {
    text_.erase(base, form - base);
    spans_.resize(first_span);
  }

  void sort_and_unite(std::size_t first) {
    const auto begin = spans_.begin() + static_cast<std::ptrdiff_t>(first);
    std::sort(begin, spans_.end(), [this](span a, span b) { return view(a) < view(b); });
    spans_.erase(std::unique(begin, spans_.end(), [this](span a, span b) { return view(a) == view(b); }),
                 spans_.end());
  }

  /// Frees the room of items that equal others.
  void drop_equal(std::size_t first, std::size_t base) {
    sort_and_unite(first);
    const auto begin = spans_.begin() + static_cast<std::ptrdiff_t>(first);
    std::sort(begin, spans_.end(), [](span a, span b) { return a.begin < b.begin; });
    auto to = base;
    for (auto at = begin; at != spans_.end(); ++at) {
      const auto size = at->end - at->begin;
      std::copy_n(text_.begin() + static_cast<std::ptrdiff_t>(at->begin), size,
                  text_.begin() + static_cast<std::ptrdiff_t>(to));
      *at = {to, to + size};
      to += size;
    }
    text_.resize(to);
  }

  std::size_t limit_, max_live_, max_written_;
  std::size_t written_ = 0;
  std::string text_;
  std::vector<span> spans_;
};

/// Code points beyond ASCII that `str.strip` removes, as UTF-8.
constexpr std::array<std::string_view, 19> wide_spaces = {
    "\xc2\x85",     "\xc2\xa0",     "\xe1\x9a\x80", "\xe2\x80\x80", "\xe2\x80\x81",
    "\xe2\x80\x82", "\xe2\x80\x83", "\xe2\x80\x84", "\xe2\x80\x85", "\xe2\x80\x86",
    "\xe2\x80\x87", "\xe2\x80\x88", "\xe2\x80\x89", "\xe2\x80\x8a", "\xe2\x80\xa8",
    "\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80"};

bool is_ascii_space(char c) { return (c >= 0x09 && c <= 0x0d) || (c >= 0x1c && c <= 0x20); }

template <class Matches>
std::size_t wide_space(char edge, Matches matches) {
  if (static_cast<unsigned char>(edge) < 0x80) return 0;
  const auto at = std::find_if(wide_spaces.begin(), wide_spaces.end(), matches);
  return at == wide_spaces.end() ? 0 : at->size();
}

constexpr std::size_t max_decoded_depth = 64;

expected<value> decode(std::string_view text, std::size_t depth);

/// Decodes what stands inside an array or object: texts anew, the rest as it is.
expected<void> decode_inside(value& v, std::size_t depth) {
  if (depth > max_decoded_depth) return fail(failure::too_large, "the canonical form is nested too deep");
  if (const auto* s = v.text()) {
    auto inner = decode(*s, depth);
    if (!inner) return fail(std::move(inner.error()));
    v = std::move(*inner);
  } else if (auto* items = v.get_if<array>()) {
    for (auto& item : *items)
      if (auto done = decode_inside(item, depth + 1); !done) return done;
  } else if (auto* members = v.get_if<object>()) {
    for (auto& [key, item] : *members)
      if (auto done = decode_inside(item, depth + 1); !done) return done;
  }
  return {};
}

expected<value> decode(std::string_view text, std::size_t depth) {
  auto read = read_json(text);
  if (read.problem == json_problem::not_json) return value(text);
  if (read.problem != json_problem::none) return fail(failure::bad_input, std::move(read.text));
  if (read.root.is_scalar()) return std::move(read.root);
  if (auto done = decode_inside(read.root, depth); !done) return fail(std::move(done.error()));
  return std::move(read.root);
}

}  // namespace

expected<std::string> canonical(const value& v, const canonical_limits& limits) {
  canonical_writer writer(limits.size);
  if (!writer.write(v))
    return fail(failure::too_large, "the canonical form passes " + std::to_string(limits.size) + " bytes");
  return writer.take();
}

expected<value> decanonical(std::string_view text) { return decode(text, 0); }

std::string_view python_strip(std::string_view utf8) { return python_strip_right(python_strip_left(utf8)); }

std::string_view python_strip_left(std::string_view utf8) {
  while (!utf8.empty()) {
    const auto begins = [&](std::string_view space) { return utf8.starts_with(space); };
    const auto size = is_ascii_space(utf8.front()) ? 1 : wide_space(utf8.front(), begins);
    if (size == 0) break;
    utf8.remove_prefix(size);
  }
  return utf8;
}

std::string_view python_strip_right(std::string_view utf8) {
  while (!utf8.empty()) {
    const auto ends = [&](std::string_view space) { return utf8.ends_with(space); };
    const auto size = is_ascii_space(utf8.back()) ? 1 : wide_space(utf8.back(), ends);
    if (size == 0) break;
    utf8.remove_suffix(size);
  }
  return utf8;
}

}  // namespace cybexd::tahoe
