#include "tahoe/store/rocksdb_committer.hpp"

#include <rocksdb/write_batch.h>

#include <algorithm>
#include <unordered_map>

#include "tahoe/store/committer_rules.hpp"

namespace cybexd::store {
namespace {

using numbers = std::vector<std::uint64_t>;

/// The archive's numbers of what each entry under way has made, so that its mark need not hold the hashes. An
/// entry that it lost sight of has its hashes stored: that costs room only.
class numbers_under_way {
 public:
  /// The numbers of each work, those of earlier parts included. Empty where an earlier part is not known.
  [[nodiscard]] std::vector<numbers> with(std::span<const entry_work> batch,
                                          std::span<const std::size_t> sizes,
                                          std::span<const std::uint64_t> made) const {
    std::vector<numbers> all;
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const auto part = made.first(sizes[i]);
      made = made.subspan(sizes[i]);
      const auto& mark = batch[i].mark;
      const auto kept = kept_.find(mark.id);
      auto& together = all.emplace_back();
      const auto before = mark.refs.size();
      if (before != 0 && (kept == kept_.end() || kept->second.size() != before)) continue;
      if (before != 0) together = kept->second;
      together.insert(together.end(), part.begin(), part.end());
    }
    return all;
  }
  void keep(const entry_id& id, numbers all) {
    constexpr std::size_t most = 4096;  // entries of many parts at once: more than credit allows
    if (kept_.size() >= most) kept_.clear();
    kept_.insert_or_assign(id, std::move(all));
  }
  void forget(const entry_id& id) { kept_.erase(id); }

 private:
  std::unordered_map<entry_id, numbers> kept_;
};

class rocksdb_committer final : public committer {
 public:
  rocksdb_committer(std::shared_ptr<rocksdb_home> home, std::shared_ptr<rocksdb_archive> archive,
                    std::shared_ptr<rocksdb_lake> lake)
      : home_(std::move(home)), archive_(std::move(archive)), lake_(std::move(lake)) {}

  expected<std::vector<entry_mark>> commit(std::vector<entry_work> batch) override {
    const auto sizes = sizes_of(batch);
    const auto records = records_of(batch);
    rocksdb::WriteBatch write;
    auto results = archive_->stage(records, write);
    if (!results) return fail(results.error());
    staged_end end(*archive_);
    // From here to `settle` nobody else is in the archive, which guards `under_way_` too.
    auto made = under_way_.with(batch, sizes, archive_->staged_numbers());
    auto marks = marks_of(batch, sizes, *results);
    auto done = marks ? write_with_marks(batch, *marks, made, records.size(), write)
                      : expected<void>(fail(marks.error()));
    for (std::size_t i = 0; done && i < batch.size(); ++i) {
      if (batch[i].last)
        under_way_.forget((*marks)[i].id);
      else
        under_way_.keep((*marks)[i].id, std::move(made[i]));
    }
    end.settle(done.has_value());
    if (!done) return fail(done.error());
    return marks;
  }

 private:
  expected<void> write_with_marks(std::span<const entry_work> batch, std::span<const entry_mark> marks,
                                  std::span<const numbers> made, std::size_t records,
                                  rocksdb::WriteBatch& write) {
    const auto ended = finished(batch, marks);
    std::vector<numbers> of_ended;
    for (std::size_t i = 0; i < batch.size(); ++i) {
      if (!batch[i].last) continue;
      auto& all = of_ended.emplace_back(made[i]);
      std::sort(all.begin(), all.end());
      all.erase(std::unique(all.begin(), all.end()), all.end());
      if (all.size() != marks[i].refs.size()) all.clear();
    }
    auto staged = lake_->stage(ended, write, of_ended);
    if (!staged) return fail(staged.error());
    if (write.Count() != 0) {
      if (auto written = home_->write(write, durability::synced, "archive: commit", records); !written)
        return written;
    }
    lake_->settle(std::move(*staged));
    return {};
  }

  std::shared_ptr<rocksdb_home> home_;
  std::shared_ptr<rocksdb_archive> archive_;
  std::shared_ptr<rocksdb_lake> lake_;
  numbers_under_way under_way_;
};

}  // namespace

std::shared_ptr<committer> make_rocksdb_committer(std::shared_ptr<rocksdb_home> home,
                                                  std::shared_ptr<rocksdb_archive> archive,
                                                  std::shared_ptr<rocksdb_lake> lake) {
  return std::make_shared<rocksdb_committer>(std::move(home), std::move(archive), std::move(lake));
}

}  // namespace cybexd::store
