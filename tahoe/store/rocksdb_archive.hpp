#pragma once
// The embedded archive. Internal to tahoe/store/: include it in `.cpp` files of this folder and in tests
// only. Its byte layouts stand in `archive_layout.hpp`, its counted index in `archive_tree.hpp`.
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "tahoe/store/archive_store.hpp"

namespace rocksdb {
class WriteBatch;
}  // namespace rocksdb

namespace cybexd::store {

class rocksdb_home;

/// Bounds of the writer's memory, and the grain of the counted index.
struct archive_options {
  std::size_t split_threshold =
      256;  ///< Events of an attribute, or of one bucket, that are counted by walking.
  std::size_t cached_hashes = 400'000;  ///< Hash -> id, 64 bytes each.
  std::size_t cached_nodes = 50'000;    ///< Index nodes, about 300 bytes each.
};

class rocksdb_archive : public archive_store {
 public:
  /// Errors: unavailable, corrupt.
  [[nodiscard]] static expected<std::shared_ptr<rocksdb_archive>> open(std::shared_ptr<rocksdb_home> home,
                                                                       const archive_options& options = {});
  rocksdb_archive(const rocksdb_archive&) = delete;
  rocksdb_archive& operator=(const rocksdb_archive&) = delete;
  ~rocksdb_archive() override;

  /// Adds all that the records cause to `batch`, which the caller writes (synced) together with whatever else
  /// belongs to it, and then calls `settle` on the same thread: true when the batch was written, false when
  /// it was not and never will be. Other writers wait in between. After an error nothing is staged and
  /// `settle` must not be called.
  [[nodiscard]] expected<std::vector<record_result>> stage(std::span<const record_write> records,
                                                           rocksdb::WriteBatch& batch);
  void settle(bool committed);
  /// On the way out of an exception between `stage` and `settle`: others may write again. They find out then
  /// what is stored.
  void let_others_in();
  /// The home's own numbers of the raw documents that the last `stage` answered for, in its order; good until
  /// `settle`.
  [[nodiscard]] std::span<const std::uint64_t> staged_numbers() const;

  [[nodiscard]] expected<std::vector<record_result>> write(std::span<const record_write> records) override;
  [[nodiscard]] expected<std::vector<import_result>> import(std::span<const document> documents) override;
  [[nodiscard]] expected<std::vector<import_result>> adopt(std::span<const document> documents) override;
  [[nodiscard]] expected<std::vector<unfiltered_record>> unfiltered(std::span<const std::string> sub_types,
                                                                    const std::optional<hash256>& after,
                                                                    std::size_t limit) override;
  [[nodiscard]] expected<std::uint64_t> unfiltered_count(std::span<const std::string> sub_types) override;
  [[nodiscard]] expected<std::vector<std::string>> raw_sub_types() override;
  [[nodiscard]] expected<std::unique_ptr<archive_view>> view() override;
  [[nodiscard]] expected<std::optional<document>> get(const hash256& hash) override;
  [[nodiscard]] expected<void> each(const std::function<bool(const document&)>& visit) override;
  [[nodiscard]] expected<std::uint64_t> size() override;
  [[nodiscard]] expected<void> check_index(const check_listener& listener) override;

 private:
  struct impl;
  explicit rocksdb_archive(std::shared_ptr<impl> inner);
  [[nodiscard]] expected<std::vector<import_result>> take_in(std::span<const document> documents,
                                                             bool merges);
  std::shared_ptr<impl> impl_;  ///< Views keep it.
};

/// Settles what was staged, and lets the others in where an exception comes before that.
class staged_end {
 public:
  explicit staged_end(rocksdb_archive& of) : archive_(of) {}
  staged_end(const staged_end&) = delete;
  staged_end& operator=(const staged_end&) = delete;
  ~staged_end() {
    if (open_) archive_.let_others_in();
  }
  void settle(bool committed) {
    open_ = false;  // from here on others may have staged something
    archive_.settle(committed);
  }

 private:
  rocksdb_archive& archive_;
  bool open_ = true;
};

}  // namespace cybexd::store
