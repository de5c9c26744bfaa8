#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include "tahoe/bson.hpp"

namespace cybexd::tahoe {

namespace {

template <class T>
std::optional<T> whole_number(std::string_view text) {
  T number{};
  const auto end = text.data() + text.size();
  const auto [at, problem] = std::from_chars(text.data(), end, number);
  if (problem != std::errc{} || at != end) return std::nullopt;
  return number;
}

/// `{"$numberInt": "5"}` and its like: nothing if `v` is none of them.
std::optional<expected<value>> wrapped_number(const object& members) {
  if (members.size() != 1) return std::nullopt;
  const auto& [name, inner] = members.front();
  const bool is_int = name == "$numberInt" || name == "$numberLong";
  if (!is_int && name != "$numberDouble") return std::nullopt;
  const auto wrong = [&] {
    return fail(failure::bad_input, name + " does not hold such a number as a string");
  };
  const auto* text = inner.text();
  if (text == nullptr) return wrong();
  if (is_int) {
    const auto number = whole_number<std::int64_t>(*text);
    const bool fits =
        number && (name == "$numberLong" || (*number >= std::numeric_limits<std::int32_t>::min() &&
                                             *number <= std::numeric_limits<std::int32_t>::max()));
    if (!fits) return wrong();
    return value(*number);
  }
  const auto number = whole_number<double>(*text);
  if (!number || !std::isfinite(*number)) return wrong();
  return value(*number);
}

}  // namespace

expected<value> from_extended_json(const value& v) {
  if (const auto* items = v.get_if<array>()) {
    array out;
    out.reserve(items->size());
    for (const auto& item : *items) {
      auto plain = from_extended_json(item);
      if (!plain) return plain;
      out.push_back(std::move(*plain));
    }
    return value(std::move(out));
  }
  const auto* members = v.get_if<object>();
  if (members == nullptr) return v;
  if (auto number = wrapped_number(*members)) return std::move(*number);
  object out;
  out.reserve(members->size());
  for (const auto& [key, inner] : *members) {
    auto plain = from_extended_json(inner);
    if (!plain) return plain;
    out.emplace_back(key, std::move(*plain));
  }
  return value(std::move(out));
}

}  // namespace cybexd::tahoe
