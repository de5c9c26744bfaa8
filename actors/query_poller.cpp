#include "actors/query_poller.hpp"

#include <algorithm>
#include <limits>

#include "actors/log.hpp"
#include "actors/shell.hpp"

namespace cybexd::actors {
namespace {

constexpr std::chrono::minutes desk_answers_within{2};
constexpr std::chrono::milliseconds breather{50};  // between looks that found something
constexpr std::size_t most_at_once = 65'536;

}  // namespace

void query_poller_state::start(pointer self, query_poller_options options, messages::query_desk_actor desk) {
  self_ = self;
  options_ = std::move(options);
  desk_ = std::move(desk);
  backoff_.emplace(options_.wait, options_.seed);
  limit_ = options_.batch;
  act::tell(self_, messages::query_poller_actor{self_}, messages::tick{generation_});
}

void query_poller_state::look(std::uint64_t generation) {
  if (generation != generation_ || draining_) return;
  std::optional<double> claims_end_before;
  if (first_ && options_.exclusive) claims_end_before = std::numeric_limits<double>::max();
  auto found =
      options_.store->takeable(claims_end_before.value_or(options_.now()), options_.foreign_age, limit_);
  if (!found) {
    log(log_level::warning, name, "cannot look for waiting queries: " + found.error().text);
    return again(false);
  }
  full_ = found->size() >= limit_;
  first_ =
      first_ && full_ && limit_ < most_at_once;  // all that the dead server had, those in work among them
  if (found->empty()) return again(false);
  busy_ = true;
  act::ask(self_, desk_, desk_answers_within,
           messages::run_queries{std::make_shared<const std::vector<tahoe::document>>(std::move(*found)),
                                 claims_end_before})
      .then([this](messages::queries_taken& taken) { looked(taken); },
            [this](caf::error& e) {
              log(log_level::warning, name, "the query desk did not answer: " + error_text(self_, e));
              looked({});
            });
}

void query_poller_state::looked(const messages::queries_taken& taken) {
  busy_ = false;
  if (draining_) return end();
  const bool stuck = full_ && !taken.busy && (taken.taken == 0 || first_);
  limit_ = stuck ? std::min(limit_ * 2, most_at_once) : options_.batch;
  again(taken.taken > 0 && !taken.busy);
}

void query_poller_state::again(bool at_once) {
  if (at_once)
    backoff_->succeeded();
  else
    backoff_->failed();
  const std::chrono::nanoseconds wait = at_once ? breather : backoff_->next();
  options_.metrics->set(gauge::backoff_failures, {"queries"}, static_cast<double>(backoff_->failures()));
  options_.metrics->set(gauge::backoff_next, {"queries"}, std::chrono::duration<double>(wait).count());
  act::tell_after(self_, wait, messages::query_poller_actor{self_}, messages::tick{++generation_});
}

void query_poller_state::drain(caf::typed_response_promise<messages::drained> promise) {
  draining_ = std::move(promise);
  ++generation_;
  if (!busy_) end();
}

void query_poller_state::end() {
  draining_->deliver(messages::drained{});
  self_->quit();
}

messages::query_poller_actor::behavior_type query_poller(query_poller_state::pointer self,
                                                         query_poller_options options,
                                                         messages::query_desk_actor desk) {
  const auto meter = options.metrics->actor(query_poller_state::name);
  behave(self, meter);
  act::st(self).start(self, std::move(options), std::move(desk));
  return {metered(self, meter, "tick", [self](messages::tick tick) { act::st(self).look(tick.generation); }),
          [self](messages::drain) -> caf::result<messages::drained> {
            auto promise = self->make_response_promise<messages::drained>();
            act::st(self).drain(promise);
            return promise;
          }};
}

}  // namespace cybexd::actors
