#pragma once
// Turns documents into rows of the embedded archive. Internal to tahoe/store/.
#include <map>
#include <optional>
#include <set>
#include <shared_mutex>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "tahoe/store/archive_reader.hpp"
#include "tahoe/store/archive_store.hpp"
#include "tahoe/store/rocksdb_archive.hpp"
#include "tahoe/store/slot_cache.hpp"

namespace cybexd::store {

/// Organisations have numbers in rows. Only stored ones are here. Thread safe.
class org_numbers {
 public:
  void add(std::uint64_t number, const std::string& orgid);
  [[nodiscard]] std::optional<std::uint64_t> find(const std::string& orgid) const;
  [[nodiscard]] std::string name(std::uint64_t number) const;
  [[nodiscard]] std::size_t size() const;

 private:
  mutable std::shared_mutex mutex_;
  std::vector<std::string> names_;  ///< By number.
  std::unordered_map<std::string, std::uint64_t> numbers_;
};

/// Rows on their way into a batch. They go there in the order of keys, which a memtable takes in much faster.
class staged_rows {
 public:
  void put(family f, std::string_view key, std::string_view row) { add(f, key, row, false); }
  void erase(family f, std::string_view key) { add(f, key, {}, true); }
  /// Of rows with the same key the last one counts. Errors: internal (a batch holds 4 GiB at most).
  [[nodiscard]] expected<void> flush(rocksdb_home& home, rocksdb::WriteBatch& batch);
  void clear();

 private:
  struct entry {
    std::uint64_t head = 0;  ///< The first 8 bytes of the key: what most comparisons need.
    std::size_t key = 0, key_size = 0, row_size = 0;  ///< Both stand in `bytes_`.
    bool erased = false;
  };
  void add(family f, std::string_view key, std::string_view row, bool erased);
  [[nodiscard]] std::string_view key_of(const entry& e) const {
    return std::string_view(bytes_).substr(e.key, e.key_size);
  }

  std::string bytes_;
  std::map<family, std::vector<entry>> entries_;
};

/// What one batch adds, until it is settled: the reads of the same batch see it.
struct archive_draft {
  struct raw {
    document d;                          ///< Without data. `ref`: what this batch adds.
    const tahoe::value* data = nullptr;  ///< The caller's, or `stored`.
    tahoe::value stored;
    std::vector<archive_layout::link> links;  ///< What was stored.
    std::vector<std::string> awaiting;        ///< Organisations that no filter had run for, as stored.
    bool changed = false;
  };
  std::unordered_map<hash256, located> seen;  ///< Id 0: not there.
  std::map<local_id, raw> raws;
  std::unordered_map<local_id, archive_layout::event_row> events;  ///< New or changed.
  std::unordered_map<local_id, document> times;                    ///< Of sessions, new or changed.
  std::map<local_id, std::vector<archive_tree::change>> postings;  ///< By attribute.
  std::map<local_id, std::set<local_id>> waiting;                  ///< Member that is not there -> sessions.
  std::map<std::string, std::uint64_t> orgs;
  std::unordered_set<std::string> sub_types;
  archive_layout::counters counts;
  std::map<std::string, std::int64_t> unfiltered;  ///< By sub_type: how many more there are.
  local_id first_id = 1;                           ///< Ids from here on are of this batch.
};

/// One at a time: `begin`, any of the others, `finish`, then `settle`.
class archive_writer {
 public:
  archive_writer(rocksdb_home& home, org_numbers& orgs, const archive_options& options);
  ~archive_writer();
  /// Reads counters and organisations. Before everything else.
  [[nodiscard]] expected<void> load();

  /// After a batch that nobody has settled, since an exception came in between, it reads anew what is stored.
  [[nodiscard]] expected<void> begin(rocksdb::WriteBatch& batch);
  [[nodiscard]] expected<void> prefetch(std::span<const record_write> records);
  [[nodiscard]] expected<void> prefetch(std::span<const document> documents);
  [[nodiscard]] expected<record_result> record(const record_write& record);
  /// The number of a document that this batch has written or found.
  [[nodiscard]] local_id number_of(const hash256& hash) const { return draft_.seen.at(hash).id; }
  /// False: it was there already. Errors of the document itself: bad_input, too_large (nothing was added).
  [[nodiscard]] expected<bool> import(const document& d);
  /// Adds what a document that is there already gains from another archive's. Errors as of `import`.
  [[nodiscard]] expected<void> merge(const document& d);
  /// Adds what is left to the batch.
  [[nodiscard]] expected<void> finish();
  void settle(bool committed);

