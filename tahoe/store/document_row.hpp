#pragma once
// A document as the embedded reports and identities keep it: BSON with the original's field names. Internal
// to tahoe/store/.
#include <functional>
#include <string>
#include <string_view>

#include "tahoe/document.hpp"
#include "tahoe/store/rocksdb_home.hpp"

namespace cybexd::store {

/// Errors: too_large, bad_input (cannot be BSON).
[[nodiscard]] expected<std::string> document_to_row(const tahoe::document& d);
/// Errors: corrupt, naming the hash.
[[nodiscard]] expected<tahoe::document> document_from_row(const tahoe::hash256& hash, std::string_view row);

/// The document of that hash in a family whose keys are hashes.
[[nodiscard]] expected<std::optional<tahoe::document>> read_document(rocksdb_home& home, family f,
                                                                     const tahoe::hash256& hash,
                                                                     const rocksdb::Snapshot* at = nullptr);
/// Every document of the family in the order of hashes, from one consistent look, until `visit` says false.
[[nodiscard]] expected<void> each_document(rocksdb_home& home, family f,
                                           const std::function<bool(const tahoe::document&)>& visit);
/// The keys that begin with `prefix`, in order, until `visit` says false; it gets the rest of the key and the
/// row.
[[nodiscard]] expected<void> each_row(
    rocksdb_home& home, family f, std::string_view prefix, const rocksdb::Snapshot* at,
    const std::function<bool(std::string_view rest, std::string_view row)>& visit);

}  // namespace cybexd::store
