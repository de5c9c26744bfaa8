#pragma once
// Strict reading of the JSON bodies: every error names the field, what it was and what it may be.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/error.hpp"
#include "tahoe/value.hpp"

namespace cybexd::app::http {

/// The body as one JSON object. Errors: bad_input.
[[nodiscard]] expected<tahoe::value> read_object(std::string_view body);

/// A string that is there. Errors: bad_input.
[[nodiscard]] expected<std::string> text_field(const tahoe::value& body, std::string_view name);
/// A string or a list of strings (which may be empty) that is there. Errors: bad_input.
[[nodiscard]] expected<std::vector<std::string>> texts_field(const tahoe::value& body, std::string_view name);
/// True or false, or `otherwise` where it is absent. Errors: bad_input.
[[nodiscard]] expected<bool> flag_field(const tahoe::value& body, std::string_view name, bool otherwise);

}  // namespace cybexd::app::http
