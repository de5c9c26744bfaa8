#pragma once
// Content-Encoding: gzip (RFC 1952), unpacked within bounds.
#include <cstddef>
#include <string>
#include <string_view>

#include "app/http/budget.hpp"
#include "crypto/error.hpp"

namespace cybexd::app::http {

/// Unpacks a whole gzip text of one or more members. Never holds more than `limit` bytes of output, and grows
/// `bytes` (which covers `packed` already) by what it holds. Errors: bad_input (damaged, cut, something after
/// the end), too_large (more than `limit`), overloaded (the byte budget).
[[nodiscard]] expected<std::string> gunzip(std::string_view packed, std::size_t limit, share& bytes);

}  // namespace cybexd::app::http
