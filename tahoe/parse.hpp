#pragma once
// The text of one record becomes a raw document, `spec/archive.md` "Parsing".
#include <string>
#include <string_view>

#include "tahoe/document.hpp"
#include "tahoe/json.hpp"

namespace cybexd::tahoe {

struct parse_limits {
  json_limits json;
  canonical_limits canonical;
};

/// JSON is the record's data; text that is not JSON becomes {"data": text}. Errors (the record is an ERROR
/// with that reason): bad_input, too_large (canonical form, BSON size, depth).
[[nodiscard]] expected<document> parse_record(std::string_view text, std::string_view sub_type,
                                              std::string_view orgid, std::string_view timezone,
                                              const parse_limits& limits = {});

}  // namespace cybexd::tahoe
