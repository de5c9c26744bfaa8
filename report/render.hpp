#pragma once
// Reports for people: a table on a terminal, a graph for Graphviz.
#include <cstddef>
#include <string>
#include <string_view>

#include "crypto/error.hpp"
#include "tahoe/value.hpp"

namespace cybexd::report {

/// A text that is safe on a terminal and in a table: one line, control characters and those that turn the
/// direction of writing as `\u001b`, cut with `...` after `longest` characters.
[[nodiscard]] std::string one_line(std::string_view utf8, std::size_t longest = 100);

/// `report` is a report document as JSON. A failed report is its reason. Ends with a line feed.
[[nodiscard]] std::string render_table(const tahoe::value& report);

/// A related report with `summary_graph` in the DOT language: the ways from every attribute to the asked one,
/// ways that end alike drawn as one. Errors: bad_input where the report is none of that form.
[[nodiscard]] expected<std::string> render_dot(const tahoe::value& report);

}  // namespace cybexd::report
