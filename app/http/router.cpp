#include "app/http/router.hpp"

#include <optional>

namespace cybexd::app::http {

namespace {

/// What stands for the pattern's `{...}` (empty where it has none), or nothing when the path is another one.
std::optional<std::string_view> tail_of(std::string_view pattern, std::string_view path) {
  const auto open = pattern.find('{');
  if (open == std::string_view::npos)
    return pattern == path ? std::optional<std::string_view>("") : std::nullopt;
  if (!path.starts_with(pattern.substr(0, open))) return std::nullopt;
  const auto tail = path.substr(open);
  if (tail.empty() || tail.find('/') != std::string_view::npos) return std::nullopt;
  return tail;
}

}  // namespace

router::match router::find(std::string_view method, std::string_view path) const {
  match result;
  for (const auto& candidate : routes_) {
    const auto tail = tail_of(candidate.pattern, path);
    if (!tail) continue;
    if (candidate.method == method || (candidate.method == "GET" && method == "HEAD")) {
      result.found = &candidate;
      result.tail = *tail;
      return result;
    }
    if (!result.allow.empty()) result.allow += ", ";
    result.allow += candidate.method == "GET" ? "GET, HEAD" : candidate.method;
  }
  return result;
}

}  // namespace cybexd::app::http
