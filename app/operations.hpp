#pragma once
// What commands do to the stores: JSON in, JSON out, bounded in size. A command calls them on stores that it
// opened itself, or, when a server runs, over its Unix socket as HTTP `POST /operator/<name>`.
#include <string_view>
#include <vector>

#include "app/engine.hpp"
#include "tahoe/value.hpp"

namespace cybexd::app {

/// Errors: bad_input for wrong arguments (a fault of the command), else what the stores say.
using operation_function = expected<tahoe::value> (*)(engine& on, const tahoe::value& input);

struct operation {
  std::string_view name;
  operation_function run;
};

[[nodiscard]] const std::vector<operation>& all_operations();
/// Runs one by name. Errors also: not_found (no such operation).
[[nodiscard]] expected<tahoe::value> call_operation(engine& on, std::string_view name,
                                                    const tahoe::value& input);

/// The body of an operator's answer: {"ok": value} or {"error": text, "kind": kind}; both ways.
[[nodiscard]] tahoe::value as_answer(const expected<tahoe::value>& result);
[[nodiscard]] expected<tahoe::value> from_answer(tahoe::value answer);

/// Depth that JSON of operations may have: documents are at most as deep as records, and stand inside
/// something.
inline constexpr std::size_t operation_depth = 300;

}  // namespace cybexd::app
