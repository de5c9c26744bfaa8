// The identities on MongoDB: database `identity_db`, collection `instance` of CYBEX-P. Changes of documents:
// mongodb_identity_changes.hpp; tokens and the audit log: mongodb_identity_log.hpp.
#include <algorithm>
#include <atomic>
#include <set>

#include "tahoe/store/document_facts.hpp"
#include "tahoe/store/mongodb_documents.hpp"
#include "tahoe/store/mongodb_identity_changes.hpp"
#include "tahoe/store/mongodb_identity_plan.hpp"
#include "tahoe/store/mongodb_stores.hpp"

namespace cybexd::store {
namespace {

bson users_filter() {
  bson_list types;
  for (const auto type : user_types) types.push(type);
  return std::move(bson().add("sub_type", bson().add("$in", types)));
}
bson orgs_filter() { return std::move(bson().add("sub_type", org_type)); }

/// The bytes of `_id`, whatever its type, to compare.
std::string id_of(const bson& stored) {
  bson id;
  id.add_field("_id", stored.view());
  return std::string(id.view().bytes());
}

class mongodb_identity final : public identity_store {
 public:
  mongodb_identity(mongodb_collection documents, const store_ties& ties, bool read_only)
      : documents_(std::move(documents)),
        ties_(ties),
        read_only_(read_only),
        log_(documents_),
        changes_(documents_, log_, ties) {}

  expected<void> apply(const identity_change& change) override {
    if (auto ready = ready_(); !ready) return ready;
    if (change.put.empty() && change.replace.empty() && change.erase.empty() && change.as_read.empty())
      return apply_token(change);
    return changes_.run(change, [&](const std::string& name) -> expected<std::vector<identity_step>> {
      return plan(documents_, change, name);
    });
  }

  expected<std::optional<document>> get(const hash256& hash) override {
    if (auto ready = ready_(); !ready) return fail(ready.error());
    auto stored = stored_with(documents_, by_hash(hash), {}, "identity: get");
    if (!stored) return fail(stored.error());
    if (stored->empty()) return std::optional<document>();
    auto d = read_document(stored->front().view(), hidden_fields);
    if (!d) return fail(d.error());
    return std::optional(std::move(*d));
  }

  expected<std::optional<document>> user_by_email(const std::string& email) override {
    std::vector<hash256> hashes;
    for (const auto type : user_types) hashes.push_back(hash_of_name(type, email));
    auto found = documents(by_hashes(hashes), "identity: find", facts::is_user);
    if (!found) return fail(found.error());
    return found->empty() ? std::nullopt : std::optional(std::move(found->front()));
  }

  expected<std::optional<document>> org_by_name(const std::string& orgname) override {
    auto found = documents(by_hash(hash_of_name(org_type, orgname)), "identity: find", facts::is_org);
    if (!found) return fail(found.error());
    return found->empty() ? std::nullopt : std::optional(std::move(found->front()));
  }

  expected<std::vector<document>> users() override {
    return documents(users_filter(), "identity: users", facts::is_user);
  }
  expected<std::vector<document>> orgs() override {
    return documents(orgs_filter(), "identity: organisations", facts::is_org);
  }

  expected<std::vector<document>> orgs_with(const hash256& user) override {
    bson_list anywhere;
    for (const auto list : {"_acl", "_usr_ref", "_adm_ref"})
      anywhere.push(bson().add(list, crypto::to_hex(user)));
    auto filter = orgs_filter();
    filter.add("$or", anywhere);
    return documents(filter, "identity: organisations", [&](const document& d) {
      const auto members = facts::members_of(d);
      return facts::is_org(d) && std::binary_search(members.begin(), members.end(), user);
    });
  }

  expected<std::vector<std::string>> visible_orgs(const hash256& user) override {
    if (auto ready = ready_(); !ready) return fail(ready.error());
    auto filter = orgs_filter();
    filter.add("_acl", crypto::to_hex(user));
    const auto projection = bson().add("_hash", 1).add("_acl", 1);
    auto stored = counting(filter, projection, "identity: visible organisations");
    if (!stored) return fail(stored.error());
    std::vector<std::string> visible;
    for (const auto& one : *stored) visible.emplace_back(one.find("_hash").text().value_or(""));
    return visible;
  }

  expected<std::optional<token_record>> token(const std::string& jti) override { return log_.token(jti); }
  expected<std::vector<token_record>> tokens() override { return log_.tokens(); }
  expected<std::vector<audit_line>> audit(std::size_t newest) override { return log_.lines(newest); }

  expected<void> each(const std::function<bool(const document&)>& visit) override {
    if (auto ready = ready_(); !ready) return ready;
    return each_document(documents_, hidden_fields, visit, "identity: each");
  }
  expected<void> each_token(const std::function<bool(const token_record&)>& visit) override {
    return log_.each_token(visit);
  }
  expected<void> each_line(const std::function<bool(const audit_line&)>& visit) override {
    return log_.each_line(visit);
  }

  expected<void> check(const check_listener& listener) override {
    if (auto ready = ready_(); !ready) return ready;
    return tell_doubles(documents_, listener, "identity: check");
  }

