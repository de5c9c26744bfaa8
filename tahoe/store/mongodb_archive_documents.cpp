#include "tahoe/store/mongodb_archive_documents.hpp"

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

/// Fields that other modules may leave null where they have nothing to say.
void forget_nulls(tahoe::value& json) {
  for (const auto* field : {"_cref", "_ref", "_ben_ref", "_mal_ref", "category", "filters", "timezone",
                            "_valid", "start_time", "end_time", "duration"})
    if (const auto* there = json.find(field); there != nullptr && there->is_null()) json.erase(field);
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
  forget_nulls(*json);
  auto d = tahoe::from_value(*json);
  if (!d) return unreadable(stored, d.error().text);
  return d;
}

void join_double(document& first, const document& again) {
  if (first.kind != again.kind) return;
  if (first.kind == itype::event) archive_rules::merge_event(first, again);
  if (first.kind == itype::session) archive_rules::merge_session(first, again);
  if (first.kind == itype::raw) archive_rules::merge_raw(first, again);
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
