#include "tahoe/store/mongodb_identity_plan.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "tahoe/store/document_facts.hpp"
#include "tahoe/store/mongodb_documents.hpp"

namespace cybexd::store {
namespace {

using tahoe::object;

/// By these a document that was read before is compared.
constexpr std::array<std::string_view, 5> lists{"_cref", "_ref", "_usr_ref", "_adm_ref", "_acl"};

tl::unexpected<error> conflict(const std::string& text) {
  return fail(failure::conflict, "identity: " + text);
}

/// Documents that a change looks at, by hash; of doubles all, the one that counts first.
using table = std::map<hash256, std::vector<bson>>;

/// Turns a change into steps, if its conditions hold.
class change_planner {
 public:
  change_planner(const table& stored, const std::string& name) : stored_(stored), name_(name) {}

  expected<std::vector<identity_step>> steps_of(const identity_change& change) {
    for (const auto& d : change.as_read)
      if (auto done = check_as_read(d); !done) return fail(done.error());
    for (const auto& d : change.put)
      if (auto done = put(d); !done) return fail(done.error());
    for (const auto& d : change.replace)
      if (auto done = replace(d); !done) return fail(done.error());
    for (const auto& hash : change.erase) steps_.push_back({identity_step::kind::erase, by_hash(hash), {}});
    return std::move(steps_);
  }

 private:
  expected<std::optional<document>> now(const hash256& hash) const {
    const auto found = stored_.find(hash);
    if (found == stored_.end()) return std::optional<document>();
    auto d = read_document(found->second.front().view(), hidden_fields);
    if (!d) return fail(d.error());
    return std::optional(std::move(*d));
  }

  expected<void> check_as_read(const document& d) const {
    auto current = now(d.hash);
    if (!current) return fail(current.error());
    if (!*current || !facts::same_lists(**current, d))
      return conflict(crypto::to_hex(d.hash) + " was changed by somebody else in between");
    return {};
  }

  expected<void> put(const document& d) {
    auto current = now(d.hash);
    if (!current) return fail(current.error());
    if (const auto name = facts::unique_name(d)) {
      if (*current && facts::is_user(d) && (*current)->data == d.data) return {};
      bool taken = current->has_value() || !names_.insert({facts::is_user(d), *name}).second;
      if (facts::is_user(d))
        for (const auto type : user_types) taken = taken || stored_.contains(hash_of_name(type, *name));
      if (taken) return conflict(*name + " is taken");
    } else if (*current) {
      return {};
    }
    auto whole = bson::from(tahoe::to_value(d));
    if (!whole) return fail(whole.error());
    steps_.push_back(
        {identity_step::kind::put, by_hash(d.hash), std::move(bson().add("$setOnInsert", *whole))});
    return {};
  }

  expected<void> replace(const document& d) {
    const auto found = stored_.find(d.hash);
    if (found == stored_.end()) return conflict(crypto::to_hex(d.hash) + " is not there any more");
    for (const auto& one : found->second) {
      auto change = exchange(d, one.view());
      if (!change) return fail(change.error());
      bson filter;
      filter.add_field("_id", one.view());
      for (const auto list : lists) add_as_stored(filter, list, one.view());
      add_as_stored(filter, change_field, one.view());
      steps_.push_back({identity_step::kind::exchange, std::move(filter), std::move(*change)});
    }
    return {};
  }

  /// `data`, the lists and what else is new; what other modules keep in the document stays.
  [[nodiscard]] expected<bson> exchange(const document& d, const bson_view& stored) const {
    const auto before = read_document(stored, hidden_fields);
    const auto after = tahoe::to_value(d);
    object set;
    for (const auto& field : *after.get_if<object>()) {
      const bool has_changed =
          !before || std::find(before->extra.begin(), before->extra.end(), field) == before->extra.end();
      const bool stays = field.first == "_hash" || field.first == "itype" || field.first == "sub_type";
      if (has_changed && !stays) set.push_back(field);
    }
    set.emplace_back(change_field, name_);
    auto fields = bson::from(tahoe::value(std::move(set)));
    if (!fields) return fail(fields.error());
    return std::move(bson().add("$set", *fields));
  }

  const table& stored_;
  const std::string& name_;
  std::set<std::pair<bool, std::string>> names_;
  std::vector<identity_step> steps_;
};

expected<table> read_for(const mongodb_collection& documents, const identity_change& change) {
  std::vector<hash256> hashes;
  for (const auto* some : {&change.put, &change.replace, &change.as_read})
    for (const auto& d : *some) hashes.push_back(d.hash);
  for (const auto& d : change.put)
    if (facts::is_user(d))
      for (const auto type : user_types) hashes.push_back(hash_of_name(type, *facts::unique_name(d)));
  auto stored = stored_with(documents, by_hashes(hashes), {}, "identity: change");
  if (!stored) return fail(stored.error());
  table all;
  for (auto& one : *stored)
    if (const auto hash = hash_of(one.view())) all[*hash].push_back(std::move(one));
  return all;
}

}  // namespace

hash256 hash_of_name(std::string_view sub_type, std::string_view name) {
  return crypto::sha256({"object", sub_type, name});
}

expected<std::vector<identity_step>> plan(const mongodb_collection& documents, const identity_change& change,
                                          const std::string& name) {
  const auto stored = read_for(documents, change);
  if (!stored) return fail(stored.error());
  return change_planner(*stored, name).steps_of(change);
}

}  // namespace cybexd::store
