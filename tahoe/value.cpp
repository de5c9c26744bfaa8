#include "tahoe/value.hpp"

#include <algorithm>

namespace cybexd::tahoe {

const value* value::find(std::string_view key) const {
  const auto* members = get_if<object>();
  if (members == nullptr) return nullptr;
  const auto at =
      std::find_if(members->begin(), members->end(), [&](const member& m) { return m.first == key; });
  return at == members->end() ? nullptr : &at->second;
}

value* value::find(std::string_view key) { return const_cast<value*>(std::as_const(*this).find(key)); }

void value::set(std::string_view key, value v) {
  if (is_null()) data_ = object{};
  if (auto* there = find(key)) {
    *there = std::move(v);
    return;
  }
  std::get<object>(data_).emplace_back(std::string(key), std::move(v));
}

void value::erase(std::string_view key) {
  if (auto* members = get_if<object>())
    std::erase_if(*members, [&](const member& m) { return m.first == key; });
}

const double* value::number(double& room) const {
  if (const auto* i = get_if<std::int64_t>()) {
    room = static_cast<double>(*i);
    return &room;
  }
  return get_if<double>();
}

std::string_view kind_of(const value& v) {
  switch (v.inner().index()) {
    case 0:
      return "null";
    case 1:
      return "a boolean";
    case 2:
      return "an integer";
    case 3:
      return "a float";
    case 4:
      return "a string";
    case 5:
      return "an array";
    default:
      return "an object";
  }
}

}  // namespace cybexd::tahoe
