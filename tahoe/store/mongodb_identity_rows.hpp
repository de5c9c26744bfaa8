#pragma once
// What the identities keep beside the original's documents, as MongoDB stores it, in collections named after
// that of the users. Internal to tahoe/store/.
//
//   <coll>_cybexd_tokens   _id      string, the token's jti
//                          user     string, the user's hash
//                          issued   double, Unix seconds
//                          expires  double; absent: it does not expire
//                          revoked  boolean
//   <coll>_cybexd_audit    _id      int64, the line's number from 1
//                          when     double, Unix seconds
//                          who, what, whom  strings
//                          change   string, the change that wrote it; absent: one of a token alone;
//                                   "adopted/" and 32 digits of `origin_of`: taken over from another home
//   <coll>_cybexd_changes  _id "lock"
//                          owner    string, the change under way; absent: none
//                          server   string, whose it is
//                          until    double, Unix seconds; afterwards anybody may go on
//                          pending  what has been decided and must be done; absent: nothing
//                                     change     its name
//                                     line       when, who, what, whom
//                                     line_from  int64, the audit's next number then
//                                     token      as above
//   the same               _id "CHANGE/000001", a step of a change
//                          kind     string: put, exchange, erase
//                          filter, change  binary, BSON: what is found, and what is done to it
#include <optional>
#include <string>

#include "tahoe/store/identity_store.hpp"
#include "tahoe/store/mongodb_bson.hpp"

namespace cybexd::store {

struct identity_step {
  enum class kind { put, exchange, erase };
  kind what = kind::put;
  bson filter,
      change;  ///< As MongoDB takes them. An exchange finds by `_id` and more; an erasure has no change.
};

[[nodiscard]] bson to_bson(const token_record& token);
/// Errors: corrupt.
[[nodiscard]] expected<token_record> token_from(const bson_view& stored);
/// Without a number.
[[nodiscard]] bson to_bson(const audit_line& line);
[[nodiscard]] audit_line line_from(const bson_view& stored);

/// The number counts from 1; a change's steps stand in the order of their names.
[[nodiscard]] bson to_bson(const identity_step& step, const std::string& change, std::size_t number);
[[nodiscard]] identity_step step_from(const bson_view& stored);
/// Finds the steps of a change.
[[nodiscard]] bson steps_of(const std::string& change);

}  // namespace cybexd::store