  /// In this order, so that what was cut short is seen to be unfinished when it is done again.
  expected<void> adopt(const identity_adoption& what) override {
    if (auto ready = ready_(); !ready) return ready;
    const auto began = std::chrono::steady_clock::now();
    if (auto done = log_.adopt(what.lines); !done) return done;
    if (auto done = replace(what); !done) return done;
    if (auto done = log_.adopt(what.tokens); !done) return done;
    ties_.committed("identity", began, 1);
    return {};
  }

 private:
  expected<void> make_indexes() {
    const std::vector<index_wish> wishes{{"_hash_1", std::move(bson().add("_hash", 1)), true, {}},
                                         {"sub_type_1", std::move(bson().add("sub_type", 1)), false, {}},
                                         {"_acl_1", std::move(bson().add("_acl", 1)), false, {}},
                                         {"_usr_ref_1", std::move(bson().add("_usr_ref", 1)), false, {}},
                                         {"_adm_ref_1", std::move(bson().add("_adm_ref", 1)), false, {}}};
    return documents_.make_indexes(wishes, *ties_.say, "identity: indexes");
  }

  expected<void> prepare() {
    if (read_only_) return documents_.tell_missing_index("_hash", *ties_.say, "identity: indexes");
    if (auto made = make_indexes(); !made) return made;
    auto unique = has_unique_index(documents_, "_hash", "identity: indexes");
    if (!unique) return fail(unique.error());
    no_doubles_ = *unique;
    return changes_.finish_left_behind();
  }

  /// Documents as they are, in the place of those that are there.
  expected<void> replace(const identity_adoption& what) {
    bulk_write gone, here;
    for (const auto& hash : what.erase) (void)gone.remove_many(by_hash(hash));
    for (const auto& d : what.documents) {
      auto fields = tahoe::to_value(d);
      fields.erase("_hash");  // comes with the filter
      auto set = bson::from(fields);
      if (!set) return fail(set.error());
      const auto change = bson().add("$set", *set).add("$unset", bson().add(change_field, ""));
      if (!here.update_one(by_hash(d.hash), change, upsert::yes))
        return fail(failure::too_large, "identity: the document " + crypto::to_hex(d.hash) +
                                            " is over MongoDB's limit of 16 MiB");
    }
    for (auto* writes : {&gone, &here}) {
      if (writes->count() == 0) continue;
      auto done = documents_.write(std::move(*writes), "identity: adopt");
      if (!done) return fail(done.error());
      if (!done->faults.empty()) return fail(done->faults.front().problem);
    }
    return {};
  }

  /// No document changes, so no lock is needed: logins of many servers at once. The line comes first, so that
  /// nothing happens without one.
  expected<void> apply_token(const identity_change& change) {
    const auto began = std::chrono::steady_clock::now();
    if (auto told = log_.append(change.audit); !told) return told;
    if (change.token)
      if (auto put = log_.put(*change.token); !put) return put;
    if (auto gone = log_.forget(change.forget); !gone) return gone;
    ties_.committed("identity", began, 1);
    return {};
  }

  /// Of what a filter finds, the documents that count.
  expected<std::vector<bson>> counting(const bson& filter, const bson& projection, std::string_view what) {
    auto found = stored_with(documents_, filter, projection, what);
    if (!found || found->empty() || no_doubles_) return found;
    std::vector<hash256> hashes;
    std::set<std::string> ids;  // as they are stored
    for (const auto& one : *found) {
      if (const auto hash = hash_of(one.view())) hashes.push_back(*hash);
      ids.insert(id_of(one));
    }
    auto all = stored_with(documents_, by_hashes(hashes), projection, what);
    if (!all) return all;
    keep_first_of_each(*all);
    std::erase_if(*all, [&](const bson& one) { return !ids.contains(id_of(one)); });
    return all;
  }

  /// What cannot be read is no user or organisation, and stands in nobody's way.
  template <class Test>
  expected<std::vector<document>> documents(const bson& filter, std::string_view what, Test test) {
    if (auto ready = ready_(); !ready) return fail(ready.error());
    auto stored = counting(filter, {}, what);
    if (!stored) return fail(stored.error());
    std::vector<document> some;
    for (const auto& one : *stored) {
      auto d = read_document(one.view(), hidden_fields);
      if (!d && !said_.exchange(true))
        ties_.say->say("a document of " + documents_.full_name() + " is left out: " + d.error().text);
      if (d && test(*d)) some.push_back(std::move(*d));
    }
    return some;
  }

  mongodb_collection documents_;
  store_ties ties_;
  bool read_only_;
  identity_log log_;
  identity_changes changes_;
  bool no_doubles_ = false;  // set before anything is read
  std::atomic<bool> said_{false};
  once_ready ready_{[this] { return prepare(); }};
};

}  // namespace

expected<std::shared_ptr<identity_store>> make_mongodb_identity(const mongodb_place& place,
                                                                const store_ties& ties) {
  mongodb_options options;
  options.url = place.url;
  auto home = mongodb_home::open(options);
  if (!home) return fail(home.error());
  return std::make_shared<mongodb_identity>(mongodb_collection(*home, place.db, place.coll), ties,
                                            place.read_only);
}

}  // namespace cybexd::store
