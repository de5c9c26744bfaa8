#pragma once
// One collection: reads, unordered writes, one change with its answer, indexes. Internal to tahoe/store/ and
// its tests. What holds for every call stands in mongodb_home.hpp.
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tahoe/store/mongodb_home.hpp"

struct _mongoc_bulk_operation_t;
struct _mongoc_collection_t;
struct _mongoc_cursor_t;

namespace cybexd::store {

enum class upsert : std::uint8_t { no, yes };
/// In order: one after the other, and the first that is refused or finds its key there ends them.
enum class writing : std::uint8_t { in_any_order, in_order };

/// Writes that go out together, in any order unless told, in as few commands as the server's limits allow
/// (100,000 writes, 48 MB). A new command starts where the kind (insert, update, remove) changes: add all of
/// one kind, then all of the next. Documents and filters are copied.
class bulk_write {
 public:
  explicit bulk_write(writing how = writing::in_any_order);
  bulk_write(bulk_write&&) noexcept;
  bulk_write& operator=(bulk_write&&) noexcept;
  ~bulk_write();

  /// `_id` is made where it is absent. Each answers false where MongoDB's limit for a document (16 MiB)
  /// forbids it; the others are written all the same.
  bool insert(const bson& document);
  bool update_one(const bson& filter, const bson& change, upsert how = upsert::no);
  /// The change as a pipeline of stages.
  bool update_one(const bson& filter, const bson_list& stages, upsert how = upsert::no);
  bool update_many(const bson& filter, const bson& change);
  bool update_many(const bson& filter, const bson_list& stages);
  bool replace_one(const bson& filter, const bson& document, upsert how = upsert::no);
  bool remove_one(const bson& filter);
  bool remove_many(const bson& filter);

  /// Those added so far; what is refused does not count.
  [[nodiscard]] std::size_t count() const { return count_; }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  friend class mongodb_collection;
  enum class kind : std::uint8_t { insert, update, remove };
  struct command;
  /// What takes one more write of the kind and size.
  struct _mongoc_bulk_operation_t* room_for(kind what, std::size_t bytes);
  bool added(bool well, std::size_t bytes);
  /// One message each: where the driver makes several of one, refused writes of the first hide that another
  /// one failed.
  std::vector<command> commands_;
  writing how_;
  std::size_t count_ = 0, bytes_ = 0;
};

struct write_fault {
  std::size_t index = 0;  ///< Of the write, in the order of adding.
  error problem;
};

/// What a bulk came to; durable with the majority.
struct write_result {
  std::uint64_t inserted = 0, matched = 0, modified = 0, removed = 0, upserted = 0;
  std::vector<std::size_t> upserted_at;  ///< Indexes of the updates that inserted.
  std::vector<std::size_t> duplicates;   ///< Indexes of writes whose key was there already: mostly success.
  std::vector<write_fault> faults;       ///< Other writes that the server refused; the rest were done.
};

struct find_options {
  bson projection;  ///< Empty: whole documents.
  bson sort;
  bson hint;  ///< The key pattern of an index.
  std::uint64_t skip = 0;
  std::uint64_t limit = 0;             ///< 0: all.
  std::uint32_t batch = 0;             ///< Documents in one answer; 0: as many as 16 MB hold.
  bool without_limit_of_time = false;  ///< For walks over everything: each answer has its deadline, not all.
};

struct index_wish {
  std::string name;
  bson keys;  ///< E.g. `{"_ref": 1, "timestamp": -1}`.
  bool unique = false;
  bson partial{};       ///< partialFilterExpression; empty: all documents.
  bool sparse = false;  ///< Only documents that have a key.
};

/// Cheap to copy. Thread safe but for one that is bound to a session.
class mongodb_collection {
 public:
  mongodb_collection(std::shared_ptr<mongodb_home> home, std::string db, std::string name)
      : home_(std::move(home)), db_(std::move(db)), name_(std::move(name)) {}
  /// The same collection as the session sees it, to be read only. The session must outlive it.
  [[nodiscard]] mongodb_collection in(mongodb_session& session) const;
  /// The same collection for a report that begins now and must be made by then: the database ends a question
  /// that takes longer, as it does with one that takes longer than a question may. Errors of `find` and
  /// `aggregate`: as `failure_of_question`.
  [[nodiscard]] mongodb_collection by(std::chrono::steady_clock::time_point deadline) const;
  /// Another collection of the same database.
  [[nodiscard]] mongodb_collection beside(std::string name) const { return {home_, db_, std::move(name)}; }

