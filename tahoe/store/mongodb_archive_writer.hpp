#pragma once
// Writes to the archive's collection, in few commands and in an order that makes a crash between any two of
// them harmless: attributes, objects and events, sessions (those that may refuse an event before it), then
// the raw documents that say that all this was done. Internal to tahoe/store/.
//
// What is absent is inserted unordered; that it was there already (E11000 of the unique index over `_hash`)
// is success, and means what an upsert that only inserts would have meant, at less than half of its cost.
// Where that index is not unique, such upserts are sent. What is there already changes by the updates of
// `mongodb_archive_changes.hpp`. So the whole may be sent again, by any server, and changes nothing then.
#include <map>
#include <span>
#include <string>
#include <unordered_set>
#include <vector>

#include "tahoe/store/archive_store.hpp"
#include "tahoe/store/mongodb_archive_plan.hpp"
#include "tahoe/store/mongodb_collection.hpp"

namespace cybexd::store::mongodb_archive {

/// Of one call; thread safe among each other. Errors: as those of the collection; `what` begins them.
class writer {
 public:
  /// `unique`: there is a unique index over `_hash`.
  writer(const mongodb_collection& documents, bool unique) : documents_(documents), unique_(unique) {}

  [[nodiscard]] expected<std::vector<record_result>> write(std::span<const record_write> records);
  [[nodiscard]] expected<std::vector<import_result>> import(std::span<const document> documents);
  [[nodiscard]] expected<std::vector<import_result>> adopt(std::span<const document> documents);
  /// Raw records, joined of doubles, in which nothing is to be filtered: no double, and no second submission
  /// of one organisation, says otherwise then.
  [[nodiscard]] expected<void> settle(std::span<const document> together);
  /// Raw documents that are of no use, with the reason for each.
  [[nodiscard]] expected<void> give_up(std::map<hash256, std::string> refused);

 private:
  struct sent {
    std::vector<char> made;     ///< For each: whether it was inserted.
    std::uint64_t matched = 0;  ///< Changes that found their document.
    std::vector<write_fault> faults;
  };
  [[nodiscard]] expected<sent> put_absent(std::span<const bson* const> documents, std::string_view what);
  /// The same where every one must go well.
  [[nodiscard]] expected<sent> put_all(const std::vector<bson>& documents, std::string_view what);
  [[nodiscard]] expected<sent> send(std::span<const change> changes, std::string_view what);
  [[nodiscard]] expected<sent> send_once(std::span<const change> changes, std::string_view what);
  [[nodiscard]] expected<void> refuse(const sent& done, const std::vector<hash256>& hashes);

  /// What a document that is stored gains from another archive's, but for a session's times.
  [[nodiscard]] expected<std::vector<change>> gained(const document& d) const;
  [[nodiscard]] expected<void> read_raws(std::span<const hash256> hashes);
  [[nodiscard]] expected<void> claim(std::span<const record_write> records, const archive_plan& plan);
  [[nodiscard]] expected<std::vector<hash256>> put_claimed(const std::map<hash256, document>& fresh);
  /// What the sessions refuse is known after that, as far as it can be known before the rest is written.
  [[nodiscard]] expected<void> ask_sessions(const archive_plan& plan);
  [[nodiscard]] expected<void> put_parts(const archive_plan& plan);
  /// With `changes` of the documents that are named by `of`, which go out with the sessions.
  [[nodiscard]] expected<void> put_sessions(const archive_plan& plan, std::vector<change> changes,
                                            std::vector<hash256> of);
  [[nodiscard]] expected<std::vector<const document*>> join_sessions(const archive_plan& plan,
                                                                     std::vector<change> changes,
                                                                     std::vector<hash256> of, bool doubtful);
  struct stored_times {
    bson as_stored;  ///< `_hash` and the times, of the first of doubles.
    document of_first;
    document times;  ///< Of all doubles.
  };
  using times_by_hash = std::unordered_map<hash256, stored_times>;
  /// The times of sessions that are stored become the widest of those there and these. What holds them
  /// already costs no change.
  [[nodiscard]] expected<void> widen_times(std::vector<const document*> sessions, times_by_hash stored);
  [[nodiscard]] expected<times_by_hash> read_times(std::span<const document* const> sessions);
  /// The raw documents that another server made in between; they are read again.
  [[nodiscard]] expected<std::vector<const planned_raw*>> put_raws(const archive_plan& plan);
  [[nodiscard]] expected<std::vector<const planned_raw*>> insert_raws(
      const std::vector<const planned_raw*>& fresh);
  /// False: what they mean may not all be noted; send the changes themselves, too.
  [[nodiscard]] expected<bool> send_alike(const std::vector<const first_note*>& notes);
  [[nodiscard]] expected<void> change_raws(const std::vector<const planned_raw*>& stored);

  const mongodb_collection& documents_;
  bool unique_;
  stored_raws stored_;
  refusals refused_;
  std::unordered_set<hash256> doubtful_;  ///< Sessions that may refuse what joins them.
  times_by_hash times_;                   ///< Of the sessions that were there before this write.
};

}  // namespace cybexd::store::mongodb_archive
