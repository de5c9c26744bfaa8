#pragma once
#include <cstddef>
#include <string>

#include "crypto/error.hpp"
#include "crypto/secret.hpp"

namespace cybexd::crypto {

enum class file_kind {
  open,
  secret,  ///< Refused (not_allowed) where group or others can read it.
};

/// The bytes of a regular file of at most `most` bytes. Errors name the path: not_found, not_allowed,
/// bad_input (not a file, too long), unavailable.
[[nodiscard]] expected<secret> read_file(const std::string& path, std::size_t most, file_kind kind);

}  // namespace cybexd::crypto
