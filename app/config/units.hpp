#pragma once
// The written forms of settings that have a unit. Reading and writing are each other's reverse.
#include <optional>
#include <string>
#include <string_view>

#include "app/config/settings.hpp"

namespace cybexd::app {

/// "10s": a whole number and one of ms, s, min, h, d, without a blank. Nothing for anything else or beyond
/// 10,000 days.
[[nodiscard]] std::optional<duration> duration_from(std::string_view text);
[[nodiscard]] std::string to_text(duration time);

/// "256MiB": a whole number and one of B, KiB, MiB, GiB, TiB, without a blank. Nothing for anything else or
/// beyond 2^63.
[[nodiscard]] std::optional<byte_size> size_from(std::string_view text);
[[nodiscard]] std::string to_text(byte_size size);

/// "127.0.0.1:8080", "[::1]:8080", "localhost:0". The host must not be empty.
[[nodiscard]] std::optional<endpoint> endpoint_from(std::string_view text);
[[nodiscard]] std::string to_text(const endpoint& where);

}  // namespace cybexd::app
