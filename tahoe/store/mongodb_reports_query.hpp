#pragma once
// A query document (TDQL) as it stands in MongoDB, where CYBEX-P's own modules write it too. Internal to
// tahoe/store/.
//
// Besides the original's fields it has, at the top level,
//
//   _cybexd_owner  string   the server that took it
//   _cybexd_until  double   Unix seconds by the database's clock; afterwards the claim is free again
//
// and what the query side keeps (`_cybexd_visible`, `_cybexd_answer`). The original's API may write old
// values of all these back with an edit of its own; so no claim counts on a query whose `_cref` holds the
// hash of status = `wait`.
#include <array>
#include <optional>
#include <string_view>

#include "tahoe/store/mongodb_documents.hpp"
#include "tahoe/store/report_store.hpp"

namespace cybexd::store {

inline constexpr std::string_view owner_field = "_cybexd_owner";
inline constexpr std::string_view until_field = "_cybexd_until";
inline constexpr std::array claim_fields{owner_field, until_field};  ///< Not part of the document.

/// The hash by which queries of a status are found in `_cref`.
[[nodiscard]] hash256 status_hash(std::string_view status);

/// A query with a claim on it.
struct stored_query {
  document query;
  std::optional<query_claim> claim;  ///< By the database's clock.
  bool waits = false;                ///< By its `_cref`.
};

/// Errors: corrupt.
[[nodiscard]] expected<stored_query> read_query(const bson_view& stored);

/// The fields of a claim whose deadline is by our clock; `ahead`: seconds that the database's is before it.
[[nodiscard]] bson claim_fields_of(const query_claim& claim, double ahead);

/// Whether the conditions of an update hold.
[[nodiscard]] bool holds(const query_update& update, const stored_query& stored, double ahead);

/// Finds this very document, if nobody has changed since what an update looks at and changes.
[[nodiscard]] bson unchanged(const bson_view& stored);
/// The update as MongoDB takes it. It sets `data.status` and `data.report_id`, exchanges their hashes in
/// `_cref` and `_ref`, and sets fields of our own; the socket and all else stay as they are. Errors:
/// bad_input.
[[nodiscard]] expected<bson> change_of(const query_update& update, const bson_view& stored,
                                       const stored_query& query, double ahead);

}  // namespace cybexd::store
