#include "tahoe/store/mongodb_archive_nodes.hpp"

#include <algorithm>
#include <cmath>

#include "tahoe/store/archive_rules.hpp"
#include "tahoe/store/mongodb_archive_documents.hpp"

namespace cybexd::store::mongodb_archive {

node nodes::number(const hash256& hash) {
  const auto [at, fresh] = numbers_.try_emplace(hash, hashes_.size());
  if (fresh) {
    hashes_.push_back(hash);
    kinds_.push_back(kind::unknown);
  }
  return at->second;
}

const hash256* nodes::hash_of(node number) const {
  return number < hashes_.size() ? &hashes_[static_cast<std::size_t>(number)] : nullptr;
}

expected<nodes::reading> nodes::read(const bson_view& event) {
  reading r;
  const auto hash = hash_in(event.find("_hash"));
  const auto timestamp = event.find("timestamp").number();
  const auto category = tahoe::category_from(event.find("category").text().value_or("unknown"));
  if (!hash || !timestamp || !std::isfinite(*timestamp) || !category)
    return fail(failure::corrupt, "archive: the event with _hash " +
                                      (hash ? crypto::to_hex(*hash) : std::string("of another kind")) +
                                      " cannot be read: _hash, timestamp or category is not usable");
  const auto before = count();
  r.facts.id = number(*hash);
  if (count() > before) events_.push_back(r.facts.id);
  r.facts.timestamp = *timestamp;
  r.facts.category = *category;
  r.orgid = event.find("orgid").text().value_or("");
  if (const auto refs = event.find("_ref").document())
    refs->each([&](const bson_element& ref) {
      if (const auto part = hash_in(ref)) r.parts.push_back(*part);
      return true;
    });
  archive_rules::normalise(r.parts);
  const auto unknown = [&](const hash256& part) { return kinds_[number(part)] == kind::unknown; };
  if (std::any_of(r.parts.begin(), r.parts.end(), unknown)) learn(event, r.parts);
  std::copy_if(r.parts.begin(), r.parts.end(), std::back_inserter(r.unsure), unknown);
  return r;
}

/// A hash that the event's data leads to is what it was made as: attribute or object.
void nodes::learn(const bson_view& event, const std::vector<hash256>& parts) {
  const auto data = event.find("data").document();
  if (!data) return;
  const auto value = data->to_value();
  if (!value) return;
  const auto made = archive_rules::parts_of(*value);
  for (const auto& part : parts) {
    if (made.attributes.contains(part)) note(part, true);
    if (made.objects.contains(part)) note(part, false);
  }
}

void nodes::note(const hash256& part, bool attribute) {
  kinds_[number(part)] = attribute ? kind::attribute : kind::other;
}

event_facts nodes::facts(reading&& of) {
  for (const auto& part : of.parts)
    if (const auto n = number(part); kinds_[n] == kind::attribute) of.facts.attributes.push_back(n);
  return std::move(of.facts);
}

bson facts_only() {
  bson fields;
  for (const auto* name : {"_hash", "timestamp", "category", "orgid", "_ref", "data"}) fields.add(name, 1);
  return fields.add("_id", 0);
}

}  // namespace cybexd::store::mongodb_archive
