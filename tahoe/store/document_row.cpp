#include "tahoe/store/document_row.hpp"

#include <rocksdb/db.h>

#include "tahoe/bson.hpp"
#include "tahoe/store/rocksdb_snapshot.hpp"
#include "tahoe/store/row.hpp"

namespace cybexd::store {

expected<std::string> document_to_row(const tahoe::document& d) { return tahoe::to_bson(tahoe::to_value(d)); }

expected<tahoe::document> document_from_row(const tahoe::hash256& hash, std::string_view row) {
  const auto broken = [&](const std::string& why) {
    return fail(failure::corrupt, "store: document " + crypto::to_hex(hash) + " cannot be read: " + why);
  };
  auto value = tahoe::from_bson(row);
  if (!value) return broken(value.error().text);
  auto document = tahoe::from_value(*value);
  if (!document) return broken(document.error().text);
  return document;
}

expected<std::optional<tahoe::document>> read_document(rocksdb_home& home, family f,
                                                       const tahoe::hash256& hash,
                                                       const rocksdb::Snapshot* at) {
  auto row = home.get(f, hash.view(), "store: read", at);
  if (!row) return fail(row.error());
  if (!*row) return std::optional<tahoe::document>();
  auto document = document_from_row(hash, **row);
  if (!document) return fail(document.error());
  return std::optional(std::move(*document));
}

expected<void> each_row(rocksdb_home& home, family f, std::string_view prefix, const rocksdb::Snapshot* at,
                        const std::function<bool(std::string_view, std::string_view)>& visit) {
  rocksdb::ReadOptions options;
  options.snapshot = at;
  const std::unique_ptr<rocksdb::Iterator> rows(home.db().NewIterator(options, home.handle(f)));
  for (rows->Seek(rocksdb::Slice(prefix.data(), prefix.size())); rows->Valid(); rows->Next()) {
    const std::string_view key(rows->key().data(), rows->key().size());
    if (!key.starts_with(prefix)) break;
    if (!visit(key.substr(prefix.size()), {rows->value().data(), rows->value().size()})) break;
  }
  if (!rows->status().ok()) return fail(to_error(rows->status(), "store: read"));
  return {};
}

expected<void> each_document(rocksdb_home& home, family f,
                             const std::function<bool(const tahoe::document&)>& visit) {
  const rocksdb_snapshot now(home);
  std::optional<error> trouble;
  auto done = each_row(home, f, "", now.get(), [&](std::string_view key, std::string_view row) {
    auto document = document_from_row(hash_at(key).value_or(tahoe::hash256{}), row);
    if (!document) trouble = document.error();
    return document && visit(*document);
  });
  if (!done) return done;
  if (trouble) return fail(*trouble);
  return {};
}

}  // namespace cybexd::store
