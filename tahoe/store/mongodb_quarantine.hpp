#pragma once
// The quarantine of the lake on MongoDB: a collection of its own, `COLL_cybexd_quarantine`. Internal to
// tahoe/store/.
//
// One document for each reason for which an entry, or lines of it, is there:
//
//   {_id: ObjectId, entry: ObjectId, reason: text, lines: [{number: int, reason: text}], since: double}
//
// `lines` holds the first `listed_lines` of an NDJSON entry and is absent of a whole one; `since` is Unix
// seconds by the database's clock. The entry bears what CYBEX-P knows of it (`skip`, `skip_reason`) and its
// place in the books, so it is the entry that says whether it is in quarantine still.
//
// Order of writes: a document is there before the mark of its entry, and goes after the entry was marked
// otherwise, and only one that was there before that. A crash, or another server at the same moment, may
// leave one that nobody needs, or an entry without one: readers ask the entry, and whoever lists all of them
// mends both.
#include <span>
#include <string>
#include <vector>

#include "tahoe/store/cache_lake.hpp"
#include "tahoe/store/mongodb_collection.hpp"

namespace cybexd::store {

class mongodb_quarantine {
 public:
  explicit mongodb_quarantine(mongodb_collection documents) : documents_(std::move(documents)) {}

  // Errors of all: unavailable.
  [[nodiscard]] expected<void> make_indexes(notices& say) const;
  /// Marks that are quarantined, with the ids of their entries.
  struct newcomer {
    object_id entry;
    const entry_mark* mark;
  };
  /// One that is there already for the same reason stays, since then.
  [[nodiscard]] expected<void> add(std::span<const newcomer> some, double since) const;
  struct named {
    object_id id, entry;
    std::string reason;
    /// Whether `add` of that mark leaves it there.
    [[nodiscard]] bool is_of(const newcomer& one) const;
  };
  /// Documents about these entries, which may go once the entries are marked otherwise.
  [[nodiscard]] expected<std::vector<named>> about(std::span<const object_id> entries) const;
  [[nodiscard]] expected<void> remove(std::span<const object_id> documents) const;
  [[nodiscard]] expected<void> remove(std::span<const named> documents) const;
  /// Entries in ascending order after `after`, each once; about `limit`, and none only where there are none.
  [[nodiscard]] expected<std::vector<object_id>> entries(const object_id& after, std::size_t limit) const;

 private:
  mongodb_collection documents_;
};

}  // namespace cybexd::store
