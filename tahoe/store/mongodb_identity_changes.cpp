#include "tahoe/store/mongodb_identity_changes.hpp"

#include <algorithm>
#include <chrono>
#include <thread>

#include "crypto/random.hpp"

namespace cybexd::store {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::chrono::duration<double> lease{10};  // that a lock is held at most
constexpr std::chrono::seconds patience{15};        // for the lock: longer than a lease
constexpr milliseconds first_wait{5}, longest_wait{200};
constexpr std::size_t name_length = 16;
constexpr int most_tries = 3;  // of a change that is decided, while the database comes and goes
constexpr std::string_view lock_name = "lock";

}  // namespace

identity_changes::identity_changes(mongodb_collection documents, identity_log log, store_ties ties,
                                   std::shared_ptr<mongodb_clock> clock)
    : documents_(std::move(documents)),
      changes_(documents_.beside(documents_.name() + "_cybexd_changes")),
      log_(std::move(log)),
      ties_(std::move(ties)),
      clock_(std::move(clock)),
      server_(crypto::random_word(name_length)) {}

expected<void> identity_changes::run(const identity_change& change, const step_maker& make) {
  const std::scoped_lock alone(here_);
  auto mine = take();
  if (!mine) return fail(mine.error());
  if (auto done = finish_pending(*mine); !done) return done;  // the lock runs out by itself
  auto steps = make(mine->change);
  auto done = steps ? write_down(*mine, *steps) : expected<void>(fail(steps.error()));
  if (done) done = decide(*mine, change);
  if (!done) {
    give_back(*mine);
    return done;
  }
  done = settle(*mine, change, *steps);
  // What could not be done now, who takes the lock next does first.
  if (done || done.error().kind != failure::unavailable) give_back(*mine);
  return done;
}

/// What is decided happens.
expected<void> identity_changes::settle(const turn& mine, const identity_change& change,
                                        const std::vector<identity_step>& steps) const {
  const auto began = steady_clock::now();
  if (began - mine.taken > lease / 2)
    return fail(failure::unavailable, "identity: the database is too slow; the change is done later");
  if (auto done = carry_out(mine.change, steps); !done) return done;
  if (change.token)
    if (auto put = log_.put(*change.token); !put) return put;
  if (auto gone = log_.forget(change.forget); !gone) return gone;
  if (auto told = log_.append(change.audit, mine.change); !told) return told;
  ties_.committed("identity", began, 1);
  return {};
}

expected<void> identity_changes::finish_left_behind() {
  const std::scoped_lock alone(here_);
  auto left =
      changes_.find_one(bson().add("$or", bson_list()
                                              .push(bson().add("pending", bson().add("$exists", true)))
                                              .push(bson().add("_id", bson().add("$ne", lock_name)))),
                        bson().add("_id", 1), "identity: open");
  if (!left) return fail(left.error());
  if (!*left) return {};
  auto mine = try_take();
  if (!mine) return fail(mine.error());
  if (!*mine) return {};  // somebody is at it
  auto done = finish_pending(**mine);
  if (done) give_back(**mine);
  return done;
}

/// Nothing: somebody else has it.
expected<std::optional<identity_changes::turn>> identity_changes::try_take() const {
  clock_->compare_now_and_then(changes_.home());
  const double now = clock_->now();
  turn mine{crypto::random_word(name_length), {}, steady_clock::now()};
  bson_list free_when;
  free_when.push(bson().add_null("owner"));
  free_when.push(bson().add("until", bson().add("$lt", now)));
  free_when.push(bson().add("server", server_));  // an earlier change of ours, and that has ended
  const auto held = bson().add("owner", mine.change).add("server", server_).add("until", now + lease.count());
  mongodb_collection::change_options how;
  how.how = upsert::yes;
  auto lock = changes_.find_and_update(bson().add("_id", lock_name).add("$or", free_when),
                                       bson().add("$set", held), how, "identity: lock");
  if (!lock && lock.error().kind == failure::conflict) return std::optional<turn>();
  if (!lock) return fail(lock.error());
  if (*lock) mine.lock = std::move(**lock);
  return std::optional(std::move(mine));
}

expected<identity_changes::turn> identity_changes::take() const {
  const auto end = steady_clock::now() + patience;
  for (auto wait = first_wait;; wait = std::min(wait * 2, longest_wait)) {
    auto mine = try_take();
    if (!mine) return fail(mine.error());
    if (*mine) return std::move(**mine);
    if (steady_clock::now() + wait > end)
      return fail(failure::unavailable, "identity: another server changes users and organisations");
    std::this_thread::sleep_for(wait);
  }
}

