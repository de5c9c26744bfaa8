#include "actors/query_desk.hpp"

#include <algorithm>

#include "actors/log.hpp"
#include "actors/shell.hpp"

namespace cybexd::actors {
namespace {

using messages::query_answer;

constexpr std::string_view other_types = "other";  // the metrics' label of what is no known type

/// Room for a worker to notice its deadline by itself, before it counts as gone.
constexpr std::chrono::seconds worker_grace{30};
/// Longer than the writers' pool waits for one of them, and than a store takes for all its questions: a
/// report that gets stored after all must not be put off.
constexpr std::chrono::minutes longest_storing{11};

query_answer::outcome outcome_of(const std::string& status) {
  return status == "ready" ? query_answer::outcome::ready : query_answer::outcome::failed;
}

/// Of what a query asks, as text.
std::size_t size_of(const tahoe::document& query) {
  const auto* qdata = query.data.find("qdata");
  const auto* list = qdata != nullptr ? qdata->get_if<tahoe::array>() : nullptr;
  const auto* text = list != nullptr && !list->empty() ? list->front().text() : nullptr;
  return text != nullptr ? text->size() : 0;
}

double seconds_since(std::chrono::steady_clock::time_point when, std::chrono::steady_clock::time_point now) {
  return std::chrono::duration<double>(now - when).count();
}

}  // namespace

void query_desk_state::start(pointer self, query_desk_options options, query_desk_peers peers) {
  self_ = self;
  options_ = std::move(options);
  peers_ = std::move(peers);
  const auto lean_on = [self](const auto& peer) {
    take_along(self, peer);
    act::watch(self, peer);
  };
  for (const auto& [type, workers] : peers_.workers) lean_on(workers);
  lean_on(peers_.writer);
  lean_on(peers_.sockets);
  for (const auto& type : options_.types) {
    queues_.emplace(type, query_queue(options_.workers, options_.queue));
    options_.metrics->offer_reports(type);
  }
  if (options_.renew_every.count() > 0) renew_claims();
}

query_desk_state::~query_desk_state() {
  for (auto& [key, job] : jobs_) job.work->cancelled = true;
}

/// An unknown type has no workers: its failed report is made by those of the first type.
std::string query_desk_state::queue_of(const std::string& type) const {
  return queues_.contains(type) ? type : options_.types.front();
}

void query_desk_state::ask(messages::ask_query& asked) {
  if (auto done = accept(asked); !done) (*asked.reply)(fail(done.error()));
}

expected<void> query_desk_state::accept(const messages::ask_query& asked) {
  const auto& request = *asked.what;
  if (draining_) return fail(failure::overloaded, "the server is stopping");
  auto userid = options_.authenticate(request);
  if (!userid) return fail(userid.error());
  if (queues_.at(queue_of(request.type)).full())
    return fail(failure::overloaded, "too many queries of type " + queue_of(request.type) + " wait already");
  const double now = request.now.value_or(options_.now());
  auto who = asker_now(*userid);
  if (!who) return fail(who.error());
  auto document = report::make_query(request.type, request.data, *userid, now);
  if (!document) return fail(document.error());
  if (const auto same = jobs_.find(crypto::to_hex(document->query.hash)); same != jobs_.end())
    return wait_for_same(same->second, asked);
  auto taken =
      open_query(*options_.store, *document, who->who, request.redo, options_.now(), options_.claims);
  if (!taken) return fail(taken.error());
  switch (taken->what) {
    case taken_query::outcome::busy:
      (*asked.reply)(query_answer{});
      break;
    case taken_query::outcome::answered: {
      const auto outcome = taken->failed ? query_answer::outcome::failed : query_answer::outcome::ready;
      (*asked.reply)(query_answer{outcome, as_asked(std::move(*taken->report), taken->query)});
      break;
    }
    case taken_query::outcome::taken:
      begin(std::move(taken->query), request.type, std::move(document->data), std::move(*who), now, &asked);
  }
  return {};
}

/// The same query is being made. Who asks over HTTP is told so at once; the operator's commands, which may
/// fix the clock differently for each, get a report of their own afterwards.
expected<void> query_desk_state::wait_for_same(job& running, const messages::ask_query& asked) {
  if (!asked.what->token.empty()) {
    running.promised = true;
    (*asked.reply)(query_answer{});
    return {};
  }
  if (running.parked.size() >= options_.queue)
    return fail(failure::overloaded, "too many equal queries wait already");
  running.parked.push_back(asked);
  return {};
}

/// Until `finish`.
query_desk_state::job& query_desk_state::add(const std::string& key, job made) {
  waiting_bytes_ += size_of(made.query);
  return jobs_[key] = std::move(made);
}

void query_desk_state::begin(tahoe::document query, std::string type, tahoe::value data, report::asker who,
                             double now, const messages::ask_query* asked) {
  const auto key = crypto::to_hex(query.hash);
  auto work = std::make_shared<messages::report_job>();
  work->type = type;
  work->data = std::move(data);
  work->who = std::move(who);
  work->now = now;
  const auto taken = self_->clock().now();
  work->holds = asked != nullptr ? asked->what->holds : nullptr;
  auto& job = add(key, {std::move(query),
                        std::move(type),
                        std::move(work),
                        taken,
                        taken,
                        {},
                        {},
                        false,
                        asked == nullptr,
                        false});
  if (asked != nullptr) {
    const auto waiter = ++waiters_;
    job.waiters[waiter] = {asked->reply, asked->asker};
    if (asked->asker != 0) askers_[asked->asker] = {key, waiter};
    act::tell_after(self_, asked->patience, messages::query_desk_actor{self_},
                    messages::patience_over{key, waiter});
  }
  const auto queue = queue_of(job.type);
  queues_.at(queue).push(key);
  pump(queue);
}

void query_desk_state::pump(const std::string& type) {
  auto& queue = queues_.at(type);
  while (auto key = queue.next()) run_job(type, *key);
  options_.metrics->set(gauge::report_queue, {type}, static_cast<double>(queue.waiting()));
}

void query_desk_state::run_job(const std::string& type, const std::string& key) {
  auto& job = jobs_.at(key);
  job.running = true;
  job.begun = self_->clock().now();
  job.work->deadline = std::chrono::steady_clock::now() + options_.deadline;
  options_.metrics->observe(histogram::report_wait, {type}, seconds_since(job.taken, job.begun));
  const auto leave = [this, type] {
    queues_.at(type).done();
    pump(type);
  };
  act::ask(self_, peers_.workers.at(type), options_.deadline + worker_grace, messages::make_report{job.work})
      .then(
          [this, key, leave](messages::report_made& result) {
            made(key, result);
            leave();
          },
          [this, key, leave](caf::error& e) {
            log(log_level::error, name, "a report worker is gone: " + error_text(self_, e));
            messages::report_made lost{std::make_shared<expected<report::made_report>>(
                fail(failure::internal, "the worker that made the report is gone"))};
            made(key, lost);
            leave();
          });
}

void query_desk_state::made(const std::string& key, messages::report_made& result) {
  const auto& job = jobs_.at(key);
  if (job.abandoned) return withdraw(key);
  if (draining_ && job.work->cancelled) return put_back(key);
  auto made = std::move(*result.result);
  const auto* trouble = !made ? &made.error() : made->trouble ? &*made->trouble : nullptr;
  if (trouble != nullptr && trouble->kind == failure::unavailable)
    return postpone(key, {failure::unavailable, "the archive cannot be reached"}, trouble->text);
  if (!made && made.error().kind != failure::bad_input) {
    log(log_level::error, name, "query " + key + ": " + made.error().text);
    made = report::failed_report(job.type, made.error(), job.work->who.userid, job.work->now);
  }
  if (!made) return store(key, nullptr, "failed");  // no report can have this type
  if (made->trouble) {
    log(log_level::error, name, "query " + key + ": " + made->trouble->text);
    jobs_.at(key).our_fault = true;
  }
  auto lost = who_lost_sight(job);
  if (!lost && made->ready)  // a failed report shows nothing of anybody
    return postpone(key, {failure::unavailable, "the identity store cannot be reached"}, lost.error().text);
  if (lost && *lost) return make_again(key, std::move(**lost));
  store(key, std::make_shared<const tahoe::document>(std::move(made->report)),
        made->ready ? "ready" : "failed");
}

void query_desk_state::store(const std::string& key, std::shared_ptr<const tahoe::document> report,
                             std::string status) {
  const auto& job = jobs_.at(key);
  messages::store_report done{std::make_shared<const tahoe::document>(job.query),
                              report,
                              status,
                              options_.claims.owner,
                              job.work->who.who,
                              job.our_fault};
  act::ask(self_, peers_.writer, longest_storing, done)
      .then([this, key, report,
             status](messages::report_stored& result) { stored(key, report, status, result); },
            [this, key, report, status](caf::error& e) {
              stored(key, report, status,
                     {messages::report_stored::outcome::unavailable, error_text(self_, e), {}});
            });
}

void query_desk_state::stored(const std::string& key, const std::shared_ptr<const tahoe::document>& report,
                              const std::string& status, const messages::report_stored& result) {
  using outcome = messages::report_stored::outcome;
  if (result.what == outcome::unavailable)
    return postpone(key, {failure::unavailable, "the report store cannot be reached"}, result.reason);
  auto& job = jobs_.at(key);
  const auto label = queues_.contains(job.type) ? std::string_view(job.type) : other_types;
  const auto lost = who_lost_sight(job);  // once more: the store may have taken its time
  for (auto& [number, waiting] : job.waiters) {
    if (!lost && status == "ready")
      (*waiting.answer)(fail(lost.error()));
    else if (result.what == outcome::superseded || !report || (lost && *lost))
      (*waiting.answer)(query_answer{});
    else
      (*waiting.answer)(query_answer{outcome_of(status), *report});
  }
  if (result.what == outcome::stored) {
    outage_until_.reset();
    outage_told_ = false;
    options_.metrics->add(counter::reports, {label, status});
    options_.metrics->observe(histogram::report_seconds, {label},
                              seconds_since(job.begun, self_->clock().now()));
    tell(result.socket);
  }
  finish(key);
}

void query_desk_state::tell(const report::reply_socket& socket) {
  if (socket.port <= 0 || socket.port > 65535) return;
  act::ask(self_, peers_.sockets, std::chrono::minutes(5),
           messages::tell_socket{socket.host, static_cast<std::uint16_t>(socket.port), socket.nonce})
      .then([](messages::socket_told&) {},  // counted where it was told
            [this](caf::error& e) {
              log(log_level::warning, name, "a reply was not sent: " + error_text(self_, e));
            });
}

void query_desk_state::finish(const std::string& key) {
  auto& job = jobs_.at(key);
  for (const auto& [number, waiting] : job.waiters) askers_.erase(waiting.asker);
  waiting_bytes_ -= std::min(waiting_bytes_, size_of(job.query));
  auto parked = std::move(job.parked);
  jobs_.erase(key);
  for (auto& asked : parked) ask(asked);
  end_if_idle();
}

messages::query_desk_actor::behavior_type query_desk(query_desk_state::pointer self,
                                                     query_desk_options options, query_desk_peers peers) {
  const auto meter = options.metrics->actor(query_desk_state::name);
  behave(self, meter);
  act::st(self).start(self, std::move(options), std::move(peers));
  act::on_down(self, [self](caf::down_msg& down) { end_with(self, query_desk_state::name, down); });
  return {metered(self, meter, "ask", [self](messages::ask_query& asked) { act::st(self).ask(asked); }),
          metered(self, meter, "run",
                  [self](const messages::run_queries& found) { return act::st(self).run(found); }),
          metered(self, meter, "abandon", [self](messages::abandon asker) { act::st(self).abandon(asker); }),
          metered(self, meter, "patience",
                  [self](const messages::patience_over& over) { act::st(self).lose_patience(over); }),
          [self](messages::renew_claims) { act::st(self).renew_claims(); },
          [self](messages::tick) { act::st(self).stop_running(); },
          [self](messages::drain) -> caf::result<messages::drained> {
            auto promise = self->make_response_promise<messages::drained>();
            act::st(self).drain(promise);
            return promise;
          }};
}

}  // namespace cybexd::actors
