#include "tahoe/store/rocksdb_committer.hpp"

#include <rocksdb/write_batch.h>

#include "tahoe/store/committer_rules.hpp"

namespace cybexd::store {
namespace {

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
    auto marks = marks_of(batch, sizes, *results);
    auto done =
        marks ? write_with_marks(batch, *marks, records.size(), write) : expected<void>(fail(marks.error()));
    archive_->settle(done.has_value());
    if (!done) return fail(done.error());
    return marks;
  }

 private:
  expected<void> write_with_marks(std::span<const entry_work> batch, std::span<const entry_mark> marks,
                                  std::size_t records, rocksdb::WriteBatch& write) {
    auto staged = lake_->stage(finished(batch, marks), write);
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
};

}  // namespace

std::shared_ptr<committer> make_rocksdb_committer(std::shared_ptr<rocksdb_home> home,
                                                  std::shared_ptr<rocksdb_archive> archive,
                                                  std::shared_ptr<rocksdb_lake> lake) {
  return std::make_shared<rocksdb_committer>(std::move(home), std::move(archive), std::move(lake));
}

}  // namespace cybexd::store
