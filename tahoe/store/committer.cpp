#include "tahoe/store/committer.hpp"

#include <algorithm>
#include <iterator>

#include "tahoe/store/committer_rules.hpp"

namespace cybexd::store {

std::vector<record_write> records_of(std::vector<entry_work>& batch) {
  std::vector<record_write> records;
  for (auto& work : batch)
    records.insert(records.end(), std::make_move_iterator(work.records.begin()),
                   std::make_move_iterator(work.records.end()));
  return records;
}

expected<std::vector<entry_mark>> marks_of(std::vector<entry_work>& batch, std::span<const std::size_t> sizes,
                                           std::span<const record_result> results) {
  std::size_t next = 0;
  std::vector<entry_mark> marks;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    auto& mark = batch[i].mark;
    if (sizes[i] > results.size() - next)
      return fail(failure::internal, "commit: the archive answered for too few records");
    for (const auto& result : results.subspan(next, sizes[i])) {
      ++(result.known ? mark.known : mark.archived);
      mark.refs.push_back(result.raw);
    }
    next += sizes[i];
    if (batch[i].last) {  // once for each entry: it may have a thousand parts
      std::sort(mark.refs.begin(), mark.refs.end());
      mark.refs.erase(std::unique(mark.refs.begin(), mark.refs.end()), mark.refs.end());
    }
    marks.push_back(std::move(mark));
  }
  return marks;
}

std::vector<std::size_t> sizes_of(std::span<const entry_work> batch) {
  std::vector<std::size_t> sizes;
  for (const auto& work : batch) sizes.push_back(work.records.size());
  return sizes;
}

std::vector<entry_mark> finished(std::span<const entry_work> batch, std::span<const entry_mark> marks) {
  std::vector<entry_mark> some;
  for (std::size_t i = 0; i < batch.size(); ++i)
    if (batch[i].last) some.push_back(marks[i]);
  return some;
}

namespace {

class two_step_committer final : public committer {
 public:
  two_step_committer(std::shared_ptr<archive_store> archive, std::shared_ptr<cache_lake> lake)
      : archive_(std::move(archive)), lake_(std::move(lake)) {}

  expected<std::vector<entry_mark>> commit(std::vector<entry_work> batch) override {
    const auto sizes = sizes_of(batch);
    const auto records = records_of(batch);
    std::vector<record_result> results;
    if (!records.empty()) {
      auto written = archive_->write(records);
      if (!written) return fail(written.error());
      results = std::move(*written);
    }
    auto marks = marks_of(batch, sizes, results);
    if (!marks) return marks;
    if (auto marked = lake_->mark(finished(batch, *marks)); !marked) return fail(marked.error());
    return marks;
  }

 private:
  std::shared_ptr<archive_store> archive_;
  std::shared_ptr<cache_lake> lake_;
};

}  // namespace

std::unique_ptr<committer> make_committer(std::shared_ptr<archive_store> archive,
                                          std::shared_ptr<cache_lake> lake) {
  return std::make_unique<two_step_committer>(std::move(archive), std::move(lake));
}

}  // namespace cybexd::store
