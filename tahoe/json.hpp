#pragma once
// JSON text in and out. The only user of the JSON parser.
#include <cstddef>
#include <string>
#include <string_view>

#include "crypto/error.hpp"
#include "tahoe/value.hpp"

namespace cybexd::tahoe {

/// What may be read. The defaults are the server's (`spec/tahoe.md`).
struct json_limits {
  std::size_t depth = 32;  ///< Arrays and objects inside each other; a scalar is depth 0, `[]` is depth 1.
  std::size_t values =
      2'000'000;  ///< Items and members in all. More than these pass BSON's limit for a document anyway.
};

enum class json_problem {
  none,
  not_json,   ///< Not JSON at all: a raw record of it becomes {"data": text}.
  forbidden,  ///< JSON but for NaN, Infinity, an integer outside -2^63..2^63-1, a number beyond a double, a
              ///< lone surrogate.
  too_deep,
  bad_key,   ///< A key that holds U+0000.
  too_many,  ///< More values than the limit.
};

struct json_result {
  value root;  ///< Valid when `problem` is none.
  json_problem problem = json_problem::none;
  std::string text;  ///< What is wrong, for people; names the kind of number and such.
};

/// Reads one JSON text (RFC 8259; white space around it allowed, a byte order mark is not). Thread safe,
/// keeps a parser for each thread.
[[nodiscard]] json_result read_json(std::string_view text, const json_limits& limits = {});

/// The same for callers to whom every problem is simply bad_input.
[[nodiscard]] expected<value> parse_json(std::string_view text, const json_limits& limits = {});

/// Whether bytes are valid UTF-8 (RFC 3629).
[[nodiscard]] bool is_valid_utf8(std::string_view bytes);

/// Python's `json.dumps(v)`: `", "` and `": "` as separators, ASCII only, floats in Python's layout.
[[nodiscard]] std::string to_python_json(const value& v);
/// Compact UTF-8 JSON for answers and exports. Floats in Python's layout, so that a float stays one.
[[nodiscard]] std::string to_json(const value& v);

/// Appends a string as an ASCII JSON string with its quotes, escaped as Python does (`\u00xx` for control
/// characters, lower-case hex).
void append_ascii_json_string(std::string& out, std::string_view utf8);

/// A double in Python's layout: shortest that reads back, always with `.` or exponent (`1.0`, `1e+16`,
/// `1e-05`, `-0.0`).
[[nodiscard]] std::string python_float(double d);

}  // namespace cybexd::tahoe