  using visitor = std::function<bool(const bson_view&)>;
  /// Each document until `visit` says false. What it is given is valid during the call.
  [[nodiscard]] expected<void> find(const bson& filter, const find_options& how, std::string_view what,
                                    const visitor& visit) const;
  [[nodiscard]] expected<std::vector<bson>> find_all(const bson& filter, const find_options& how,
                                                     std::string_view what) const;
  [[nodiscard]] expected<std::optional<bson>> find_one(const bson& filter, const bson& projection,
                                                       std::string_view what) const;
  [[nodiscard]] expected<void> aggregate(const bson_list& stages, std::string_view what,
                                         const visitor& visit) const;

  /// Errors: as `to_error`; what was done then is not known.
  [[nodiscard]] expected<write_result> write(bulk_write&& writes, std::string_view what) const;
  /// The same for who counts on every write: one that the server refuses is unavailable, too (a key that is
  /// there already is not).
  [[nodiscard]] expected<write_result> write_all(bulk_write&& writes, std::string_view what) const;
  /// Changes one document and answers it as it is then; nothing where none fits. Errors also:
  /// conflict (duplicate key).
  struct change_options {
    bson sort, projection;
    upsert how = upsert::no;
  };
  [[nodiscard]] expected<std::optional<bson>> find_and_update(const bson& filter, const bson& change,
                                                              const change_options& how,
                                                              std::string_view what) const;

  /// Makes the indexes that are not there, by their keys; never drops one, and comes back when all stand. A
  /// unique one that cannot be built over doubles, or stands there as a plain one, is a plain one then; one
  /// that the server refuses is left out. What was done is said. Errors: unavailable, also while one is
  /// built.
  [[nodiscard]] expected<void> make_indexes(const std::vector<index_wish>& wishes, notices& say,
                                            std::string_view what) const;

  /// Where no index may be made: says so where there is none that begins with the field, since a walk over
  /// such a collection takes long.
  [[nodiscard]] expected<void> tell_missing_index(std::string_view field, notices& say,
                                                  std::string_view what) const;
  /// Documents there are, as the collection's statistics say.
  [[nodiscard]] expected<std::uint64_t> about_how_many(std::string_view what) const;

  [[nodiscard]] mongodb_home& home() const { return *home_; }
  [[nodiscard]] const std::string& db() const { return db_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] std::string full_name() const { return db_ + "." + name_; }

 private:
  struct opened;
  [[nodiscard]] expected<opened> open(std::string_view what) const;
  /// `code`: the server's own, where it refused; else it stays as it is.
  [[nodiscard]] expected<bson> run(const bson& command, bool writes, std::string_view what,
                                   std::int32_t* code = nullptr) const;
  [[nodiscard]] expected<bson> execute(struct _mongoc_bulk_operation_t* bulk, struct _mongoc_client_t* client,
                                       std::string_view what) const;
  [[nodiscard]] expected<std::vector<bson>> indexes(std::string_view what) const;
  [[nodiscard]] std::set<std::string> being_built(std::string_view what) const;
  [[nodiscard]] std::string id_of(const bson& spec) const;
  [[nodiscard]] expected<bson> create_index(const bson& command, std::string_view what,
                                            std::int32_t& code) const;
  [[nodiscard]] expected<bson> build_for_long(const bson& command, const std::string& id,
                                              std::string_view what, std::int32_t& code) const;
  [[nodiscard]] expected<bool> make_index(const bson& spec, bool takes_long, std::string_view what,
                                          std::int32_t& code) const;
  [[nodiscard]] bool is_forbidden(const index_wish& wish, std::string_view what) const;
  [[nodiscard]] expected<bool> stands(const bson& listed, std::string_view what) const;
  [[nodiscard]] expected<void> make_wish(const index_wish& wish, notices& say, std::string_view what) const;

  [[nodiscard]] std::chrono::milliseconds longest(bool all_that_is_left) const;
  [[nodiscard]] expected<void> walk(struct _mongoc_cursor_t* cursor, std::chrono::milliseconds allowed,
                                    std::string_view what, const visitor& visit) const;

  std::shared_ptr<mongodb_home> home_;
  std::string db_, name_;
  struct patience {
    std::chrono::steady_clock::time_point since, until;
  };
  std::optional<patience> waits_;  ///< Of one who asks for a report.
  mongodb_session* session_ = nullptr;
};

}  // namespace cybexd::store
