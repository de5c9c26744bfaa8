#pragma once
// Which entries this server works on, and that its claims on them last. Internal to tahoe/store/.
//
// A claim is `_cybexd_owner`, `_cybexd_take`, `_cybexd_until` of an entry. All claims of one take end
// together, so one command renews them all; a take is renewed when half of its time is over and some of its
// entries are still in work. One thread does that from the first take to the end of this object. A server
// that is gone renews nothing, and its claims run out.
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "tahoe/store/cache_lake.hpp"
#include "tahoe/store/mongodb_collection.hpp"

namespace cybexd::store {

/// What is known of an entry that is taken.
struct held_entry {
  object_id id;
  std::uint64_t take = 0;
  std::uint64_t records = 1;
  bool forced = false;
  bool own = false;
  std::optional<object_id> file;
  std::string damage;
};

/// Thread safe.
class mongodb_claims {
 public:
  /// `now`: the database's clock, Unix seconds. `lasts`: seconds. `entries` is used by the renewing thread:
  /// give it connections of its own, with short deadlines.
  mongodb_claims(mongodb_collection entries, double lasts, std::function<double()> now);
  mongodb_claims(const mongodb_claims&) = delete;
  mongodb_claims& operator=(const mongodb_claims&) = delete;
  ~mongodb_claims();

  [[nodiscard]] const std::string& owner() const { return owner_; }
  [[nodiscard]] double lasts() const { return lasts_; }
  /// A number for a take that begins.
  [[nodiscard]] std::uint64_t next_take();

  /// These are ours until forgotten; they were claimed until `until`.
  void hold(std::vector<held_entry> entries, std::uint64_t take, double until);
  [[nodiscard]] bool holds(const entry_id& id) const;
  [[nodiscard]] std::optional<held_entry> find(const entry_id& id) const;
  /// How many are held whose claim may have run out unrenewed.
  [[nodiscard]] std::size_t overdue() const;
  void forget(std::span<const entry_id> ids);
  /// Ends the claims on entries that are forgotten; what fails is tried again by the thread.
  [[nodiscard]] expected<void> release(const std::vector<object_id>& ids);
  /// Renews what is due now: what the thread does. Errors are left to the next time.
  void renew();

 private:
  struct take_state {
    double until = 0;
    std::size_t entries = 0;
  };
  void run();
  [[nodiscard]] std::vector<std::uint64_t> due(double now) const;
  void release_the_rest();

  mongodb_collection entries_;
  const std::string owner_;
  const double lasts_;
  std::function<double()> now_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool ending_ = false;
  std::uint64_t last_take_ = 0;
  std::map<entry_id, held_entry> held_;
  std::map<std::uint64_t, take_state> takes_;
  std::set<object_id> unreleased_;
  std::thread renewing_;
};

}  // namespace cybexd::store
