#pragma once
// The embedded lake. Internal to tahoe/store/: the committer puts its marks into the archive's write.
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "tahoe/store/cache_lake.hpp"
#include "tahoe/store/lake_rows.hpp"
#include "tahoe/store/rocksdb_home.hpp"

namespace cybexd::store {

class rocksdb_lake final : public cache_lake {
 public:
  /// Errors: unavailable, corrupt.
  [[nodiscard]] static expected<std::shared_ptr<rocksdb_lake>> open(std::shared_ptr<rocksdb_home> home,
                                                                    bool keep_archived_files);

  expected<std::vector<entry_id>> put(std::span<const new_entry> entries) override;
  expected<void> try_write() override;
  expected<std::vector<lake_entry>> take(const take_limits& limits) override;
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
  expected<void> check(const check_listener& listener) override;

  /// Changes to entries that are in a batch but not written yet. Nobody else changes entries while it lives.
  class staged {
   public:
    staged() = default;

   private:
    friend class rocksdb_lake;
    std::unique_lock<std::mutex> alone_;
    std::vector<std::uint64_t> settled_;
    std::vector<std::uint64_t> waiting_again_;
  };
  /// Adds marks to a batch of the caller's, who writes it and then calls `settle`; where the write failed, he
  /// just lets the staged go. `numbers`: for each mark the archive's numbers of its refs, or nothing.
  [[nodiscard]] expected<staged> stage(std::span<const entry_mark> marks, rocksdb::WriteBatch& batch,
                                       std::span<const std::vector<std::uint64_t>> numbers = {});
  void settle(staged written);

 private:
  struct standing {  ///< What an entry is before a change.
    std::uint64_t records = 0;
    std::optional<entry_mark> mark;
  };
  struct hold {  ///< An entry that somebody has taken.
    std::uint64_t records = 0;
    bool forced = false;
    bool damaged = false;  ///< Its row cannot be read, so it is bad data.
  };
  class candidates;

  rocksdb_lake(std::shared_ptr<rocksdb_home> home, bool keep_archived_files);
  [[nodiscard]] expected<void> find_ends();
  [[nodiscard]] expected<lake_entry> candidate(std::uint64_t number, std::vector<std::uint64_t>& damaged);
  [[nodiscard]] expected<std::optional<lake_entry>> read_entry(std::uint64_t number,
                                                               const rocksdb::Snapshot* at = nullptr);
  [[nodiscard]] expected<std::optional<stored_mark>> read_mark(std::uint64_t number,
                                                               const rocksdb::Snapshot* at = nullptr);
  [[nodiscard]] expected<std::optional<standing>> look(std::uint64_t number);
  [[nodiscard]] expected<std::map<std::uint64_t, standing>> look_set_aside(std::span<const entry_id> ids);
  void replace(std::uint64_t number, const standing& before, const std::optional<entry_mark>& after,
               rocksdb::WriteBatch& batch, std::span<const std::uint64_t> numbers = {});
  void put_adopted(std::uint64_t number, const kept_entry& kept, const std::optional<entry_mark>& mark,
                   rocksdb::WriteBatch& batch);
  /// The hashes of what a mark of this home refers to by numbers.
  [[nodiscard]] expected<entry_mark> whole_mark(stored_mark stored);

  std::shared_ptr<rocksdb_home> home_;
  bool keep_;
  std::mutex changes_;             ///< Held from reading an entry to the end of the write that changes it.
  std::mutex line_;                ///< Guards all below; never held while waiting for `changes_` or a sync.
  std::uint64_t last_ = 0;         ///< Highest number given out.
  std::uint64_t next_ = 0;         ///< Every waiting entry with a lower number is in `taken_`.
  std::uint64_t next_forced_ = 0;  ///< Where this pass over entries set aside goes on.
  std::map<std::uint64_t, hold> taken_;
};

}  // namespace cybexd::store