  /// Of these sub_types. The first time that some wait at all their rows are counted: about a second for a
  /// million.
  [[nodiscard]] expected<std::uint64_t> unfiltered(std::span<const std::string> sub_types);
  /// Stored documents, and those that others refer to and that are not there yet.
  [[nodiscard]] std::uint64_t documents() const { return stored_counts_.next_id - 1; }

 private:
  [[nodiscard]] expected<void> prefetch(const std::vector<hash256>& hashes);
  [[nodiscard]] expected<located*> locate(const hash256& hash);
  /// The id of a document that is there, or else of a new row that holds its place.
  [[nodiscard]] expected<local_id> id_for(const hash256& hash);
  [[nodiscard]] expected<local_id> take_id(const hash256& hash, bool collides);
  [[nodiscard]] std::uint64_t org_number(const std::string& orgid);
  [[nodiscard]] std::string org_name(std::uint64_t number) const;
  void put(family f, std::string_view key, std::string_view row) { rows_.put(f, key, row); }
  void erase(family f, std::string_view key) { rows_.erase(f, key); }

  [[nodiscard]] expected<bool> put_document(const document& d);
  [[nodiscard]] expected<void> put_row(const document& d, local_id id,
                                       const std::vector<archive_layout::link>& links);
  [[nodiscard]] expected<std::vector<archive_layout::link>> links_of(const document& d);
  [[nodiscard]] expected<void> came_late(const document& d, local_id id);
  [[nodiscard]] expected<void> leave_index(local_id id);
  [[nodiscard]] expected<void> put_event(const document& d, local_id id);
  [[nodiscard]] expected<void> merge_event(const document& d, local_id id);
  [[nodiscard]] expected<archive_layout::event_row*> event(local_id id);
  void post(local_id attribute, const archive_layout::position& at, local_id event,
            std::optional<std::uint64_t> before, std::optional<std::uint64_t> after);

  [[nodiscard]] expected<void> put_session(const document& d, local_id id);
  [[nodiscard]] expected<void> merge_session(const document& d);
  /// A session, and events that join it.
  [[nodiscard]] expected<void> apply(const document& d, const std::vector<hash256>& events);
  [[nodiscard]] expected<void> merge_times(const document& d, local_id session);
  [[nodiscard]] expected<void> join(local_id session, local_id event_id, const hash256& event_hash);
  void wait_for(local_id session, local_id member);

  [[nodiscard]] expected<void> put_raw(const document& d, local_id id);
  [[nodiscard]] expected<archive_draft::raw*> raw(local_id id);
  [[nodiscard]] expected<void> run(archive_draft::raw& draft, const std::string& orgid,
                                   const filter_result& result);
  [[nodiscard]] expected<void> apply(const tahoe::filters::product& product, const std::string& orgid);
  [[nodiscard]] expected<void> finish_raw(local_id id, archive_draft::raw& draft);
  void note_sub_type(const std::string& sub_type);
  void note_awaiting(local_id id, const archive_draft::raw& draft);

  rocksdb_home& home_;
  org_numbers& orgs_;
  const archive_options options_;
  archive_reader reader_;
  slot_cache<hash256, located> known_;  ///< Of attributes, objects and sessions, all of them stored.
  archive_tree::editor trees_;
  bool unsure_ = false;  ///< What is in memory may not be what is stored.
  archive_layout::counters stored_counts_;
  std::optional<std::map<std::string, std::uint64_t>> unfiltered_;  ///< Stored, by sub_type; once counted.
  std::unordered_set<std::string> stored_sub_types_;                ///< Some of them; bounded.
  archive_draft draft_;
  staged_rows rows_;
  rocksdb::WriteBatch* batch_ = nullptr;
};

}  // namespace cybexd::store
