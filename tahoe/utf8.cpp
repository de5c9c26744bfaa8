#include "tahoe/utf8.hpp"

#include <algorithm>

#include "tahoe/json.hpp"

namespace cybexd::tahoe {

bool holds_utf8(const value& v) {
  if (const auto* text = v.text()) return is_valid_utf8(*text);
  if (const auto* items = v.get_if<array>()) return std::all_of(items->begin(), items->end(), holds_utf8);
  if (const auto* members = v.get_if<object>())
    return std::all_of(members->begin(), members->end(),
                       [](const member& m) { return is_valid_utf8(m.first) && holds_utf8(m.second); });
  return true;
}

}  // namespace cybexd::tahoe
