#pragma once
// What every actor shares: manners when something goes wrong, counted handlers, where it runs.
#include <caf/scheduler/test_coordinator.hpp>
#include <chrono>
#include <exception>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include "actors/log.hpp"
#include "actors/telemetry.hpp"
#include "messages/caf_compat.hpp"

namespace cybexd::actors {

/// Whether this system runs under simulated time (tests).
[[nodiscard]] inline bool simulated(caf::actor_system& system) {
  return dynamic_cast<caf::scheduler::test_coordinator*>(&system.scheduler()) != nullptr;
}

/// Spawns an actor that blocks or computes for long: on a thread of its own, but under simulated time like
/// the others. Where no thread is to be had it throws std::system_error, which ends the actor that asks.
template <class... Args>
auto spawn_detached(caf::actor_system& system, Args&&... args) {
  if (simulated(system)) return system.spawn(std::forward<Args>(args)...);
  std::thread([] {}).join();  // where there is none, mostly, CAF is not asked at all
  try {
    return system.spawn<caf::detached>(std::forward<Args>(args)...);
  } catch (const std::system_error&) {  // allowed: somebody else has taken the last thread meanwhile
    // CAF has counted the actor and its thread already, and a system waits at its end for all that it counts.
    system.registry().dec_running();
    system.dec_detached_threads();
    throw;  // allowed: as above
  }
}

/// The text of an error as a person can read it: what a handler threw, or CAF's own words.
template <class Self>
std::string error_text(Self* self, const caf::error& e) {
  if (e == caf::sec::runtime_error && e.context().size() == 1 &&
      e.context().template match_element<std::string>(0))
    return e.context().template get_as<std::string>(0);
  return self->system().render(e);
}

/// First line of every actor. An exception ends the actor with the exception's text as the reason (whoever
/// waits for its answer is told); messages nobody expects and errors that come back are logged and dropped.
template <class Self>
void behave(Self* self, const actor_meter& meter) {
  self->set_exception_handler([meter](caf::scheduled_actor*, std::exception_ptr& thrown) -> caf::error {
    std::string text = "an unknown exception";
    try {
      std::rethrow_exception(thrown);
    } catch (const std::exception& e) {  // allowed: only here does CAF say what ended the actor
      text = e.what();
    } catch (...) {  // allowed: as above
      text = "an exception of no known type";
    }
    log(log_level::error, meter.name(), "ends: " + text);
    return caf::make_error(caf::sec::runtime_error, text);
  });
  self->set_default_handler(
      [meter](caf::scheduled_actor*, caf::message_view& message) -> caf::result<caf::message> {
        log(log_level::warning, meter.name(), "unexpected message " + caf::to_string(message.content()));
        return caf::make_message();
      });
  self->set_error_handler([meter](caf::scheduled_actor* actor, caf::error& e) {
    log(log_level::warning, meter.name(), "an error came back: " + actor->system().render(e));
  });
}

/// Counts and times what happens while it lives as one message.
class message_stopwatch {
 public:
  explicit message_stopwatch(const message_meter& meter) : meter_(meter) {}
  message_stopwatch(const message_stopwatch&) = delete;
  message_stopwatch& operator=(const message_stopwatch&) = delete;
  ~message_stopwatch() {
    const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start_;
    meter_.record(passed.count(), std::uncaught_exceptions() > before_);
  }

 private:
  const message_meter& meter_;
  int before_ = std::uncaught_exceptions();
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// A handler that counts and times its messages. Keeps the handler's signature, which CAF deduces from it.
template <class Self, class F, class Signature = decltype(&F::operator())>
class metered_handler;

template <class Self, class F, class C, class R, class... A>
class metered_handler<Self, F, R (C::*)(A...) const> {
 public:
  metered_handler(Self* self, actor_meter actor, message_meter message, F handler)
      : self_(self), actor_(std::move(actor)), message_(message), handler_(std::move(handler)) {}

  R operator()(A... arguments) const {
    actor_.mailbox(self_->mailbox().size());
    const message_stopwatch running(message_);
    return handler_(std::forward<A>(arguments)...);
  }

 private:
  Self* self_;
  actor_meter actor_;
  message_meter message_;
  F handler_;
};

template <class Self, class F>
auto metered(Self* self, const actor_meter& actor, std::string_view message, F handler) {
  return metered_handler<Self, F>{self, actor, actor.message(message), std::move(handler)};
}

/// Ends `child` when `self` ends, however that comes about.
template <class Self, class Child>
void take_along(Self* self, const Child& child) {
  self->attach_functor([child] { caf::anon_send_exit(child, caf::exit_reason::kill); });
}

/// The end of an actor that cannot work without the one that has ended: whoever watches both replaces them.
template <class Self>
void end_with(Self* self, const char* name, const caf::down_msg& partner) {
  const auto why = error_text(self, partner.reason);
  log(log_level::error, name, "ends, since a pool that it works with has ended: " + why);
  self->quit(caf::make_error(caf::sec::runtime_error, "a pool has ended: " + why));
}

}  // namespace cybexd::actors
