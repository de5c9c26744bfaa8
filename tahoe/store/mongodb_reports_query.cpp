#include "tahoe/store/mongodb_reports_query.hpp"

#include <algorithm>
#include <array>

#include "tahoe/store/document_facts.hpp"

namespace cybexd::store {
namespace {

using tahoe::array;
using tahoe::object;
using tahoe::value;

constexpr std::string_view own_prefix = "_cybexd_";
/// The children that the server changes.
constexpr std::array<std::string_view, 2> changed_children{"status", "report_id"};

std::optional<query_claim> claim_in(const bson_view& stored) {
  const auto owner = stored.find(owner_field).text();
  const auto deadline = stored.find(until_field).number();
  if (!owner || !deadline) return std::nullopt;
  return query_claim{std::string(*owner), *deadline};
}

bool contains(const std::vector<hash256>& list, const hash256& hash) {
  return std::find(list.begin(), list.end(), hash) != list.end();
}

/// The hashes of a child's attributes.
std::vector<hash256> hashes_of(const document& query, std::string_view child) {
  std::vector<hash256> hashes;
  const auto* list = query.data.find(child);
  const auto* items = list == nullptr ? nullptr : list->get_if<array>();
  if (items == nullptr) return hashes;
  for (const auto& item : *items) {
    if (!item.is_scalar()) continue;
    if (const auto made = tahoe::make_attribute(std::string(child), item)) hashes.push_back(made->hash);
  }
  return hashes;
}

std::vector<hash256> status_hashes() {
  std::vector<hash256> all;
  for (const auto status : {"invalid", "wait", "processing", "ready", "failed"})
    all.push_back(status_hash(status));
  return all;
}

value exchanged(std::vector<hash256> list, const std::vector<hash256>& gone,
                const std::vector<hash256>& come) {
  std::erase_if(list, [&](const hash256& hash) { return contains(gone, hash); });
  for (const auto& hash : come)
    if (!contains(list, hash)) list.push_back(hash);
  array texts;
  for (const auto& hash : list) texts.emplace_back(crypto::to_hex(hash));
  return value(std::move(texts));
}

}  // namespace

hash256 status_hash(std::string_view status) {
  return tahoe::make_attribute("status", value(status)).value().hash;
}

expected<stored_query> read_query(const bson_view& stored) {
  auto d = read_document(stored, claim_fields);
  if (!d) return fail(d.error());
  stored_query out{std::move(*d), claim_in(stored), false};
  out.waits = contains(out.query.cref, status_hash("wait"));
  return out;
}

bson claim_fields_of(const query_claim& claim, double ahead) {
  return std::move(bson().add(owner_field, claim.owner).add(until_field, claim.deadline + ahead));
}

bool holds(const query_update& update, const stored_query& stored, double ahead) {
  if (update.only_if_status && facts::state_of(stored.query).status != *update.only_if_status) return false;
  if (update.only_if_claimed_by && (!stored.claim || stored.claim->owner != *update.only_if_claimed_by))
    return false;
  return !update.only_if_claim_free_at || !stored.claim || stored.waits ||
         stored.claim->deadline < *update.only_if_claim_free_at + ahead;
}

bson unchanged(const bson_view& stored) {
  bson filter;
  filter.add_field("_id", stored);
  for (const auto field : {std::string_view("_cref"), std::string_view("_ref"), owner_field, until_field})
    add_as_stored(filter, field, stored);
  if (!is_object(stored.find("data"))) {
    add_as_stored(filter, "data", stored);
    return filter;
  }
  for (const auto child : changed_children) add_as_stored(filter, "data." + std::string(child), stored);
  return filter;
}

expected<bson> change_of(const query_update& update, const bson_view& stored, const stored_query& query,
                         double ahead) {
  std::vector<hash256> gone, come;
  if (update.query.data.find("status") != nullptr) gone = status_hashes();  // whichever `_cref` holds
  object set, data;
  for (const auto child : changed_children) {
    const auto* list = update.query.data.find(child);
    if (list == nullptr) continue;
    data.emplace_back(child, *list);
    for (const auto& hash : hashes_of(query.query, child)) gone.push_back(hash);
    for (const auto& hash : hashes_of(update.query, child)) come.push_back(hash);
  }
  if (is_object(stored.find("data"))) {
    for (auto& [child, list] : data) set.emplace_back("data." + child, std::move(list));
  } else {
    set.emplace_back("data", std::move(data));
  }
  set.emplace_back("_cref", exchanged(query.query.cref, gone, come));
  set.emplace_back("_ref", exchanged(query.query.ref, gone, come));
  for (const auto& field : update.query.extra) {
    const auto& there = query.query.extra;
    if (field.first.starts_with(own_prefix) && std::find(there.begin(), there.end(), field) == there.end())
      set.push_back(field);
  }
  auto fields = bson::from(value(std::move(set)));
  if (!fields) return fail(fields.error());
  if (update.claim) fields->add_all(claim_fields_of(*update.claim, ahead).view());
  return std::move(bson().add("$set", *fields));
}

}  // namespace cybexd::store
