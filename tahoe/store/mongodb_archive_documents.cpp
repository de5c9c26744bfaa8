#include "tahoe/store/mongodb_archive_documents.hpp"

#include <algorithm>

#include "tahoe/store/archive_rules.hpp"

namespace cybexd::store::mongodb_archive {
namespace {

using tahoe::itype;

tl::unexpected<error> unreadable(const bson_view& stored, const std::string& why) {
  const auto id = stored.find("_id").id();
  const auto hash = stored.find("_hash").text();
  return fail(failure::corrupt, "archive: the document with _id " + (id ? id->to_hex() : "of another kind") +
                                    (hash ? " and _hash " + std::string(hash->substr(0, 64)) : "") +
                                    " cannot be read: " + why);
}

void add_all(std::vector<hash256>& into, const std::vector<hash256>& more) {
  into.insert(into.end(), more.begin(), more.end());
  archive_rules::normalise(into);
}

void add_all(std::vector<std::string>& into, const std::vector<std::string>& more) {
  for (const auto& one : more)
    if (std::find(into.begin(), into.end(), one) == into.end()) into.push_back(one);
}

/// The filters that ran for an organisation, in a document that may name it as first or later submitter.
std::vector<std::string>& filters_for(document& raw, const std::string& orgid, const std::string& timezone) {
  if (raw.orgid == orgid) return raw.filters;
  for (auto& s : raw.submissions)
    if (s.orgid == orgid) return s.filters;
  return raw.submissions.emplace_back(tahoe::raw_submission{orgid, timezone, {}}).filters;
}

void join_raw(document& first, const document& again) {
  add_all(filters_for(first, again.orgid, again.timezone), again.filters);
  for (const auto& s : again.submissions) add_all(filters_for(first, s.orgid, s.timezone), s.filters);
  add_all(first.ref, again.ref);
  if (first.valid == false && again.valid != false) {
    first.valid = again.valid;
    first.reason.clear();
  }
  for (const auto& [key, field] : again.extra) {
    const auto same = [&, &name = key](const auto& member) { return member.first == name; };
    if (std::none_of(first.extra.begin(), first.extra.end(), same)) first.extra.emplace_back(key, field);
  }
}

}  // namespace

expected<bson> to_stored(const document& d) { return bson::from(tahoe::to_value(d)); }

expected<document> from_stored(const bson_view& stored) {
  auto json = stored.to_value();
  if (!json) return unreadable(stored, json.error().text);
  json->erase("_id");
  const auto* kind = json->find("itype");
  const bool raw = kind != nullptr && kind->text() != nullptr && *kind->text() == to_string(itype::raw);
  if (raw && json->find("data") == nullptr) json->set("data", tahoe::value());
  auto d = tahoe::from_value(*json);
  if (!d) return unreadable(stored, d.error().text);
  return d;
}

void join_double(document& first, const document& again) {
  if (first.kind != again.kind) return;
  if (first.kind == itype::event) {
    archive_rules::merge_event(first, again);
  } else if (first.kind == itype::session) {
    add_all(first.ref, again.ref);
    archive_rules::merge_times(first, again);
  } else if (first.kind == itype::raw) {
    join_raw(first, again);
  }
}

bson_list hex_list(std::span<const hash256> hashes) {
  bson_list list;
  for (const auto& hash : hashes) list.push(crypto::to_hex(hash));
  return list;
}

std::optional<hash256> hash_in(const bson_element& field) {
  const auto text = field.text();
  return text ? crypto::hash_from_hex(*text) : std::nullopt;
}

}  // namespace cybexd::store::mongodb_archive
