#pragma once
// What a change of users and organisations comes to on MongoDB: its conditions checked against what is
// stored, and the steps that it takes. Internal to tahoe/store/.
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "tahoe/store/identity_store.hpp"
#include "tahoe/store/mongodb_collection.hpp"
#include "tahoe/store/mongodb_identity_changes.hpp"

namespace cybexd::store {

inline constexpr std::array hidden_fields{change_field};  ///< Of a document, not part of it.
inline constexpr std::array<std::string_view, 2> user_types{"cybexp_user", "cybexp_superuser"};
inline constexpr std::string_view org_type = "cybexp_org";

/// The hash of a user or organisation, which covers its name and nothing else: so the unique index on `_hash`
/// makes names unique.
[[nodiscard]] hash256 hash_of_name(std::string_view sub_type, std::string_view name);

/// The steps of a change, named `name`. Nobody else may change documents meanwhile. Errors: those of
/// `identity_store::apply`.
[[nodiscard]] expected<std::vector<identity_step>> plan(const mongodb_collection& documents,
                                                        const identity_change& change,
                                                        const std::string& name);

}  // namespace cybexd::store
