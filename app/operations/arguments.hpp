#pragma once
// Reading the arguments of an operation. A wrong one is bad_input naming it.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/digest.hpp"
#include "crypto/error.hpp"
#include "tahoe/value.hpp"

namespace cybexd::app::operations {

[[nodiscard]] expected<std::string> text(const tahoe::value& input, std::string_view name);
[[nodiscard]] std::string text_or(const tahoe::value& input, std::string_view name,
                                  std::string_view otherwise);
[[nodiscard]] bool boolean(const tahoe::value& input, std::string_view name);
[[nodiscard]] std::optional<std::int64_t> integer(const tahoe::value& input, std::string_view name);
[[nodiscard]] std::optional<double> number(const tahoe::value& input, std::string_view name);
/// Absent: empty.
[[nodiscard]] expected<std::vector<std::string>> texts(const tahoe::value& input, std::string_view name);
[[nodiscard]] expected<const tahoe::array*> items(const tahoe::value& input, std::string_view name);
/// A count as a member of an answer.
[[nodiscard]] inline std::int64_t whole(std::uint64_t n) { return static_cast<std::int64_t>(n); }
/// 64 hexadecimal digits.
[[nodiscard]] expected<crypto::hash256> hash(const tahoe::value& input, std::string_view name);

}  // namespace cybexd::app::operations
