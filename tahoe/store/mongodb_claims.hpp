#pragma once
// Which entries of a lake are in work, here and at other servers, and that this lasts. Internal to
// tahoe/store/.
//
// All claims on one lake stand in one small document of the collection `COLL_cybexd_claims`:
//
//   {_id: "entries", version: int64, takes: {NAME: {until: double, entries: binary}}}
//
// A take is what one server took at once: NAME begins with its name, `entries` are ObjectIds of 12 bytes
// each, `until` is when it ends, Unix seconds by the database's clock. So to claim thousands of entries is
// one write, and nothing is written to an entry but its mark. Who takes looks at this document first, then
// for entries, and then adds his take on the condition that `version` is still the one he saw; every change
// makes it another. So what he found was not in work, and was not marked or given back since.
//
// A take is renewed when half of its time is over and some of its entries are still in work. One thread does
// that from the first take to the end of this object. A server that is gone renews nothing; the next one that
// takes after `until` removes the take, and its entries are free. A server that comes back then finds its
// take gone, so marks are written with conditions of their own (mongodb_lake_marks.cpp).
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
#include "tahoe/store/mongodb_claims_document.hpp"
#include "tahoe/store/mongodb_collection.hpp"

namespace cybexd::store {

/// What is known of an entry that is taken.
struct held_entry {
  object_id id;
  std::string take;  ///< Filled in when it is claimed.
  std::uint64_t records = 1;
  bool forced = false;
  bool fresh = false;  ///< It bore no mark of any kind.
  bool own = false;
  std::optional<object_id> file;
  std::uint64_t bytes = 0;
  std::string damage;
};

/// Thread safe.
class mongodb_claims {
 public:
  /// `claims`: the collection of the claims document. `for_renewal`: the same on connections of its own, with
  /// short deadlines. `now`: the database's clock, Unix seconds. `lasts`: seconds.
  mongodb_claims(mongodb_collection claims, mongodb_collection for_renewal, double lasts,
                 std::function<double()> now);
  mongodb_claims(const mongodb_claims&) = delete;
  mongodb_claims& operator=(const mongodb_claims&) = delete;
  ~mongodb_claims();

  /// Errors of these: unavailable.
  [[nodiscard]] expected<claims_seen> look(std::string_view what) const;
  /// Of what was seen: what other servers work on now.
  [[nodiscard]] std::set<object_id> elsewhere(const claims_seen& seen) const;
  /// Whether a take of another server has ended there, so that entries are free that it had in work.
  [[nodiscard]] bool some_ended(const claims_seen& seen) const;
  /// Seconds until the first take of another server ends; nothing where there is none. Takes that have ended
  /// are removed: nobody needs to look at them twice.
  [[nodiscard]] expected<std::optional<double>> seconds_to_an_end();

  /// These are ours until they are forgotten or released. False: somebody changed the claims since they were
  /// seen; look again, for the entries too.
  [[nodiscard]] expected<bool> claim(std::vector<held_entry> entries, const claims_seen& seen);
  /// All that this server holds, in order.
  [[nodiscard]] std::vector<object_id> here() const;
  [[nodiscard]] bool holds(const entry_id& id) const;
  [[nodiscard]] std::optional<held_entry> find(const entry_id& id) const;
  [[nodiscard]] std::size_t held() const;
  /// Whether the claim on this entry, which is held, may have ended unrenewed.
  [[nodiscard]] bool overdue(const held_entry& entry) const;
  /// They are marked. A take with nothing left ends; what of this cannot be written is tried again by the
  /// thread.
  void forget(std::span<const entry_id> ids);
  /// Gives them back, so that others may take them.
  [[nodiscard]] expected<void> release(std::span<const entry_id> ids);
  /// Renews what is due now: what the thread does. Errors are left to the next time.
  void renew();

 private:
  struct own_take {
    double until = 0;
    std::set<object_id> entries;
    bool lost = false;  ///< Another server removed it.
  };
  void run();
  [[nodiscard]] std::string begin(const claims_seen& seen, std::set<std::string>& over);
  void let_go(std::span<const entry_id> ids);
  [[nodiscard]] expected<void> write_ends(const mongodb_collection& where);
  [[nodiscard]] expected<void> remove(const mongodb_collection& where, const std::set<std::string>& takes,
                                      std::string_view what) const;
  void note_lost(const std::vector<std::string>& due);

  mongodb_collection claims_, for_renewal_;
  const std::string owner_;
  const double lasts_;
  std::function<double()> now_;
  std::mutex writing_;  ///< One at a time writes which entries a take still has. Before `mutex_`.
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool ending_ = false;
  std::uint64_t last_take_ = 0;
  std::map<entry_id, held_entry> held_;
  std::map<std::string, own_take> takes_;
  std::set<std::string> over_;  ///< Takes of ours that end and still stand in the document.
  std::thread renewing_;
};

}  // namespace cybexd::store
