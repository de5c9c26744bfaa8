#pragma once
// TAHOE documents as they stand in `tahoe_db.instance`, and back. Internal to tahoe/store/ and its tests.
#include <span>
#include <vector>

#include "tahoe/document.hpp"
#include "tahoe/store/archive_store.hpp"
#include "tahoe/store/mongodb_bson.hpp"
#include "tahoe/store/mongodb_documents.hpp"

namespace cybexd::store::mongodb_archive {

/// The document with the original's fields and types, without `_id`. Errors: too_large, bad_input (a key with
/// U+0000).
[[nodiscard]] expected<bson> to_stored(const document& d);

/// The reverse; `_id` is left out. A raw document read without its `data` has null there. Errors: corrupt,
/// naming the document's `_id`.
[[nodiscard]] expected<document> from_stored(const bson_view& stored);

/// The original looks first and then inserts, so a document may stand there twice, each grown by itself. Both
/// together are what was meant: the graver category, all references, the widest times, every filter that ran.
void join_double(document& first, const document& again);

[[nodiscard]] bson_list hex_list(std::span<const hash256> hashes);
/// The hash in a text field; nothing where there is none.
[[nodiscard]] std::optional<hash256> hash_in(const bson_element& field);

}  // namespace cybexd::store::mongodb_archive
