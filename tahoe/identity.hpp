#pragma once
// Users and organisations as TAHOE documents, `spec/identity.md`. Pure: documents in, documents out.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/error.hpp"
#include "tahoe/document.hpp"

namespace cybexd::tahoe::identity {

/// An object with the attribute documents it is made of: what a change writes.
struct entity {
  document object;
  std::vector<document> parts;  ///< Attributes and inner objects, children first.
};

/// `password` is a stored form (crypto/password.hpp), never the password itself.
[[nodiscard]] expected<entity> make_user(std::string_view email, std::string_view password, std::string_view name, bool superuser);
/// `users` and `admins` are user documents; every admin is made a user, every user joins `_acl`. At least one admin.
[[nodiscard]] expected<entity> make_org(std::string_view orgname, std::string_view name, const std::vector<document>& users, const std::vector<document>& admins);

/// The three lists of an organisation, as hashes of users.
enum class member_list { acl, user, admin };
[[nodiscard]] std::optional<member_list> member_list_from(std::string_view name);
[[nodiscard]] std::vector<hash256> members(const document& org, member_list list);

/// Adds or removes with the rules of `spec/http.md` (admin makes a user, user joins acl; the last admin stays; an admin
/// cannot leave acl or user). Rebuilds `data`, `_cref` and `_ref`; `_hash` does not change. `embedded` are the user
/// documents of all members. Errors: conflict (is there, or is not), not_allowed (the last admin), bad_input.
[[nodiscard]] expected<entity> add_member(const document& org, member_list list, const document& user, const std::vector<document>& embedded);
[[nodiscard]] expected<entity> remove_member(const document& org, member_list list, const hash256& user, const std::vector<document>& embedded);

/// The user or organisation with another stored password (of the user itself, or of an embedded user).
[[nodiscard]] expected<entity> with_password(const document& user, std::string_view stored_password);
[[nodiscard]] expected<entity> with_embedded_user(const document& org, const document& old_user, const entity& new_user, const std::vector<document>& embedded);

[[nodiscard]] std::string email_of(const document& user);
[[nodiscard]] std::string stored_password_of(const document& user);
[[nodiscard]] bool is_superuser(const document& user);
/// The document as others may see it: no `password` at any depth, nor its hash in `_cref` and `_ref`.
[[nodiscard]] document without_passwords(const document& user_or_org);

}  // namespace cybexd::tahoe::identity
