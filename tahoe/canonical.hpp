#pragma once
// TAHOE's canonical form (`spec/tahoe.md`) and the decoding of canonical queries (`spec/report.md`).
#include <cstddef>
#include <string>
#include <string_view>

#include "crypto/error.hpp"
#include "tahoe/value.hpp"

namespace cybexd::tahoe {

struct canonical_limits {
  std::size_t size =
      16u << 20;  ///< Bytes of the finished form. Stops (too_large) before building more than that.
};

[[nodiscard]] expected<std::string> canonical(const value& v, const canonical_limits& limits = {});

/// Decodes a canonical form: text that is JSON is parsed, members and items of it are decoded the same way,
/// scalars obtained so are final, text that is not JSON stands for itself.
[[nodiscard]] expected<value> decanonical(std::string_view text);

/// Removes what Python's `str.strip` removes, at both ends or at one. Each looks no further than it removes.
[[nodiscard]] std::string_view python_strip(std::string_view utf8);
[[nodiscard]] std::string_view python_strip_left(std::string_view utf8);
[[nodiscard]] std::string_view python_strip_right(std::string_view utf8);

}  // namespace cybexd::tahoe