/// Carries out what another server had decided and could not do.
expected<void> identity_changes::finish_pending(const turn& mine) const {
  const auto pending = mine.lock.find("pending").document();
  if (!pending) return {};
  const std::string change(pending->find("change").text().value_or(""));
  find_options in_order;
  in_order.sort.add("_id", 1);
  auto stored = changes_.find_all(steps_of(change), in_order, "identity: change left behind");
  if (!stored) return fail(stored.error());
  std::vector<identity_step> steps;
  for (const auto& one : *stored) steps.push_back(step_from(one.view()));
  auto done = carry_out(change, steps);
  if (!done && done.error().kind == failure::unavailable)
    return fail(
        failure::unavailable,
        "identity: a change that was decided before must be done first, and cannot: " + done.error().text);
  if (!done)
    ties_.say->say("a change of identities that was left behind could not be done in full: " +
                   done.error().text);
  if (const auto token = pending->find("token").document())
    if (const auto record = token_from(*token))
      if (auto put = log_.put(*record, true); !put) return put;
  auto told = log_.has_line_of(change, pending->find("line_from").integer().value_or(1));
  if (!told) return fail(told.error());
  if (const auto line = pending->find("line").document(); line && !*told)
    if (auto appended = log_.append(line_from(*line), change); !appended) return appended;
  const auto gone = bson().add("$unset", bson().add("pending", ""));
  auto cleared = changes_.find_and_update(bson().add("_id", lock_name).add("owner", mine.change), gone, {},
                                          "identity: change left behind");
  if (!cleared) return fail(cleared.error());
  if (!*cleared) return fail(failure::unavailable, "identity: another server took over");
  return {};
}

expected<void> identity_changes::write_down(const turn& mine, const std::vector<identity_step>& steps) const {
  bulk_write writes;
  for (std::size_t i = 0; i < steps.size(); ++i)
    if (!writes.insert(to_bson(steps[i], mine.change, i + 1)))
      return fail(failure::too_large, "identity: a document is over MongoDB's limit of 16 MiB");
  auto written = changes_.write(std::move(writes), "identity: change");
  if (!written) return fail(written.error());
  if (!written->faults.empty()) return fail(written->faults.front().problem);
  return {};
}

/// From here on it will happen.
expected<void> identity_changes::decide(const turn& mine, const identity_change& change) const {
  const auto number = log_.next_number();
  if (!number) return fail(number.error());
  bson pending;
  pending.add("change", mine.change).add("line", to_bson(change.audit)).add_int64("line_from", *number);
  if (change.token) pending.add("token", to_bson(*change.token));
  auto lock =
      changes_.find_and_update(bson().add("_id", lock_name).add("owner", mine.change),
                               bson().add("$set", bson().add("pending", pending)), {}, "identity: change");
  if (!lock) return fail(lock.error());
  if (!*lock)
    return fail(failure::unavailable, "identity: the change took so long that another server took over");
  return {};
}

expected<void> identity_changes::carry_out(const std::string& change,
                                           const std::vector<identity_step>& steps) const {
  expected<void> done;
  for (int attempt = 0; attempt < most_tries; ++attempt) {
    bulk_write writes(writing::in_order);
    std::size_t to_be_found = 0;
    for (const auto& step : steps) {
      const bool put = step.what == identity_step::kind::put;
      if (step.what == identity_step::kind::erase)
        (void)writes.remove_many(step.filter);
      else if (writes.update_one(step.filter, step.change, put ? upsert::yes : upsert::no))
        ++to_be_found;
    }
    auto result = documents_.write(std::move(writes), "identity: change");
    done = result ? expected<void>() : expected<void>(fail(result.error()));
    if (!result || !result->duplicates.empty()) continue;  // another module put the same at that moment
    if (!result->faults.empty()) return fail(result->faults.front().problem);
    if (result->matched + result->upserted == to_be_found) return {};
    auto all = all_done(change, steps);
    if (!all) return fail(all.error());
    if (*all) return {};
    return fail(failure::conflict, "identity: a document was changed by somebody else in between");
  }
  if (done) done = fail(failure::unavailable, "identity: others put the same documents all the time");
  return done;
}

/// Whether every exchange was made, perhaps at an earlier attempt.
expected<bool> identity_changes::all_done(const std::string& change,
                                          const std::vector<identity_step>& steps) const {
  for (const auto& step : steps) {
    if (step.what != identity_step::kind::exchange) continue;
    bson done;
    done.add_field("_id", step.filter.view()).add(change_field, change);
    auto found = documents_.find_one(done, bson().add("_id", 1), "identity: change");
    if (!found) return fail(found.error());
    if (!*found) return false;
  }
  return true;
}

/// Frees the lock and clears what was pending, then removes the steps, of dead servers too: none but the
/// owner's are of use. Where it fails, the lock runs out, and what is pending is done once more, to no
/// effect.
void identity_changes::give_back(const turn& mine) const {
  const auto cleared = bson().add("$unset", bson().add("pending", ""));
  auto lock = changes_.find_and_update(bson().add("_id", lock_name).add("owner", mine.change), cleared, {},
                                       "identity: lock");
  if (!lock || !*lock) return;
  bulk_write steps;
  (void)steps.remove_many(bson().add("_id", bson().add("$ne", lock_name)));
  if (!changes_.write(std::move(steps), "identity: change")) return;
  const auto free = bson().add("$unset", bson().add("owner", "").add("server", "").add("until", ""));
  (void)changes_.find_and_update(bson().add("_id", lock_name).add("owner", mine.change), free, {},
                                 "identity: lock");
}

}  // namespace cybexd::store
