#pragma once
// multipart/form-data (RFC 7578, RFC 2046 5.1), read strictly: what is ambiguous is refused.
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/error.hpp"

namespace cybexd::app::http {

/// One part. Its content is `body.substr(offset, size)` of the body it was read from.
struct form_part {
  std::string name;
  std::optional<std::string> filename;
  std::size_t offset = 0, size = 0;
};

struct multipart_limits {
  std::size_t parts = 32;
  std::size_t header_bytes = 8192;  ///< Of all header lines of one part.
};

/// Whether a Content-Type names this media type, whatever its parameters.
[[nodiscard]] bool is_media_type(std::string_view content_type, std::string_view type);

/// The `boundary` of a Content-Type of multipart/form-data. Errors: bad_input.
[[nodiscard]] expected<std::string> boundary_of(std::string_view content_type);

/// All parts in order. Nothing may stand before the first delimiter or after the last one but a line break.
/// Errors: bad_input, which says what is wrong.
[[nodiscard]] expected<std::vector<form_part>> read_multipart(std::string_view boundary,
                                                              std::string_view body,
                                                              const multipart_limits& limits = {});

}  // namespace cybexd::app::http
