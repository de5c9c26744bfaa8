#pragma once
// TAHOE documents in a MongoDB collection, as the reports and identities keep them: under their `_hash`,
// which old data may hold twice. Internal to tahoe/store/.
//
// Of doubles the one that the server finds first counts, since it is the one that CYBEX-P's own modules find
// and change. What we change in it we change in the others too.
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tahoe/document.hpp"
#include "tahoe/store/check_listener.hpp"
#include "tahoe/store/mongodb_collection.hpp"

namespace cybexd::store {

using tahoe::document;
using tahoe::hash256;

/// `{"_hash": hex}`
[[nodiscard]] bson by_hash(const hash256& hash);
/// `{"_hash": {"$in": [...]}}`
[[nodiscard]] bson by_hashes(std::span<const hash256> hashes);
/// Nothing where the document has no valid `_hash`.
[[nodiscard]] std::optional<hash256> hash_of(const bson_view& stored);

/// A stored document as ours, without `_id` and the fields named in `hidden`. Of an object as much as there
/// is is read, whoever wrote it: lists that are none or hold no hashes lose these items, `data` that is no
/// object is an empty one. Errors: corrupt.
[[nodiscard]] expected<document> read_document(const bson_view& stored,
                                               std::span<const std::string_view> hidden = {});

/// The documents that a filter finds, by hash, then the one that counts first.
[[nodiscard]] expected<std::vector<bson>> stored_with(const mongodb_collection& in, const bson& filter,
                                                      const bson& projection, std::string_view what);

/// Of documents in that order, the one that counts of each hash.
void keep_first_of_each(std::vector<bson>& by_hash);
/// Whether the collection has a unique index on that field alone, so that there are no doubles. Errors:
/// unavailable.
[[nodiscard]] expected<bool> has_unique_index(const mongodb_collection& on, std::string_view field,
                                              std::string_view what);

/// What `verify` asks: complains of an index over `_hash` that is not unique, and of each `_hash` that stands
/// there more than once; walks over all documents, also those that are none of TAHOE's. Errors: unavailable,
/// cancelled.
[[nodiscard]] expected<void> tell_doubles(const mongodb_collection& in, const check_listener& listener,
                                          std::string_view what);

/// Writes that are done one after the other; the first that fails ends them. What is put is there before what
/// comes after it.
class ordered_writes {
 public:
  /// Put if absent. `own` are fields besides. Errors: too_large, bad_input.
  [[nodiscard]] expected<void> put(const document& d, const bson& own = {});
  void update(bson filter, bson change);
  [[nodiscard]] bool empty() const { return all_.empty(); }

  struct result {
    std::size_t done = 0;   ///< Writes that found or put their document.
    bool put_last = false;  ///< The last write put its document.
  };
  /// One command, where no two servers put the same at the same time. Errors: as to_error.
  [[nodiscard]] expected<result> write(const mongodb_collection& to, std::string_view what) const;

 private:
  struct one {
    bson filter, change;
    upsert how;
  };
  std::vector<one> all_;
};

/// Adds `path: {"$eq": the field as it is stored}`, or that it does not exist. Takes any type.
void add_as_stored(bson& filter, std::string_view path, const bson_view& stored);
/// An embedded document, and no array.
[[nodiscard]] bool is_object(const bson_element& field);

/// Every document that has a hash, once, by ascending hash, a few hundred an answer. What is put meanwhile
/// may be among them. What cannot be read is left out, and said by the error at the end: corrupt.
[[nodiscard]] expected<void> each_document(const mongodb_collection& in,
                                           std::span<const std::string_view> hidden,
                                           const std::function<bool(const document&)>& visit,
                                           std::string_view what);

}  // namespace cybexd::store
