#include "tahoe/parse.hpp"

#include <utility>

#include "tahoe/bson.hpp"

namespace cybexd::tahoe {

namespace {

/// What a raw document holds besides its data, generously: field names, hash, marks of a few filters.
constexpr std::size_t other_fields = 1024;

}  // namespace

expected<document> parse_record(std::string_view text, std::string_view sub_type, std::string_view orgid,
                                std::string_view timezone, const parse_limits& limits) {
  auto read = read_json(text, limits.json);
  switch (read.problem) {
    case json_problem::none:
      break;
    case json_problem::not_json:
      if (!is_valid_utf8(text)) return fail(failure::bad_input, "the record is not UTF-8");
      read.root = value(object{{"data", value(text)}});
      break;
    case json_problem::forbidden:
    case json_problem::bad_key:
      return fail(failure::bad_input, std::move(read.text));
    case json_problem::too_deep:
    case json_problem::too_many:
      return fail(failure::too_large, std::move(read.text));
  }
  if (bson_size(read.root) + other_fields > max_bson_size)
    return fail(failure::too_large, "the record passes " + std::to_string(max_bson_size) + " bytes as BSON");
  return make_raw(std::string(sub_type), std::move(read.root), std::string(orgid), std::string(timezone),
                  limits.canonical);
}

}  // namespace cybexd::tahoe
