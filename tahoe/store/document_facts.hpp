#pragma once
// What the stores must read in a document to file it: names, states, lists. Internal to tahoe/store/.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tahoe/document.hpp"

namespace cybexd::store::facts {

using tahoe::document;
using tahoe::hash256;

/// The first item of `data[child]` of an object document, where it is a string or a number.
[[nodiscard]] std::string text_of(const document& d, std::string_view child);
[[nodiscard]] double number_of(const document& d, std::string_view child);
/// A list of hashes among the other top-level fields (`_acl`, ...); items that are no hashes are left out.
[[nodiscard]] std::vector<hash256> list_of(const document& d, std::string_view field);

[[nodiscard]] bool is_query(const document& d);
[[nodiscard]] bool is_user(const document& d);
[[nodiscard]] bool is_org(const document& d);

/// The name that must be unique: e-mail of a user, orgname of an organisation; nothing for other documents.
/// Users and organisations have name spaces of their own.
[[nodiscard]] std::optional<std::string> unique_name(const document& d);
/// Every user that an organisation names in any list, once.
[[nodiscard]] std::vector<hash256> members_of(const document& org);
/// Whether two readings of a document agree in `_ref`, `_cref` and the lists of users.
[[nodiscard]] bool same_lists(const document& a, const document& b);

struct query_state {
  std::string status, userid;
  double timestamp = 0;
  std::vector<hash256> reports;  ///< From `report_id`; an empty string is none.
};
[[nodiscard]] query_state state_of(const document& query);

}  // namespace cybexd::store::facts
