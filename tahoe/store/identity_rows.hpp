#pragma once
// The rows of the embedded identities. Internal to tahoe/store/.
//
//   identity_docs   hash          -> document
//   identity_index  'u' e-mail    -> hash of the user, also a superuser
//                   'o' orgname   -> hash of the organisation
//                   'v' user org  -> nothing; `_acl` of the organisation holds the user
//                   'm' user org  -> nothing; any of its lists does
//                   't' jti       -> token
//                   'a' 16 bytes of `origin_of` -> nothing; audit lines adopted from another home
//   identity_audit  number        -> audit line
#include <map>
#include <string>
#include <string_view>

#include "tahoe/store/identity_store.hpp"

namespace cybexd::store {

/// Where an adopted audit line is noted.
[[nodiscard]] std::string origin_key(const numbered_line& line);
[[nodiscard]] std::string list_prefix(char letter, const hash256& user);
/// Where the unique name of a user or organisation is filed.
[[nodiscard]] std::string name_key(const document& d, const std::string& name);
/// The rows that file a user or organisation, with their values; none for other documents.
[[nodiscard]] std::map<std::string, std::string> identity_index_rows(const document& d);

[[nodiscard]] std::string to_row(const token_record& t);
[[nodiscard]] std::string to_row(const audit_line& a);
/// Errors: corrupt.
[[nodiscard]] expected<token_record> token_from_row(std::string_view bytes);
[[nodiscard]] expected<audit_line> audit_from_row(std::string_view bytes);

}  // namespace cybexd::store
