#pragma once
// The second look at a text that the JSON parser refuses: is it JSON but for something TAHOE forbids, or no
// JSON at all?
#include <cstddef>
#include <string_view>

namespace cybexd::tahoe {

/// What a text is by the grammar that Python's `json.loads` reads, which is RFC 8259 and the words NaN,
/// Infinity and -Infinity, numbers of any size, and escapes of lone surrogates.
struct json_scan {
  bool is_json = false;
  std::string_view
      forbidden;           ///< The first thing in it that TAHOE forbids, as a phrase; empty if there is none.
  std::string_view where;  ///< That thing in the text, cut short.
  std::size_t depth = 0;   ///< Arrays and objects inside each other.
  std::size_t stopped_at =
      0;  ///< Bytes read; where it is no JSON, the place that makes it none, or just behind.
};

/// Reads the text once, keeps one bit for each open array or object, builds nothing. `text` is valid UTF-8.
[[nodiscard]] json_scan scan_json(std::string_view text);

}  // namespace cybexd::tahoe
