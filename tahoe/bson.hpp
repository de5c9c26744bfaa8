#pragma once
// BSON (bsonspec.org 1.1) of JSON values, the stored form of documents in both homes. Integers become int32
// where they fit, else int64; floats doubles. Keys with `.` or a leading `$` are kept.
#include <string>
#include <string_view>

#include "crypto/error.hpp"
#include "tahoe/value.hpp"

namespace cybexd::tahoe {

inline constexpr std::size_t max_bson_size = 16u << 20;  ///< MongoDB's limit for a document.

/// Bytes that `v` takes inside a document (an object or array: as a document of its own), without its type
/// and name.
[[nodiscard]] std::size_t bson_size(const value& v);

/// `v` is an object. Errors: too_large (over `max_bson_size`), bad_input (a key that holds U+0000).
[[nodiscard]] expected<std::string> to_bson(const value& v);
/// Errors: corrupt. BSON types JSON has not come back as MongoDB Extended JSON (v2, relaxed).
[[nodiscard]] expected<value> from_bson(std::string_view bytes);

/// One line of MongoDB Extended JSON (v1 or v2, canonical or relaxed, as mongoexport writes it) as a plain
/// value:
/// `$numberLong`, `$numberInt`, `$numberDouble` become numbers, `_id` and other wrapped types stay objects.
[[nodiscard]] expected<value> from_extended_json(const value& v);

}  // namespace cybexd::tahoe
