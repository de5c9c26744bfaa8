// `run`: starts the server, waits for signals, stops it.
#include <malloc.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <iostream>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "app/cli/functions.hpp"
#include "app/cli/output.hpp"
#include "app/log.hpp"
#include "app/server.hpp"
#include "app/signals.hpp"

namespace cybexd::app::cli {
namespace {

void end_at_once(severity level, const std::string& why, int status) {
  log_line(level, "server", why + ": ending at once");
  flush_log();
  ::_exit(status);
}

/// What a second signal does while the server stops.
enum class second_signal : std::uint8_t { ends_at_once, waits };

/// Ends the process at once when the orderly stop takes too long, or a second signal comes; or, once all is
/// told and answered, where only calls to a database that does not answer are left.
class watchdog {
 public:
  watchdog(std::chrono::milliseconds within, second_signal what)
      : thread_([this, within, what] { watch(within, what); }) {}
  watchdog(const watchdog&) = delete;
  watchdog& operator=(const watchdog&) = delete;
  ~watchdog() {
    done_ = true;
    thread_.join();
  }
  /// Nothing that was acknowledged waits for those calls, and the driver cannot be told to give them up.
  void only_a_database_is_left() { only_a_database_ = true; }

 private:
  void watch(std::chrono::milliseconds within, second_signal what) {
    constexpr std::chrono::milliseconds a_moment(20);
    constexpr std::chrono::seconds to_close(2);
    using clock = std::chrono::steady_clock;
    const auto end = clock::now() + within;
    std::optional<clock::time_point> end_of_closing;
    while (!done_) {
      if (only_a_database_.exchange(false)) end_of_closing = std::min(end, clock::now() + to_close);
      const bool listens = what == second_signal::ends_at_once;
      const bool again = listens && next_signal(a_moment) == signal_kind::stop;
      if (!listens) std::this_thread::sleep_for(a_moment);
      const auto now = clock::now();
      if (done_) return;
      if (again) end_at_once(severity::error, "a second signal", failed);
      if (end_of_closing && now >= *end_of_closing)
        end_at_once(severity::warning, "all is done, but a database does not answer what it was asked", done);
      if (now >= end) end_at_once(severity::error, "the stop took too long", failed);
    }
  }

  std::atomic<bool> done_{false}, only_a_database_{false};
  std::thread thread_;
};

/// Takes the signals while a server starts, which may wait for a disk or a database: one to stop ends the
/// process at once as long as no actor works yet, and is left for the server after that, as one to reload is.
/// A start that does not come to its end then ends as a stop does: after its time, or at a second signal.
class start_watch {
 public:
  explicit start_watch(std::chrono::milliseconds stop_within)
      : thread_([this, stop_within] { watch(stop_within); }) {}
  start_watch(const start_watch&) = delete;
  start_watch& operator=(const start_watch&) = delete;
  /// From now on the server has to be stopped in order.
  void actors_begin() {
    const std::lock_guard alone(ending_);
    works_ = true;
  }
  ~start_watch() {
    over_ = true;
    thread_.join();
    if (reload_) ::kill(::getpid(), SIGHUP);
    if (stop_) ::kill(::getpid(), SIGTERM);
  }

 private:
  void watch(std::chrono::milliseconds stop_within) {
    constexpr std::chrono::milliseconds a_moment(20);
    using clock = std::chrono::steady_clock;
    clock::time_point end_of_stop{};
    while (!over_) {
      const auto came = next_signal(a_moment);
      if (came == signal_kind::reload) reload_ = true;
      const bool stops = came == signal_kind::stop;
      if (stops && stop_ && !over_) end_at_once(severity::error, "a second signal", failed);
      if (stops && !std::exchange(stop_, true)) {
        end_of_stop = clock::now() + stop_within;
        end_where_no_actor_works();
      }
      if (stop_ && !over_ && clock::now() >= end_of_stop)
        end_at_once(severity::error, "the stop took too long", failed);
    }
  }

  void end_where_no_actor_works() {
    const std::lock_guard alone(ending_);  // no actor begins while the process ends
    if (over_ || works_) return;
    log_line(severity::info, "server", "told to stop before it was ready");
    flush_log();
    ::_exit(done);
  }

