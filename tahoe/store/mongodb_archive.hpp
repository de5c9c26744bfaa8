#pragma once
// The archive on MongoDB: `tahoe_db.instance` as CYBEX-P's other modules know it. Internal to tahoe/store/
// and its tests.
//
// What differs from the embedded home, because a database that others write to too leaves no other way:
// - `write` and `import` are not one atomic write. A batch that failed may be there in part; the same batch
//   again completes it and doubles nothing (`mongodb_archive_writer.hpp`).
// - A view is consistent for a minute, and where the server has no transactions each question is a look of
// its
//   own (`mongodb_archive_look.hpp`).
// - `each` walks by hash and takes as long as it takes: a document that was there all the while is visited
//   once; whether one that came meanwhile is, depends.
// - A hash may stand there twice in data that the original wrote. Then there is no unique index, every
// question
//   joins what belongs together, and `check_index` lists the doubles.
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tahoe/store/mongodb_archive_view.hpp"
#include "tahoe/store/mongodb_stores.hpp"

namespace cybexd::store {

class mongodb_archive_store final : public archive_store {
 public:
  mongodb_archive_store(mongodb_collection documents, store_ties ties, bool read_only = false);

  expected<std::vector<record_result>> write(std::span<const record_write> records) override;
  expected<std::vector<import_result>> import(std::span<const document> documents) override;
  expected<std::vector<import_result>> adopt(std::span<const document> documents) override;
  /// In the order of `_id`, which is that of arrival to the second. Hashes are read ahead for many pages,
  /// since a server may have to look at all that is stored to find them; whether one waits still is looked at
  /// anew.
  expected<std::vector<unfiltered_record>> unfiltered(std::span<const std::string> sub_types,
                                                      const std::optional<hash256>& after,
                                                      std::size_t limit) override;
  expected<std::uint64_t> unfiltered_count(std::span<const std::string> sub_types) override;
  expected<std::vector<std::string>> raw_sub_types() override;
  expected<std::unique_ptr<archive_view>> view() override;
  expected<std::optional<document>> get(const hash256& hash) override;
  /// Errors also: corrupt, after all others were visited, where a document cannot be read as one of TAHOE's.
  expected<void> each(const std::function<bool(const document&)>& visit) override;
  expected<std::uint64_t> size() override;
  expected<void> check_index(const check_listener& listener) override;

 private:
  [[nodiscard]] expected<void> prepare();
  /// Where a raw record stands in the order of `unfiltered`.
  struct place {
    std::string sub_type;
    object_id id;
  };
  struct waiting_raw {
    hash256 hash;
    place at;
  };
  [[nodiscard]] expected<std::optional<place>> place_of(const hash256& hash);
  [[nodiscard]] expected<bool> any_waits(const std::set<std::string>& sub_types);
  [[nodiscard]] expected<std::vector<waiting_raw>> waiting_raws(const std::string& sub_type,
                                                                const std::optional<object_id>& after,
                                                                std::size_t limit);
  [[nodiscard]] expected<std::deque<waiting_raw>> waiting_after(const std::set<std::string>& sub_types,
                                                                const std::optional<place>& after);
  [[nodiscard]] expected<std::size_t> add_next(std::size_t count, std::vector<unfiltered_record>& page);

  mongodb_archive::ground ground_;
  store_ties ties_;
  bool read_only_;
  once_ready ready_;

  /// What `unfiltered` read ahead: what waited then, after the place that it has reached.
  struct read_ahead {
    std::set<std::string> sub_types;
    std::optional<hash256> last;  ///< That was given.
    std::optional<place> reached;
    std::deque<waiting_raw> next;
  };
  std::mutex paging_;
  read_ahead ahead_;
};

}  // namespace cybexd::store
