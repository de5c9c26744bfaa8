#pragma once
// The books of the lake on MongoDB. Internal to tahoe/store/.
//
// Every entry adds as many records to `accepted` as to the other four together, so the books balance whatever
// changes while they are read. So that a look does not read every entry there ever was, the sums of old ones
// are kept: those up to an `_id` before which nothing waits, that are older than ten minutes and were never
// set aside (`_cybexd_aside`), for they do not change any more. Each server keeps its own sums in memory and
// adds to them in slices.
#include <atomic>
#include <chrono>
#include <mutex>
#include <optional>

#include "tahoe/store/cache_lake.hpp"
#include "tahoe/store/mongodb_clock.hpp"
#include "tahoe/store/mongodb_collection.hpp"

namespace cybexd::store {

/// Thread safe.
class mongodb_lake_books {
 public:
  mongodb_lake_books(mongodb_collection entries, std::shared_ptr<mongodb_clock> clock, double settled_after,
                     std::shared_ptr<notices> say);

  [[nodiscard]] expected<lake_books> look();
  /// This server has changed something: the next look is a fresh one.
  void changed() { ++changes_; }
  /// Entries that the last look read one by one.
  [[nodiscard]] std::uint64_t looked_at() const;

 private:
  struct sums {
    lake_books books;
    std::uint64_t entries = 0, foreign = 0;
    std::optional<object_id> last;
  };
  [[nodiscard]] expected<sums> add_up(const bson& match, std::uint64_t limit) const;
  [[nodiscard]] expected<void> settle();
  [[nodiscard]] expected<std::optional<object_id>> first_open() const;
  void say_who_else_works(const sums& s);

  mongodb_collection entries_;
  std::shared_ptr<mongodb_clock> clock_;
  double settled_after_;
  std::shared_ptr<notices> say_;
  const object_id began_ = object_id::make();

  mutable std::mutex mutex_;
  lake_books settled_;
  object_id settled_to_;
  std::uint64_t open_entries_ = 0;  ///< Entries beyond the settled ones at the last look.
  double settled_at_ = 0;
  bool looked_ = false, told_ = false;
  std::atomic<std::uint64_t> changes_{0};
  std::uint64_t changes_seen_ = 0;  ///< Before the last look.
  std::optional<lake_books> last_;
  std::chrono::steady_clock::time_point last_at_{};
  std::chrono::steady_clock::duration last_took_{};
};

}  // namespace cybexd::store
