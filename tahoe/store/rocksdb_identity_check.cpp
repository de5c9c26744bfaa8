// Compares the rows that file users and organisations with the documents.
#include <rocksdb/db.h>

#include "tahoe/store/document_row.hpp"
#include "tahoe/store/identity_rows.hpp"
#include "tahoe/store/rocksdb_snapshot.hpp"
#include "tahoe/store/rocksdb_stores.hpp"
#include "tahoe/store/row.hpp"

namespace cybexd::store {
namespace {

/// The document that a row is about; nothing where the row is damaged.
std::optional<hash256> filed(std::string_view key, std::string_view row) {
  if (key.starts_with('u') || key.starts_with('o')) return hash_at(row);
  constexpr std::size_t user = 32;
  return key.size() == 1 + 2 * user ? hash_at(key.substr(1 + user)) : std::nullopt;
}

std::string shown_key(std::string_view key) {
  const auto rest = key.substr(1);
  return std::string(1, key.front()) + " " +
         (key.starts_with('u') || key.starts_with('o') ? std::string(rest) : crypto::to_hex(rest));
}

}  // namespace

expected<void> check_identity_rows(rocksdb_home& home, const check_listener& listener) {
  const auto& complain = listener.complain;
  std::uint64_t looked_at = 0;
  expected<void> goes_on;
  const rocksdb_snapshot now(home);
  std::optional<error> trouble;
  auto done =
      each_row(home, family::identity_docs, "", now.get(), [&](std::string_view key, std::string_view row) {
        goes_on = listener.tell("identity rows", ++looked_at, 0);
        if (!goes_on) return false;
        const auto hash = hash_at(key).value_or(hash256{});
        const auto d = document_from_row(hash, row);
        if (!d) complain(d.error().text);
        if (!d) return true;
        for (const auto& [name, wanted] : identity_index_rows(*d)) {
          auto there = home.get(family::identity_index, name, "identity: check", now.get());
          if (!there) trouble = there.error();
          if (there && *there != std::optional(wanted))
            complain("document " + crypto::to_hex(hash) + " is not filed under " + shown_key(name));
        }
        return !trouble.has_value();
      });
  if (!done) return done;
  if (trouble) return fail(*trouble);
  if (!goes_on) return goes_on;
  for (const std::string_view letter : {"u", "o", "v", "m"}) {
    done = each_row(home, family::identity_index, letter, now.get(),
                    [&](std::string_view rest, std::string_view row) {
                      goes_on = listener.tell("identity rows", ++looked_at, 0);
                      if (!goes_on) return false;
                      const auto key = std::string(letter) + std::string(rest);
                      const auto hash = filed(key, row);
                      auto d = hash ? read_document(home, family::identity_docs, *hash, now.get())
                                    : expected<std::optional<document>>(std::nullopt);
                      if (!d || !*d || !identity_index_rows(**d).contains(key))
                        complain("a row names " + shown_key(key) + ", and no document says so");
                      return true;
                    });
    if (!done) return done;
    if (!goes_on) return goes_on;
  }
  return {};
}

}  // namespace cybexd::store
