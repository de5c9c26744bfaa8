// The query desk's other half: queries that others put into the store, askers who leave or may see less than
// before, the orderly stop.
#include <algorithm>
#include <utility>

#include "actors/log.hpp"
#include "actors/query_desk.hpp"
#include "actors/shell.hpp"
#include "report/query.hpp"
#include "tahoe/document.hpp"

namespace cybexd::actors {
namespace {

constexpr std::chrono::seconds again_after{5};  // until a query that met a store's outage is tried again

}  // namespace

messages::queries_taken query_desk_state::run(const messages::run_queries& found) {
  messages::queries_taken out;
  if (draining_ || (outage_until_ && self_->clock().now() < *outage_until_)) return {0, true};
  std::optional<error> stays;  // of all that stay one is told, and once: they are found again and again
  for (const auto& query : *found.queries) {
    if (jobs_.contains(crypto::to_hex(query.hash))) continue;
    if (waiting_bytes_ > options_.waiting_bytes || queues_.at(queue_of(report::qtype_of(query))).full()) {
      out.busy = true;
      continue;
    }
    const auto taken = take_found(query, found.claims_end_before);
    if (!taken && !stays) stays = taken.error();
    if (taken && *taken) ++out.taken;
  }
  const auto why = stays ? stays->text : std::string();
  if (!why.empty() && why != stay_told_) log(log_level::warning, name, "waiting queries stay: " + why);
  stay_told_ = why;
  return out;
}

/// A query document of somebody else: whatever is wrong with it costs nobody else anything. False: somebody
/// else has it. Errors: of the stores; it stays.
expected<bool> query_desk_state::take_found(const tahoe::document& found,
                                            std::optional<double> claims_end_before) {
  const double now = options_.now();
  auto who = asker_now(report::userid_of(found));
  if (!who) return fail(who.error());
  auto taken = take_found_query(*options_.store, found, now, options_.claims, claims_end_before);
  if (!taken) return fail(taken.error());
  if (taken->what != taken_query::outcome::taken) return false;
  const auto fields = report::read_query_document(taken->query);
  auto data = fields ? report::query_data(*fields, options_.open_envelope)
                     : expected<tahoe::value>(fail(fields.error()));
  if (data)
    begin(std::move(taken->query), fields->qtype, std::move(*data), std::move(*who), now, nullptr);
  else
    fail_found(taken->query, std::move(*who), data.error(), now);
  return true;
}

/// Errors: of the identity store.
expected<report::asker> query_desk_state::asker_now(const std::string& userid) const {
  auto visible = options_.visible_to(userid);
  if (!visible) return fail(visible.error());
  return report::asker{userid, visible->has_value(), visible->value_or(store::visibility{})};
}

/// The asker with what is left, where that is less than what the report was made of: a query may have waited
/// for hours. Nothing where it is not. Errors: of the identity store.
expected<std::optional<report::asker>> query_desk_state::who_lost_sight(const job& job) const {
  auto now = asker_now(job.work->who.userid);
  if (!now) return fail(now.error());
  if (sees_all_of(now->who, job.work->who.who)) return std::optional<report::asker>();
  return std::optional(std::move(*now));
}

/// As `made` calls it: the worker is free again right after. The work is a new one, since a worker that was
/// given up may still read the old one.
void query_desk_state::make_again(const std::string& key, report::asker who) {
  if (draining_) return put_back(key);
  auto& job = jobs_.at(key);
  auto work = std::make_shared<messages::report_job>();
  work->type = job.work->type;
  work->data = job.work->data;
  work->who = std::move(who);
  work->now = job.work->now;
  work->holds = job.work->holds;
  job.work = std::move(work);
  job.running = job.our_fault = false;
  queues_.at(queue_of(job.type)).push(key);
}

void query_desk_state::fail_found(const tahoe::document& query, report::asker who, const error& why,
                                  double now) {
  const auto key = crypto::to_hex(query.hash);
  const auto type = report::qtype_of(query);
  auto work = std::make_shared<messages::report_job>();
  work->who = std::move(who);
  const auto taken = self_->clock().now();
  add(key, {query, type, std::move(work), taken, taken, {}, {}, true, true, false});
  std::shared_ptr<const tahoe::document> report;
  if (auto made = report::failed_report(type, why, report::userid_of(query), now); made)
    report = std::make_shared<const tahoe::document>(std::move(made->report));
  store(key, std::move(report), "failed");
}

/// A store is away: the query stays in `processing`, and our claim on it ends soon, so that the query poller
/// takes it again. Whoever waits is told to come back.
void query_desk_state::postpone(const std::string& key, const error& answer, const std::string& why) {
  outage_until_ = self_->clock().now() + again_after;
  if (!std::exchange(outage_told_, true))
    log(log_level::error, name, "queries are put off, " + answer.text + ": " + why);
  auto& job = jobs_.at(key);
  for (auto& [number, waiting] : job.waiters) (*waiting.answer)(fail(answer));
  for (auto& asked : std::exchange(job.parked, {})) (*asked.reply)(fail(answer));
  let_go(job, [&] {
    const std::chrono::duration<double> seconds = again_after;
    const std::vector<tahoe::hash256> ours{job.query.hash};
    return options_.store->renew(ours, {options_.claims.owner, options_.now() + seconds.count()});
  });
  finish(key);
}

/// Changes what we hold of a query. Where that fails our claim runs out as it stands, and so do the next ones
/// for a while: each try may cost the store's whole deadline.
void query_desk_state::let_go(const job& job, const std::function<expected<void>()>& change) {
  if (out_of_reach_until_ && self_->clock().now() < *out_of_reach_until_) return;
  const auto done = change();
  if (done) return;
  out_of_reach_until_ = self_->clock().now() + again_after;
  log(log_level::warning, name,
      "query " + crypto::to_hex(job.query.hash) + " could not be let go: " + done.error().text);
}

/// Whoever waits is told to come back, which costs no store.
void query_desk_state::send_away(job& job) {
  for (auto& [number, waiting] : std::exchange(job.waiters, {})) {
    (*waiting.answer)(messages::query_answer{});
    askers_.erase(waiting.asker);
  }
}

void query_desk_state::put_back(const std::string& key) {
  auto& job = jobs_.at(key);
  send_away(job);
  let_go(job, [&]() -> expected<void> {
    const auto back = give_back(*options_.store, job.query, options_.claims.owner);
    if (!back) return fail(back.error());
    return {};
  });
  finish(key);
}

void query_desk_state::lose_patience(const messages::patience_over& over) {
  const auto found = jobs_.find(over.query);
  if (found == jobs_.end()) return;
  const auto waiter = found->second.waiters.find(over.waiter);
  if (waiter == found->second.waiters.end()) return;
  (*waiter->second.answer)(messages::query_answer{});
  found->second.promised = true;
  askers_.erase(waiter->second.asker);
  found->second.waiters.erase(waiter);
}

void query_desk_state::abandon(messages::abandon asker) {
  const auto found = askers_.find(asker.asker);
  if (found == askers_.end()) return;
  const auto [key, waiter] = found->second;
  askers_.erase(found);
  auto& job = jobs_.at(key);
  job.waiters.erase(waiter);
  if (!job.waiters.empty() || !job.parked.empty() || job.promised) return;
  job.abandoned = true;
  job.work->cancelled = true;
  if (job.running) return;  // the worker notices, and `made` goes on
  const auto queue = queue_of(job.type);
  queues_.at(queue).forget(key);
  withdraw(key);
  pump(queue);
}

/// As if it had not been asked: whoever asks again has it made.
void query_desk_state::withdraw(const std::string& key) {
  const auto& job = jobs_.at(key);
  const auto back = set_status(*options_.store, job.query, "invalid", options_.claims.owner);
  if (!back) log(log_level::warning, name, "query " + key + " could not be withdrawn: " + back.error().text);
  options_.metrics->add(counter::reports, {queue_of(job.type), "withdrawn"});
  finish(key);
}

/// Other servers leave our queries alone while we live. A claim that could not be renewed may run out: then
/// two servers make the report, and one of them stores it.
void query_desk_state::renew_claims() {
  act::tell_after(self_, options_.renew_every, messages::query_desk_actor{self_}, messages::renew_claims{});
  std::vector<tahoe::hash256> ours;
  for (const auto& [key, job] : jobs_) ours.push_back(job.query.hash);
  if (ours.empty()) return;
  const auto done =
      options_.store->renew(ours, {options_.claims.owner, options_.now() + options_.claims.lasts});
  if (!done) log(log_level::warning, name, "claims could not be renewed: " + done.error().text);
}

void query_desk_state::drain(caf::typed_response_promise<messages::drained> promise) {
  draining_ = std::move(promise);
  std::vector<std::string> waiting;
  for (auto& [type, queue] : queues_)
    for (auto& key : queue.clear()) waiting.push_back(std::move(key));
  for (const auto& key : waiting) send_away(jobs_.at(key));  // all, before the store is waited for
  for (const auto& key : waiting) put_back(key);
  act::tell_after(self_, options_.stop_grace, messages::query_desk_actor{self_}, messages::tick{});
  end_if_idle();
}

/// The grace of a stop is over: reports that still run go back to `wait`.
void query_desk_state::stop_running() {
  for (auto& [key, job] : jobs_) job.work->cancelled = true;
}

void query_desk_state::end_if_idle() {
  if (!draining_ || !jobs_.empty()) return;
  auto promise = std::move(*draining_);
  draining_.reset();
  promise.deliver(messages::drained{});
  self_->quit();
}

}  // namespace cybexd::actors
