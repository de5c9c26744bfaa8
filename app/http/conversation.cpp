#include "app/http/conversation.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "app/http/url.hpp"

namespace cybexd::app::http {
namespace {

using step = message_reader::step;
constexpr std::uint64_t budget_step = 1u << 20;  ///< In which a body takes its share, as it comes.
constexpr std::size_t small_answer = 64u << 10;
constexpr std::chrono::milliseconds last_words(1'000);  ///< For what is half said at a stop.
response overloaded() { return try_later("The server is overloaded, try again later."); }

}  // namespace

conversation::conversation(server_core& core, arrival what, share slot)
    : core_(core), what_(std::move(what)), slot_(std::move(slot)), limits_(core.limits()) {}

void conversation::drain() {
  post([self = shared_from_this()] {
    const auto now = self->phase_;
    if (now == phase::idle || now == phase::starting) return self->close();
    if (now == phase::head || now == phase::body || now == phase::lingering) self->arm(last_words);
  });
}

void conversation::cut() {
  post([self = shared_from_this()] { self->close(); });
}

void conversation::give_way() {
  post([self = shared_from_this()] {  // up to `head`, nothing has come that could be answered
    if (self->phase_ <= phase::head && !self->served_) self->close();
  });
}

// --- Reading
void conversation::next() {
  if (closed()) return;
  ++exchange_;
  limits_ = core_.limits();
  reader_.begin(limits_->header_bytes);
  head_ = {};
  request_ = {};
  route_ = nullptr;
  if (reader_.has_bytes()) return begin_head();
  if (core_.draining) return close();
  phase_ = phase::idle;
  arm(served_ ? limits_->idle_time : limits_->header_time);
  read_more();
}

void conversation::came(std::size_t bytes) {
  reader_.came(bytes);
  if (phase_ == phase::idle) return begin_head();
  if (phase_ == phase::head) return read_head();
  read_body();
}

void conversation::reading_ended(bool by_client) {
  if (closed()) return;
  if (phase_ == phase::idle) return close();
  if (timed_out()) return refuse(message_reader::too_slow());
  if (by_client) return refuse(message_reader::cut_short());
  close();
}

void conversation::begin_head() {
  phase_ = phase::head;
  started_ = std::chrono::steady_clock::now();
  arm(limits_->header_time);
  read_head();
}

void conversation::read_head() {
  switch (reader_.read_head()) {
    case step::needs_more:
      return read_more();
    case step::failed:
      return refuse(reader_.problem());
    case step::done:
      break;
  }
  if (exchange_ == 1) core_.has_asked(*this);
  head_ = reader_.head();
  keep_ = head_.keep_alive;
  if (auto wrong = judge_head()) return refuse(std::move(*wrong));
  if (route_->needs_token) return authenticate();
  begin_body();
}

/// Finds the route. Answers what is wrong, if anything is.
std::optional<response> conversation::judge_head() {
  if (auto wrong = problem_of(head_, *limits_)) {
    wrong->then_shut_down = true;  // where the request ends is not sure
    return wrong;
  }
  auto target = read_target(head_.target);
  if (!target) return answer_to(target.error());
  if (core_.draining) return try_later("The server is stopping.");
  if (what_.family != AF_UNIX && !core_.rates.allow(what_.peer, limits_->rate, started_))
    return too_many_requests();
  auto match = what_.routes->find(head_.method, target->path);
  if (!match.found) {
    auto wrong = match.allow.empty() ? message(404, "Not found.") : message(405, "Method not allowed.");
    wrong.allow = std::move(match.allow);
    return wrong;
  }
  route_ = match.found;
  request_.method = head_.method;
  request_.path = std::move(target->path);
  request_.parameters = std::move(target->parameters);
  request_.tail = std::move(match.tail);
  request_.content_type = head_.content_type;
  request_.content_encoding = head_.content_encoding;
  request_.peer = what_.peer;
  return std::nullopt;
}

/// Before the body is read: who has no good token takes none of the budget and learns nothing about the body.
void conversation::authenticate() {
  request_.token = bearer_of(head_);
  if (request_.token.empty() || !core_.hooks.authenticate) return refuse(not_authenticated());
  phase_ = phase::working;
  arm(limits_->work_time);
  const bool taken =
      core_.workers.post([self = shared_from_this(), token = request_.token, exchange = exchange_] {
        auto user = self->core_.authenticate(token);
        self->post([self, user = std::move(user), exchange] { self->authenticated(user, exchange); });
      });
  if (!taken) refuse(overloaded());
}

void conversation::authenticated(expected<std::string> user, std::uint64_t exchange) {
  if (closed() || exchange != exchange_ || phase_ != phase::working) return;
  if (!user) {
    const auto& why = user.error();
    return refuse(why.kind == failure::not_allowed ? not_authenticated() : answer_to(why));
  }
  request_.user = std::move(*user);
  begin_body();
}

/// Whoever should answer does not.
void conversation::deadline_passed() {
  if (phase_ == phase::working)
    refuse(try_later("The server could not finish this in time, try again later."));
}

void conversation::begin_body() {
  phase_ = phase::body;
  if (auto wrong = body_problem_of(head_, *route_, *limits_)) return refuse(std::move(*wrong));
  reader_.begin_body(body_limit_of(*route_, *limits_));
  request_.bytes = share(core_.body_bytes);
  if (reader_.complete()) return dispatch();
  if (!request_.bytes.grow_to(std::min(head_.content_length.value_or(budget_step), budget_step)))
    return refuse(overloaded());
  arm(core_.draining ? last_words : limits_->body_time);
  if (head_.wants_continue() && !reader_.has_bytes()) return write_continue();
  read_body();
}

void conversation::continue_written(bool well) {
  if (closed()) return;
  if (!well) return close();
  read_body();
}

void conversation::read_body() {
  switch (reader_.read_body()) {
    case step::failed:
      return refuse(reader_.problem());
    case step::done:
      return dispatch();
    case step::needs_more:
      break;
  }
  if (reader_.body_size() > request_.bytes.amount() &&
      !request_.bytes.grow_to(reader_.body_size() + budget_step))
    return refuse(overloaded());
  read_more();
}

// --- Working
void conversation::dispatch() {
  phase_ = phase::working;
  arm(limits_->work_time);
  request_.body = reader_.take_body();
  if (route_->body == body_size::none) {
    request_.body = {};
    request_.bytes.release();
  }
  place_ = share(route_->may_wait ? core_.waiting : core_.requests);
  if (!request_.bytes.grow_to(request_.body.size()) || !place_.grow_to(1)) return answer(overloaded());
  count_in_flight(1);
  if (route_->may_wait) {
    request_.client = departure_ = std::make_shared<departure>();
    watch_client();
  }
  const responder respond([gate = core_.gate, weak = weak_from_this(), exchange = exchange_](response r) {
    const std::shared_lock lock(gate->mutex);
    const auto self = gate->open ? weak.lock() : nullptr;
    if (!self) return;
    self->post([self, exchange, r = std::move(r)]() mutable {
      if (exchange == self->exchange_ && self->phase_ == phase::working) self->answer(std::move(r));
    });
  });
  const auto asked = std::make_shared<request>(std::move(request_));
  if (route_->where == runs_on::connection) return run(*route_, *asked, respond);
  auto& pool = route_->body == body_size::upload ? core_.upload_workers : core_.workers;
  const bool taken = pool.post(
      [self = shared_from_this(), to = route_, asked, respond] { self->run(*to, *asked, respond); });
  if (!taken) respond(overloaded());
}

void conversation::run(const route& to, request& asked, const responder& respond) {
  try {
    to.run(std::move(asked), respond);
  } catch (const std::exception& e) {  // e.g. no memory: this request fails, the others go on
    respond(server_error("Server error.", e.what()));
  }
}

void conversation::count_in_flight(std::int64_t change) {
  in_flight_ += change;
  if (core_.hooks.in_flight) core_.hooks.in_flight(change);
}

// --- Answering
/// Answers a request that may not have been read to its end.
void conversation::refuse(response r) {
  refused_ = !reader_.complete();
  keep_ = keep_ && !refused_;
  answer(std::move(r));
}

void conversation::answer(response r) {
  if (closed()) return;
  phase_ = phase::writing;
  if (std::exchange(departure_, nullptr)) forget_client();
  place_.release();
  request_.bytes.release();
  if (in_flight_ > 0) count_in_flight(-1);
  // A large answer that its client is slow to read takes its share of the memory, too.
  out_bytes_ = share(core_.body_bytes);
  if (r.body.size() > small_answer && !out_bytes_.grow_to(r.body.size())) r = overloaded();
  finished(r.status);
  if (r.status == 500)
    core_.warn(name_in_log(head_) + " was answered with 500: " + (r.why.empty() ? "no reason given" : r.why));
  keep_ = keep_ && !r.then_shut_down && !core_.draining;
  out_head_ = head_of(r, keep_, std::chrono::system_clock::now());
  out_body_ = head_.method == "HEAD" ? std::string{} : std::move(r.body);
  arm(limits_->write_time);
  write_answer();
}

void conversation::written(bool well) {
  if (closed()) return;
  if (!well) return close();
  served_ = true;
  out_body_ = {};
  out_bytes_.release();
  if (keep_) return next();
  phase_ = phase::lingering;
  arm(refused_ && !core_.draining ? limits_->linger_time : last_words);
  linger(refused_ ? limits_->upload_bytes * 2 + budget_step : budget_step);
}

/// Nobody reads an answer, so none is made where that can still be helped.
void conversation::client_left() {
  if (closed() || phase_ != phase::working) return;
  finished(499);  // as it is often counted; nobody is told
  close();
}

void conversation::finished(unsigned status) {
  if (!core_.hooks.finished) return;
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - started_;
  core_.hooks.finished(route_ ? std::string_view(route_->pattern) : "other", status, taken.count());
}

void conversation::close() {
  if (closed()) return;
  phase_ = phase::closed;
  if (const auto leaving = std::exchange(departure_, nullptr)) {
    forget_client();
    leaving->happened();
  }
  disarm();
  if (in_flight_ > 0) count_in_flight(-1);
  close_socket();
  core_.forget(shared_from_this());
}

}  // namespace cybexd::app::http
