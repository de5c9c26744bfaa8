#include "actors/cache_poller.hpp"

#include <algorithm>
#include <utility>

#include "actors/retry_rule.hpp"

namespace cybexd::actors {

using std::chrono::duration;

void cache_poller_state::start(pointer self, poller_options options, poller_partners partners,
                               telemetry& metrics) {
  self_ = self;
  options_ = std::move(options);
  partners_ = std::move(partners);
  metrics_ = &metrics;
  meter_ = metrics.actor(name);
  backoff_.emplace(options_.backoff, options_.seed);
  outage_backoff_.emplace(options_.backoff, options_.seed);
  typetags_ = typetag_table(options_.typetags, options_.accept_unknown_typetags);
  sweep_ = options_.force_process;
  line_.emplace(options_.line, stages(), metrics);
  act::watch(self, partners_.decryptors);
  act::watch(self, partners_.parsers);
  act::watch(self, partners_.analysts);
  new_writer();
  metrics.set(gauge::credit_limit, {}, static_cast<double>(window()));
  if (options_.start_at_once) act::post(messages::cache_poller_actor{self}, messages::tick{generation_});
}

/// Whatever happened: starts what can be started now.
void cache_poller_state::advance() {
  for (bool more = true; more && !draining_;) {
    line_->pump();
    if (line_->blocked() && taking_) end_taking(false);
    pull();
    settle_rounds();
    if (once_ && rounds_.empty()) once_step();
    more = again_ && !taking_ && !in_trouble();
    if (more) start_round();
  }
  if (draining_) {
    line_->pump();
    if (finish_drain()) return;  // the line is gone
  } else if (rounds_.empty() && !scheduled_) {
    schedule();
  }
  show();
}

void cache_poller_state::start_round() {
  ++generation_;  // a timer that still runs means nothing now
  scheduled_ = again_ = exhausted_ = false;
  typetags_asked_.reset();
  round_started_ = self_->clock().now();
  taking_ = ++last_round_;
  round& current = rounds_[last_round_];
  free_what_was_refused();
  if (sweep_) take_up_what_was_set_aside();
  if (line_->blocked()) {
    current.outstanding = line_->resume(last_round_);
    current.probe = current.outstanding != 0;
    if (current.probe) end_taking(false);
  }
  pull();
  settle_rounds();
}

/// What the last take brought is begun as well: nothing else may be under way whose end would begin it.
void cache_poller_state::pull() {
  while (taking_ && !line_->blocked() && take_some(rounds_.at(*taking_))) line_->pump();
  line_->pump();
}

/// Entries that there is credit for: not more than the lake thinks good for those who share it.
std::size_t cache_poller_state::window() const {
  return std::clamp<std::size_t>(partners_.lake->most_in_work(), 1, options_.window_entries);
}

/// Takes as much as there is credit for. True: there may be more.
bool cache_poller_state::take_some(round& current) {
  const auto in_use = line_->entries();
  const auto most = window();
  const auto free_entries = most - std::min(most, in_use);
  const auto free_bytes = options_.window_bytes - std::min(options_.window_bytes, line_->bytes());
  // Little credit is let gather: a question to the lake costs the same for one entry as for many.
  const bool enough = in_use == 0 || (free_entries >= std::max<std::size_t>(1, most / 4) &&
                                      free_bytes > too_large_ && free_bytes >= options_.window_bytes / 16);
  if (!enough) return false;
  const auto wanted = std::min(options_.batch - current.taken, free_entries);
  auto taken = partners_.lake->take({wanted, std::max<std::uint64_t>(free_bytes, 1), false});
  // Taking only reads: that it works says nothing against a lake that cannot be written.
  if (!taken || !lake_trouble_.empty()) metrics_->set(gauge::store_up, {"cache"}, taken ? 1 : 0);
  if (!taken) {
    lake_trouble_ = taken.error().text;
    end_taking(false);
    return false;
  }
  lake_trouble_.clear();
  too_large_ = 0;
  if (taken->empty()) {
    exhausted_ = true;
    look_for_claims();
    end_taking(false);
    return false;
  }
  if (taken->size() == 1 && in_use != 0 && taken->front().bytes > free_bytes) {
    too_large_ =
        taken->front().bytes;  // it comes back when there is credit for it, or nothing else is under way
    if (partners_.lake->release(std::span(&taken->front().id, 1))) return false;
  }
  current.taken += taken->size();
  current.outstanding += taken->size();
  // Fewer than wanted, and not for want of room: there are no more now. To ask again would only tell the
  // same.
  std::uint64_t bytes = 0;
  for (const auto& entry : *taken) bytes += entry.bytes;
  const bool all = taken->size() < wanted && bytes <= free_bytes / 2;
  for (auto& entry : *taken) line_->add(std::move(entry), *taking_);
  if (current.taken < options_.batch && !all) return true;
  end_taking(current.taken >= options_.batch);
  return false;
}

void cache_poller_state::end_taking(bool full) {
  taking_.reset();
  if (full) again_ = true;
}

/// A round is over when it takes no more and nothing of it is outstanding.
void cache_poller_state::settle_rounds() {
  for (auto i = rounds_.begin(); i != rounds_.end();) {
    if (i->second.outstanding != 0 || (taking_ && *taking_ == i->first)) {
      ++i;
      continue;
    }
    const bool trouble = in_trouble();
    if (!trouble) over_with_the_outage();
    if (i->second.archived) {
      backoff_->succeeded();
      if (i->second.probe) again_ = true;
    } else if (trouble) {
      fail_in_the_outage();
    } else {
      backoff_->failed();
    }
    i = rounds_.erase(i);
  }
}

void cache_poller_state::over_with_the_outage() {
  outage_backoff_->succeeded();
  outage_try_.reset();
}

/// Arrivals make rounds of their own in an outage, too: they neither count nor put off the try that waits, or
/// a busy hub would wait longest.
void cache_poller_state::fail_in_the_outage() {
  const auto now = self_->clock().now();
  if (outage_try_ && now < *outage_try_) return;
  outage_backoff_->failed();
  outage_try_ = now + outage_backoff_->next();
}

/// Entries that another server has taken are free when its claim ends, if it has gone: no later than that is
/// the next round.
void cache_poller_state::look_for_claims() {
  const auto seconds = partners_.lake->seconds_to_a_free_claim();
  if (!seconds || !*seconds) return;
  const duration<double> wait(std::max(1.0, **seconds + 0.1));
  free_claim_ = std::chrono::duration_cast<caf::timespan>(wait);
}

void cache_poller_state::schedule() {
  const auto now = self_->clock().now();
  // An arrival's round leaves the outage's next try when it was.
  const bool waits = in_trouble() && outage_try_ && now < *outage_try_;
  caf::timespan wait = waits ? *outage_try_ - now : waiting().next();
  if (free_claim_) wait = std::min(wait, *std::exchange(free_claim_, std::nullopt));
  constexpr caf::timespan a_moment = std::chrono::seconds(1);
  if (!refused_.empty()) wait = std::min(wait, std::max(a_moment, refused_.front().free_at - now));
  scheduled_ = true;
  again_ = false;
  next_round_ = now + wait;
  act::tell_after(self_, wait, messages::cache_poller_actor{self_}, messages::tick{++generation_});
}

void cache_poller_state::nudge() {
  if (draining_ || taking_) return;  // a round that takes sees what is new anyhow
  // In an outage arrivals must not turn the backoff into a storm.
  if (in_trouble() && self_->clock().now() - round_started_ < std::chrono::seconds(1)) return;
  start_round();
  advance();
}

void cache_poller_state::tick(std::uint64_t generation) {
  if (draining_ || generation != generation_) return;
  start_round();
  advance();
}

/// Everything set aside becomes eligible again; the next marks replace the old ones.
void cache_poller_state::take_up_what_was_set_aside() {
  store::entry_id after;
  for (;;) {
    auto page = partners_.lake->set_aside(after, 1000, false);
    if (!page) {
      lake_trouble_ = page.error().text;
      return;  // the next round tries again
    }
    if (page->empty()) break;
    const auto ids = worth_a_retry(*partners_.lake, partners_.key, *page);
    if (!ids) {
      lake_trouble_ = ids.error().text;
      return;
    }
    after = page->back().entry.id;
    if (auto done = partners_.lake->retry(*ids); !done) {
      lake_trouble_ = done.error().text;
      return;
    }
  }
  sweep_ = false;
}

void cache_poller_state::show() {
  metrics_->set(gauge::credit_limit, {}, static_cast<double>(window()));
  metrics_->set(gauge::credit_in_use, {}, static_cast<double>(line_->entries()));
  metrics_->set(gauge::credit_bytes, {}, static_cast<double>(line_->bytes()));
  metrics_->set(gauge::backoff_failures, {name}, static_cast<double>(waiting().failures()));
  const duration<double> left = scheduled_ ? next_round_ - self_->clock().now() : caf::timespan{0};
  metrics_->set(gauge::backoff_next, {name}, std::max(0.0, left.count()));
}

messages::line_status cache_poller_state::status() {
  messages::line_status status;
  status.credit_in_use = line_->entries();
  status.credit_limit = window();
  status.credit_bytes_in_use = line_->bytes();
  status.rounds = last_round_;
  status.failures = waiting().failures();
  const duration<double> left = scheduled_ ? next_round_ - self_->clock().now() : caf::timespan{0};
  status.next_round_seconds = std::max(0.0, left.count());
  status.trouble = trouble();
  return status;
}

cache_poller_state::~cache_poller_state() {
  if (const auto problem = give_back())
    log(log_level::warning, name, "could not give entries back: " + problem->text);
}

namespace {

messages::cache_poller_actor::behavior_type cache_poller(cache_poller_state::pointer self,
                                                         const poller_options& options,
                                                         const poller_partners& partners,
                                                         telemetry* metrics) {
  const auto meter = metrics->actor(cache_poller_state::name);
  behave(self, meter);
  act::st(self).start(self, options, partners, *metrics);
  act::on_down(self, [self](caf::down_msg& down) { act::st(self).down(down); });
  return {metered(self, meter, "nudge", [self](messages::nudge) { act::st(self).nudge(); }),
          metered(self, meter, "archive_once",
                  [self](const messages::archive_once& wish) -> caf::result<messages::archive_summary> {
                    auto promise = self->make_response_promise<messages::archive_summary>();
                    act::st(self).once(wish.force, promise);
                    return promise;
                  }),
          metered(self, meter, "get_status",
                  [self](messages::get_status) -> caf::result<messages::line_status> {
                    return act::st(self).status();
                  }),
          metered(self, meter, "drain",
                  [self](messages::drain) -> caf::result<messages::drained> {
                    auto promise = self->make_response_promise<messages::drained>();
                    act::st(self).drain(promise);
                    return promise;
                  }),
          metered(self, meter, "tick", [self](messages::tick tick) { act::st(self).tick(tick.generation); })};
}

}  // namespace

messages::cache_poller_actor spawn_cache_poller(caf::actor_system& system, poller_options options,
                                                poller_partners partners, telemetry& metrics) {
  return spawn_detached(system, cache_poller, std::move(options), std::move(partners), &metrics);
}

}  // namespace cybexd::actors
