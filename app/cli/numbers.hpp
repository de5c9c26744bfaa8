#pragma once
// Numbers and times on the command line.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tahoe/value.hpp"

namespace cybexd::app::cli {

/// The whole text as a number; nothing for anything else.
[[nodiscard]] std::optional<std::int64_t> whole_number(std::string_view text);
[[nodiscard]] std::optional<double> real_number(std::string_view text);

/// Unix seconds as `2026-11-22 21:30:00` (UTC); empty for null or nothing.
[[nodiscard]] std::string time_text(const tahoe::value* seconds);
/// `3 d 4 h`, `12.5 s`.
[[nodiscard]] std::string span_text(double seconds);
/// `1.2 GiB`.
[[nodiscard]] std::string size_text(std::int64_t bytes);

}  // namespace cybexd::app::cli
