#pragma once
// The cache data lake on MongoDB, shared with the original's API and with other servers. Internal to
// tahoe/store/ and its tests. What an entry looks like stands in mongodb_lake_entry.hpp, files in
// mongodb_lake_files.hpp.
//
// Order of writes: files before the entry that names them, of a file its head before its chunks; the mark
// before the file of an archived entry is removed, of a file its chunks before its head. A crash in between
// leaves a file, or some of it, that nobody needs, but never without its head; once after each start, when
// nothing is to be taken, such files are looked for by their heads and removed, some at a time.
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tahoe/store/claim_window.hpp"
#include "tahoe/store/mongodb_claims.hpp"
#include "tahoe/store/mongodb_clock.hpp"
#include "tahoe/store/mongodb_lake_books.hpp"
#include "tahoe/store/mongodb_lake_entry.hpp"
#include "tahoe/store/mongodb_lake_files.hpp"
#include "tahoe/store/mongodb_quarantine.hpp"
#include "tahoe/store/mongodb_stores.hpp"

namespace cybexd::store {

class mongodb_lake final : public cache_lake {
 public:
  [[nodiscard]] static expected<std::shared_ptr<mongodb_lake>> open(const mongodb_place& place,
                                                                    const mongodb_lake_options& options,
                                                                    const store_ties& ties);

  expected<std::vector<entry_id>> put(std::span<const new_entry> entries) override;
  expected<std::vector<lake_entry>> take(const take_limits& limits) override;
  expected<std::optional<double>> seconds_to_a_free_claim() override;
  std::size_t most_in_work() override { return window_.entries(); }
  expected<void> release(std::span<const entry_id> ids) override;
  expected<std::vector<expected<std::string>>> read_files(std::span<const entry_id> ids) override;
  expected<void> mark(std::span<const entry_mark> marks) override;
  expected<lake_books> books() override;
  expected<std::optional<entry_report>> find(const entry_id& id) override;
  expected<std::vector<entry_report>> set_aside(const entry_id& after, std::size_t limit,
                                                bool quarantined_only) override;
  expected<void> retry(std::span<const entry_id> ids) override;
  expected<void> drop(std::span<const entry_id> ids) override;
  expected<std::vector<entry_report>> entries(const entry_id& after, std::size_t limit) override;
  expected<std::vector<bool>> adopted(std::span<const hash256> origins) override;
  expected<void> adopt(std::span<const kept_entry> entries) override;

  /// For tests: renews what is due by the lake's clock.
  void renew_claims() { claims_.renew(); }
  /// For tests: entries that the last look at the books read one by one.
  [[nodiscard]] std::uint64_t entries_looked_at() const { return books_.looked_at(); }

 private:
  struct candidate;
  struct marking_work {  ///< One mark that is to be written.
    held_entry entry;
    entry_mark mark;
    std::vector<lake_document::mark_part> parts;
    bool held = false;     ///< Taken by this server.
    bool overdue = false;  ///< ... but the claim may have ended, and others may have worked on it since.
    std::optional<object_id> file_to_remove;
    /// Filters: the entry, if this mark is for it; the same when others may have had it since.
    [[nodiscard]] bson markable() const;
    [[nodiscard]] bson after_others() const;
    [[nodiscard]] bool plain() const;
  };
  mongodb_lake(mongodb_collection entries, mongodb_collection for_renewal,
               const mongodb_lake_options& options, const store_ties& ties, bool read_only);
  [[nodiscard]] expected<void> prepare();
  /// By which entries that were adopted are found.
  [[nodiscard]] static index_wish origin_index();
  [[nodiscard]] expected<void> flag_what_others_set_aside();
  [[nodiscard]] expected<void> sweep();

  [[nodiscard]] expected<std::map<object_id, lake_document::read_entry>> read_waiting(
      std::span<const object_id> some);
  [[nodiscard]] expected<std::vector<candidate>> remembered(std::size_t wanted, const claims_seen& seen);
  [[nodiscard]] expected<std::vector<candidate>> candidates(const take_limits& limits,
                                                            const claims_seen& seen);
  [[nodiscard]] expected<std::vector<candidate>> look_for(const take_limits& limits,
                                                          const std::set<object_id>& elsewhere);
  [[nodiscard]] expected<void> add_sizes(std::vector<candidate>& some);
  [[nodiscard]] expected<bool> claim(std::vector<candidate>& some, const take_limits& limits,
                                     const claims_seen& seen);
  [[nodiscard]] expected<std::vector<candidate>> find_and_claim(const take_limits& limits);

  [[nodiscard]] expected<std::map<entry_id, bson>> look(std::span<const entry_id> ids, const bson& fields,
                                                        std::string_view what);
  [[nodiscard]] expected<std::map<entry_id, bson>> look_set_aside(std::span<const entry_id> ids,
                                                                  std::string_view what);
  [[nodiscard]] expected<std::vector<marking_work>> prepare_marks(std::span<const entry_mark> marks);
  [[nodiscard]] expected<std::vector<marking_work>> without_others(std::vector<marking_work> works);
  [[nodiscard]] expected<void> write_parts(const std::vector<marking_work>& works);
  [[nodiscard]] static std::vector<entry_id> once_aside(const std::vector<marking_work>& works);
  [[nodiscard]] expected<void> enter_quarantine(const std::vector<marking_work>& works);
  [[nodiscard]] expected<std::vector<object_id>> quarantine_of(std::span<const entry_id> ids);
  static void add_alike(bulk_write& writes, const std::vector<const marking_work*>& works,
                        std::vector<std::vector<const marking_work*>>& statements);
  [[nodiscard]] expected<bool> mark_alike(std::vector<const marking_work*>& left);
  [[nodiscard]] expected<bool> write_marks(const std::vector<marking_work>& works);
  [[nodiscard]] expected<void> remove_archived_files(const std::vector<marking_work>& works, bool all_marked);
  [[nodiscard]] expected<entry_report> report_on(const bson& document);
  [[nodiscard]] expected<std::vector<bson>> all_set_aside(const entry_id& after, std::size_t limit);
  [[nodiscard]] expected<std::vector<bson>> all_quarantined(const entry_id& after, std::size_t limit);

  mongodb_collection entries_, parts_;
  mongodb_files files_;
  mongodb_quarantine quarantine_;
  mongodb_lake_options options_;
  store_ties ties_;
  bool read_only_;
  std::shared_ptr<mongodb_clock> clock_;
  mongodb_claims claims_;
  claim_window window_;
  mongodb_lake_books books_;
  once_ready ready_;
  once_ready adopting_;  ///< Only who adopts needs its index, and each index makes every mark dearer.
  std::mutex taking_;    ///< One take at a time.
  /// Entries that waited when they were last looked for, the oldest first; guarded by `taking_`.
  std::vector<object_id> waiting_;
  std::optional<object_id> swept_to_ = object_id();  ///< Nothing: done. Guarded by `taking_`.
  std::optional<object_id>
      forced_from_;  ///< Where this pass over entries set aside goes on; guarded by `taking_`.
};

}  // namespace cybexd::store
