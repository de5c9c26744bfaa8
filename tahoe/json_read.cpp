#include <simdjson.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "tahoe/json.hpp"
#include "tahoe/json_scan.hpp"

namespace cybexd::tahoe {

namespace {

using simdjson::dom::element;
using simdjson::dom::element_type;

constexpr std::size_t few_members = 16;  // up to here comparing every two keys is cheaper than sorting
constexpr std::size_t kept_capacity = 1u << 20;  // a parser that has grown beyond this is not kept
constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

json_result problem(json_problem kind, std::string text) { return {value{}, kind, std::move(text)}; }

using dom_member = std::pair<std::string_view, element>;

/// Of members with equal keys the last value stays, at the place of the first. Returns the values that fall
/// away.
std::vector<element> keep_last_of_equal_keys(std::vector<dom_member>& members) {
  std::vector<std::size_t> order(members.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](auto a, auto b) { return members[a].first < members[b].first; });
  std::vector<bool> gone(members.size());
  std::vector<element> dropped;
  for (std::size_t first = 0; first < order.size();) {
    auto next = first + 1;
    for (; next < order.size() && members[order[next]].first == members[order[first]].first; ++next) {
      dropped.push_back(std::exchange(members[order[first]].second, members[order[next]].second));
      gone[order[next]] = true;
    }
    first = next;
  }
  if (dropped.empty()) return dropped;
  std::size_t to = 0;
  for (std::size_t from = 0; from < members.size(); ++from)
    if (!gone[from]) members[to++] = members[from];
  members.erase(members.begin() + static_cast<std::ptrdiff_t>(to), members.end());
  return dropped;
}

/// Turns the parser's elements into values. Stops at the first problem.
class converter {
 public:
  explicit converter(const json_limits& limits) : limits_(limits) {}

  bool convert(const element& e, value& out, std::size_t depth) {
    switch (e.type()) {
      case element_type::NULL_VALUE:
        out = value{};
        return true;
      case element_type::BOOL:
        out = value(bool(e));
        return true;
      case element_type::INT64:
        out = value(std::int64_t(e));
        return true;
      case element_type::DOUBLE:
        out = value(double(e));
        return true;
      case element_type::STRING:
        out = value(std::string_view(e));
        return true;
      case element_type::UINT64:
        return fails(json_problem::forbidden,
                     "the JSON holds an integer outside -2^63..2^63-1: " + std::to_string(std::uint64_t(e)));
      case element_type::ARRAY:
        return enter(depth) && convert_array(e, out, depth + 1);
      case element_type::OBJECT:
        return enter(depth) && convert_object(e, out, depth + 1);
    }
    return fails(json_problem::not_json, "the JSON parser gave an element of an unknown type");
  }

  [[nodiscard]] json_result& result() { return result_; }

 private:
  bool convert_array(const simdjson::dom::array& items, value& out, std::size_t depth) {
    array list;
    list.reserve(std::min<std::size_t>(items.size(), limits_.values));
    for (const element item : items) {
      if (!count()) return false;
      if (!convert(item, list.emplace_back(), depth)) return false;
    }
    out = value(std::move(list));
    return true;
  }

  bool convert_object(const simdjson::dom::object& members, value& out, std::size_t depth) {
    std::vector<dom_member> unique;
    unique.reserve(members.size());
    bool equal_keys = false;
    for (const auto [key, item] : members) {
      if (key.find('\0') != std::string_view::npos)
        return fails(json_problem::bad_key, "a key of the JSON holds U+0000");
      if (unique.size() < few_members && !equal_keys)
        equal_keys = std::any_of(unique.begin(), unique.end(),
                                 [k = key](const dom_member& m) { return m.first == k; });
      unique.emplace_back(key, item);
    }
    if (equal_keys || unique.size() > few_members)
      for (const element& dropped : keep_last_of_equal_keys(unique))
        if (!admissible(dropped, depth)) return false;
    object list;
    list.reserve(std::min(unique.size(), limits_.values));
    for (const auto& [key, item] : unique) {
      if (!count()) return false;
      list.emplace_back(std::string(key), value{});
      if (!convert(item, list.back().second, depth)) return false;
    }
    out = value(std::move(list));
    return true;
  }

  /// What falls away is not kept, but must be allowed.
  bool admissible(const element& dropped, std::size_t depth) {
    const auto before = values_;
    value unused;
    if (!convert(dropped, unused, depth)) return false;
    values_ = before;
    return true;
  }

  bool enter(std::size_t depth) {
    return depth < limits_.depth ||
           fails(json_problem::too_deep,
                 "the JSON is nested deeper than " + std::to_string(limits_.depth) + " levels");
  }

  bool count() {
    return ++values_ <= limits_.values ||
           fails(json_problem::too_many,
                 "the JSON holds more than " + std::to_string(limits_.values) + " values");
  }

  bool fails(json_problem kind, std::string text) {
    result_ = problem(kind, std::move(text));
    return false;
  }

  const json_limits& limits_;
  std::size_t values_ = 0;
  json_result result_;
};

/// The parser has refused the text: says why in TAHOE's terms.
json_result refused(std::string_view text, simdjson::error_code code, const json_limits& limits) {
  const std::string message = simdjson::error_message(code);
  if (!is_valid_utf8(text)) return problem(json_problem::not_json, "not JSON: the text is not UTF-8");
  const auto scan = scan_json(text);
  if (!scan.is_json) return problem(json_problem::not_json, "not JSON: " + message);
  if (!scan.forbidden.empty())
    return problem(json_problem::forbidden,
                   "the JSON holds " + std::string(scan.forbidden) + ": " + std::string(scan.where));
  if (scan.depth > limits.depth)
    return problem(json_problem::too_deep,
                   "the JSON is nested deeper than " + std::to_string(limits.depth) + " levels");
  return problem(json_problem::not_json, "not JSON: " + message);
}

}  // namespace

json_result read_json(std::string_view text, const json_limits& limits) {
  if (text.starts_with(byte_order_mark))
    return problem(json_problem::not_json, "not JSON: a byte order mark comes first");
  thread_local simdjson::dom::parser kept;
  simdjson::dom::parser large;
  auto& parser = text.size() > kept_capacity ? large : kept;
  element root;
  if (const auto code = parser.parse(text.data(), text.size()).get(root); code != simdjson::SUCCESS)
    return refused(text, code, limits);
  converter convert(limits);
  value v;
  if (!convert.convert(root, v, 0)) return std::move(convert.result());
  return {std::move(v), json_problem::none, {}};
}

bool is_valid_utf8(std::string_view bytes) { return simdjson::validate_utf8(bytes.data(), bytes.size()); }

expected<value> parse_json(std::string_view text, const json_limits& limits) {
  auto result = read_json(text, limits);
  if (result.problem != json_problem::none) return fail(failure::bad_input, std::move(result.text));
  return std::move(result.root);
}

}  // namespace cybexd::tahoe