  std::atomic<bool> over_{false};
  bool reload_ = false, stop_ = false;  // the thread's, until it is joined
  std::mutex ending_;
  bool works_ = false;
  std::thread thread_;
};

expected<std::unique_ptr<server>> start_watched(const configuration& config,
                                                const http::http_ports& same = {}) {
  start_watch taking_signals(config.values.stop_within);
  return server::start(config, environment(), same, [&] { taking_signals.actors_begin(); });
}

/// Errors: why the configuration was not read again.
expected<void> try_to_reload(const invocation& call, server& running) {
  invocation again = call;
  again.json = false;
  try {
    const auto fresh = configuration_of(again);
    if (!fresh) return fail(failure::bad_input, "it has mistakes, told on standard error");
    running.reload(*fresh, [] { tell_systemd("READY=1"); });
    return {};
  } catch (const std::exception& problem) {  // allowed: no memory now is no reason to end
    return fail(failure::unavailable, problem.what());
  }
}

void reload(const invocation& call, server& running) {
  tell_systemd_of_reload();
  const auto done = try_to_reload(call, running);
  if (done) return;
  log_line(severity::error, "server", "the configuration was not read again: " + done.error().text);
  tell_systemd("READY=1");
}

/// How often systemd's watchdog is told, if it wants to be.
std::optional<std::chrono::milliseconds> beat() {
  const auto watched = systemd_watchdog();
  if (!watched) return std::nullopt;
  return std::max(*watched / 2, std::chrono::milliseconds(1));
}

/// The next signal to come within `time`, while systemd hears from us.
std::optional<signal_kind> wait_for_signal(std::chrono::milliseconds time) {
  const auto beats = beat();
  if (beats) tell_systemd("WATCHDOG=1");
  return next_signal(beats ? std::min(*beats, time) : time);
}

/// What a flood of uploads has left free goes back to the system: glibc keeps it among what is in use, and
/// counts it as free after that, too. `known` is what was free then.
void give_back_free_memory(std::size_t& known) {
  constexpr std::size_t much = 64u << 20;
  known = std::min(known, ::mallinfo2().fordblks);
  if (::mallinfo2().fordblks - known <= much) return;
  ::malloc_trim(0);
  known = ::mallinfo2().fordblks;
}

/// Serves until a signal to stop comes: nothing; or until all must begin again: why.
std::optional<std::string> serve(const invocation& call, server& running) {
  using clock = std::chrono::steady_clock;
  constexpr auto sample_every = std::chrono::seconds(5);
  constexpr auto look_every = std::chrono::seconds(1);
  auto next_sample = clock::now();
  std::size_t known_free = 0;
  while (true) {
    if (clock::now() >= next_sample) {
      running.sample();
      give_back_free_memory(known_free);
      next_sample = clock::now() + sample_every;
    }
    const auto signal = wait_for_signal(look_every);
    if (signal == signal_kind::stop) return std::nullopt;
    if (signal == signal_kind::reload) reload(call, running);
    if (auto why = running.must_begin_again(); !why.empty()) return why;
  }
}

/// Stops in order and closes everything, or ends the process.
void end(std::unique_ptr<server> running, second_signal what) {
  watchdog guard(running->configured().values.stop_within, what);
  running->stop();
  if (what == second_signal::ends_at_once && running->gave_up_a_database()) guard.only_a_database_is_left();
  running.reset();
}

/// A server with the same settings and ports, as soon as one starts: whatever hinders it now did not before.
/// Nothing where a signal to stop comes first.
std::unique_ptr<server> start_again(const configuration& config, const http::http_ports& ports) {
  using clock = std::chrono::steady_clock;
  constexpr std::chrono::milliseconds shortest(250), longest(5000);
  for (auto wait = shortest;; wait = std::min(2 * wait, longest)) {
    auto fresh = start_watched(config, ports);
    if (fresh) return std::move(*fresh);
    log_line(severity::error, "server", "does not start yet: " + fresh.error().text);
    for (const auto next = clock::now() + wait; clock::now() < next;)
      if (wait_for_signal(shortest) == signal_kind::stop) return nullptr;
  }
}

/// What a disk's error leaves to do once the disk works again, and an exception once there is memory again:
/// everything is closed and opened anew, as after a restart of the process, which nobody may be there to
/// restart.
std::unique_ptr<server> begin_again(std::unique_ptr<server> running, const std::string& why) {
  log_line(severity::warning, "server", why + ", which cuts connections");
  tell_systemd_of_reload();
  const auto config = running->configured();
  const auto ports = running->ports();
  end(std::move(running), second_signal::waits);
  auto fresh = start_again(config, ports);
  if (fresh) tell_systemd("READY=1");
  return fresh;
}

}  // namespace

int run_server(const invocation& call) {
  hold_signals();
  const auto config = configuration_of(call);
  if (!config) return config.error();
  if (auto opened = open_log(config->values.log); !opened) return tell(call, opened.error());
  auto started = start_watched(*config);
  if (!started) {
    const auto kind = started.error().kind;
    const int status = tell(call, started.error());
    const bool configured_wrongly =
        kind == failure::bad_input || kind == failure::not_allowed || kind == failure::not_found;
    return configured_wrongly ? wrong_usage : status;
  }
  auto running = std::move(*started);
  tell_systemd("READY=1\nMAINPID=" + std::to_string(::getpid()));
  while (running) {
    const auto why = serve(call, *running);
    if (!why) break;
    running = begin_again(std::move(running), *why);
  }
  tell_systemd("STOPPING=1");
  if (running) end(std::move(running), second_signal::ends_at_once);
  return done;
}

}  // namespace cybexd::app::cli
