#pragma once
// Reading the rows of the embedded archive, at a snapshot or as they are now. Internal to tahoe/store/.
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "tahoe/store/archive_layout.hpp"
#include "tahoe/store/archive_tree.hpp"
#include "tahoe/store/rocksdb_home.hpp"

namespace rocksdb {
class Iterator;
}  // namespace rocksdb

namespace cybexd::store {

using archive_layout::local_id;

/// A document's place: its id (0: it has none), and its kind unless it is only referred to.
struct located {
  local_id id = 0;
  std::optional<tahoe::itype> kind;
  bool collides = false;  ///< Without an id: another hash with the same first 8 bytes has one.
};

/// False ends the scan.
using row_visitor = std::function<bool(std::string_view key, std::string_view row)>;

/// One thread at a time. Errors of every call: unavailable, corrupt.
class archive_reader {
 public:
  /// `at` must outlive the reader; nullptr reads what is there at each call.
  explicit archive_reader(rocksdb_home& home, const rocksdb::Snapshot* at = nullptr);
  ~archive_reader();

  [[nodiscard]] expected<std::optional<std::string>> get(family f, std::string_view key);
  /// Rows by key, in the order of `keys`, read together.
  [[nodiscard]] expected<std::vector<std::optional<std::string>>> get_many(family f,
                                                                           std::span<const std::string> keys);
  /// Rows whose keys begin with `prefix`, from `from` on (a key with that prefix). For families with a prefix
  /// extractor `prefix` must be at least as long as its prefixes.
  [[nodiscard]] expected<void> scan(family f, std::string_view prefix, std::string_view from,
                                    const row_visitor& visit);
  /// Every row of a family, in the order of keys.
  [[nodiscard]] expected<void> scan_all(family f, const row_visitor& visit);

  [[nodiscard]] expected<located> find(const hash256& hash);
  [[nodiscard]] expected<std::vector<located>> find_many(std::span<const hash256> hashes);
  /// The row of a document, which must be there.
  [[nodiscard]] expected<std::string> document_row(local_id id);
  [[nodiscard]] expected<std::vector<std::string>> document_rows(std::span<const local_id> ids);
  [[nodiscard]] expected<hash256> hash_of(local_id id);
  [[nodiscard]] expected<std::vector<hash256>> hashes_of(std::span<const local_id> ids);
  [[nodiscard]] expected<archive_layout::event_row> event(local_id id);
  /// The rows of events, which must be there, in the order of `ids`.
  [[nodiscard]] expected<std::vector<std::string>> event_rows(std::span<const local_id> ids);

  [[nodiscard]] std::uint64_t rows_read() const { return rows_; }

 private:
  /// Rows that were read at the snapshot: most are wanted again by the same report.
  struct kept_rows {
    std::unordered_map<local_id, std::string> rows;
    std::size_t bytes = 0;
  };
  [[nodiscard]] expected<std::vector<std::string>> rows_by_id(family f, std::span<const local_id> ids,
                                                              kept_rows& kept);
  void keep(kept_rows& kept, local_id id, const std::string& row);
  [[nodiscard]] std::unique_ptr<rocksdb::Iterator> take_iterator(family f, bool whole);
  [[nodiscard]] expected<void> give_back(family f, bool whole, std::unique_ptr<rocksdb::Iterator> used);

  rocksdb_home& home_;
  const rocksdb::Snapshot* at_;
  std::uint64_t rows_ = 0;
  std::unordered_map<int, std::unique_ptr<rocksdb::Iterator>>
      kept_;                                      ///< At a snapshot iterators can be used again.
  std::unordered_map<local_id, hash256> hashes_;  ///< Ids never change their hash. Bounded.
  kept_rows documents_, events_;                  ///< At a snapshot. Bounded.
  std::unordered_map<hash256, located> places_;   ///< Of what is in `documents_`.
};

/// The index of one attribute as the reader sees it.
class stored_index : public archive_tree::source {
 public:
  stored_index(archive_reader& from, local_id attribute) : from_(from), attribute_(attribute) {}
  expected<std::optional<archive_layout::bucket_node>> node(std::size_t depth,
                                                            const archive_layout::position& prefix) override;
  expected<void> postings(const archive_layout::position& first, const archive_layout::position& last,
                          const archive_tree::posting_visitor& visit) override;

 private:
  archive_reader& from_;
  local_id attribute_;
};

/// Builds documents from their rows. `org_name` turns numbers into orgids.
class document_builder {
 public:
  document_builder(archive_reader& from, std::function<std::string(std::uint64_t)> org_name)
      : from_(from), org_name_(std::move(org_name)) {}

  /// Reads what events among these documents need, together.
  [[nodiscard]] expected<void> read_ahead(std::span<const local_id> ids, std::span<const std::string> rows);
  /// The document of a row; nothing where it is only referred to.
  [[nodiscard]] expected<std::optional<document>> build(local_id id, std::string_view row);

 private:
  [[nodiscard]] expected<void> fill_links(document& d, const std::vector<archive_layout::link>& links);
  [[nodiscard]] expected<void> fill_event(document& d, local_id id);
  [[nodiscard]] expected<void> fill_session(document& d, local_id id,
                                            const std::vector<archive_layout::link>& links);
  void fill_raw(document& d, const archive_layout::document_row& row);

  archive_reader& from_;
  std::function<std::string(std::uint64_t)> org_name_;
};

}  // namespace cybexd::store
