#pragma once
// Users and organisations as TAHOE documents, `spec/identity.md`. Pure: documents in, documents out.
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/error.hpp"
#include "tahoe/document.hpp"

namespace cybexd::tahoe::identity {

/// An object with the documents it is made of that may be new: what a change writes.
struct entity {
  document object;
  std::vector<document> parts;  ///< Attributes and inner objects, children first.
};

/// `password` is a stored form (crypto/password.hpp), never the password itself.
[[nodiscard]] expected<entity> make_user(std::string_view email, std::string_view password,
                                         std::string_view name, bool superuser);

/// The user with another stored password; `parts` holds the new password attribute.
[[nodiscard]] expected<entity> with_password(const document& user, std::string_view stored_password);
/// The hash of the password attribute that a user has now.
[[nodiscard]] std::optional<hash256> password_attribute_of(const document& user);

/// The three lists of an organisation.
enum class member_list { acl, user, admin };
[[nodiscard]] std::optional<member_list> member_list_from(std::string_view name);

/// Who is in an organisation, as hashes of users, sorted and once each.
struct membership {
  std::vector<hash256> users;   ///< `_usr_ref`
  std::vector<hash256> admins;  ///< `_adm_ref`, a subset of `users`
  std::vector<hash256> acl;     ///< `_acl`, a superset of `admins`

  bool operator==(const membership&) const = default;
};
[[nodiscard]] membership membership_of(const document& org);

/// Puts users on a list. An admin becomes a user, and who becomes a user or admin joins `_acl`. All or none.
/// Errors: bad_input where one of them is on the list already, naming the first.
[[nodiscard]] expected<void> add(membership& to, member_list list, std::span<const hash256> users);

/// Takes users off a list; who leaves the users leaves `_acl` too. All or none. Errors: bad_input where one
/// of them is not on the list, is an admin (who leaves neither `acl` nor `user`), or where no admin would be
/// left.
[[nodiscard]] expected<void> remove(membership& from, member_list list, std::span<const hash256> users);

/// A new organisation. `users` are the documents of all its users, admins among them.
[[nodiscard]] expected<entity> make_org(std::string_view orgname, std::string_view name,
                                        const membership& who, std::span<const document> users);

/// The organisation with other members, or with its users' documents as they are now. `users` holds the
/// documents of `who.users`, in any order; others in it are ignored. `_hash` and all other fields and
/// children stay. Who is on a list already and has no document, as others may leave it, stays on the list and
/// is not embedded. Errors: corrupt (a new member's document is missing), too_large.
[[nodiscard]] expected<entity> with_members(const document& org, const membership& who,
                                            std::span<const document> users);
/// The hash of the object `admin` that an organisation embeds now.
[[nodiscard]] std::optional<hash256> admin_object_of(const document& org);

[[nodiscard]] bool is_user(const document& d);
[[nodiscard]] bool is_org(const document& d);
[[nodiscard]] bool is_superuser(const document& user);
/// Empty where the document has none.
[[nodiscard]] std::string email_of(const document& user);
[[nodiscard]] std::string orgname_of(const document& org);
[[nodiscard]] std::string stored_password_of(const document& user);

/// A user, an organisation or the object of its admins as others may see it: no `password` at any depth, nor
/// its hash in `_cref` and `_ref`. Any other document as it is.
[[nodiscard]] document without_passwords(const document& d);
/// Whether a document of the identity store is a password attribute, which nobody may see.
[[nodiscard]] bool is_password(const document& d);

}  // namespace cybexd::tahoe::identity
