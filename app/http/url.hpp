#pragma once
// Targets of requests: path and parameters, decoded strictly (RFC 3986; `+` is a blank in parameters).
#include <string>
#include <string_view>
#include <vector>

#include "app/http/exchange.hpp"
#include "crypto/error.hpp"

namespace cybexd::app::http {

struct target {
  std::string path;  ///< Several slashes at its start are one.
  std::vector<parameter> parameters;
};

/// Origin form (`/path?query`) or absolute form (`http://host/path`). Errors: bad_input for a broken `%xx`, a
/// U+0000, text that is not UTF-8, or more than 64 parameters.
[[nodiscard]] expected<target> read_target(std::string_view text);

/// Errors: bad_input.
[[nodiscard]] expected<std::string> percent_decode(std::string_view text, bool plus_is_blank);

}  // namespace cybexd::app::http
