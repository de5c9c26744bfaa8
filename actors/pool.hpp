#pragma once
// A pool is one typed actor with the same request and answer as its workers: one job per worker, a bounded
// queue, and a job is kept here until it is answered, so that a dying worker loses nothing. Rule: workers
// report domain failures as data; any caf::error from a worker means that the worker is gone, and it is
// replaced.
#include <algorithm>
#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "actors/shell.hpp"
#include "messages/caf_compat.hpp"

namespace cybexd::actors {

struct pool_options {
  std::string name = {};  ///< Of the workers, in the metrics and the log.
  std::size_t workers = 2;
  std::size_t queue = 64;  ///< Jobs that may wait; beyond it a job is refused.
  int tries = 1;           ///< How many workers a job may cost before its asker gets the error.
  caf::timespan deadline = std::chrono::minutes(10);  ///< A worker that takes longer counts as gone.
};

/// The error of a job that found the queue full. Any other error is the one its last worker died of.
[[nodiscard]] inline caf::error pool_is_full() { return caf::make_error(caf::sec::request_receiver_down); }

template <class Worker, class Request, class Answer>
class pool_state {
 public:
  struct job {
    Request request;
    caf::typed_response_promise<Answer> promise;
    int tries = 0;
  };
  using pointer = typename Worker::template stateful_pointer<pool_state>;
  using workers = std::map<caf::actor_addr, Worker>;

  pool_state() = default;  // not an aggregate: CAF would make the first member of the actor's own pointer
  static inline const char* name = "pool";

  void start(pointer self, pool_options options, std::function<Worker()> make, telemetry& metrics) {
    self_ = self;
    options_ = std::move(options);
    make_ = std::move(make);
    meter_ = metrics.actor(options_.name);
    self->attach_functor([live = live_] {
      for (const auto& [address, worker] : *live) caf::anon_send_exit(worker, caf::exit_reason::kill);
      live->clear();
    });
    for (std::size_t i = 0; i < options_.workers; ++i) add_worker();
  }

  [[nodiscard]] bool full() const { return queue_.size() >= options_.queue; }

  void accept(job j) {
    queue_.push_back(std::move(j));
    pump();
  }

  /// Idempotent: the error of a request and the message that the worker is down may both arrive.
  void retire(const caf::actor_addr& address) {
    const auto found = live_->find(address);
    if (found == live_->end()) return;
    caf::anon_send_exit(found->second, caf::exit_reason::kill);
    std::erase_if(idle_, [&](const Worker& w) { return w.address() == address; });
    live_->erase(found);
    self_->demonitor(address);
    meter_.restarted();
    add_worker();
  }

  void pump() {
    while (!queue_.empty() && !idle_.empty()) {
      Worker worker = std::move(idle_.back());
      idle_.pop_back();
      give(worker, std::make_shared<job>(std::move(queue_.front())));
      queue_.pop_front();
    }
    meter_.mailbox(queue_.size());
  }

 private:
  void add_worker() {
    Worker worker = make_();
    act::watch(self_, worker);
    live_->emplace(worker.address(), worker);
    idle_.push_back(std::move(worker));
  }

  void give(const Worker& worker, std::shared_ptr<job> j) {
    act::ask(self_, worker, options_.deadline, j->request)
        .then(
            [this, worker, j](Answer& answer) {
              j->promise.deliver(std::move(answer));
              idle_.push_back(worker);
              pump();
            },
            [this, worker, j](caf::error& e) {
              retire(worker.address());
              if (++j->tries < options_.tries)
                queue_.push_front(std::move(*j));
              else
                j->promise.deliver(std::move(e));
              pump();
            });
  }

  pointer self_{};
  pool_options options_;
  std::function<Worker()> make_;
  actor_meter meter_;
  std::deque<job> queue_;
  std::vector<Worker> idle_;
  std::shared_ptr<workers> live_ = std::make_shared<workers>();
};

/// The pool as an actor. `make` spawns one worker. The request is copied for each try: keep its payload
/// behind a shared pointer, and let a worker not change it where `tries` is more than 1.
template <class Worker, class Request, class Answer>
typename Worker::behavior_type pool(
    typename Worker::template stateful_pointer<pool_state<Worker, Request, Answer>> self,
    pool_options options, std::function<Worker()> make, telemetry* metrics) {
  behave(self, metrics->actor(options.name));
  auto& state = act::st(self);
  state.start(self, std::move(options), std::move(make), *metrics);
  act::on_down(self, [self](caf::down_msg& down) {
    act::st(self).retire(caf::actor_cast<caf::actor_addr>(down.source));
    act::st(self).pump();
  });
  return {[self](Request& request) -> caf::result<Answer> {
    auto& pool = act::st(self);
    if (pool.full()) return pool_is_full();
    auto promise = self->template make_response_promise<Answer>();
    pool.accept({std::move(request), promise, 0});
    return promise;
  }};
}

/// What a worker of one kind does with a job: a function, since what it needs is bound to it.
template <class Request, class Answer>
using work_function = std::function<Answer(const Request&)>;

template <class Worker, class Request, class Answer>
typename Worker::behavior_type worker(typename Worker::pointer self, const std::string& name,
                                      const char* message, const work_function<Request, Answer>& work,
                                      telemetry* metrics) {
  const auto meter = metrics->actor(name);
  behave(self, meter);
  // Not `metered`: the queue that counts is the pool's.
  return {[counted = meter.message(message), work](const Request& job) -> caf::result<Answer> {
    const message_stopwatch running(counted);
    return work(job);
  }};
}

/// A pool of workers that have a function and no state, each on a thread of its own. `message` names their
/// one message in the metrics, `options.name` them. `metrics` outlives it.
template <class Worker, class Request, class Answer>
Worker spawn_pool(caf::actor_system& system, pool_options options, const char* message,
                  work_function<Request, Answer> work, telemetry& metrics) {
  std::function<Worker()> make = [&system, name = options.name, message, work = std::move(work), &metrics] {
    return spawn_detached(system, worker<Worker, Request, Answer>, name, message, work, &metrics);
  };
  return system.spawn(pool<Worker, Request, Answer>, std::move(options), std::move(make), &metrics);
}

}  // namespace cybexd::actors
