// `run`: starts the server, waits for signals, stops it.
#include <unistd.h>

#include <atomic>
#include <iostream>
#include <thread>

#include "app/cli/functions.hpp"
#include "app/cli/output.hpp"
#include "app/log.hpp"
#include "app/server.hpp"
#include "app/signals.hpp"

namespace cybexd::app::cli {
namespace {

/// Ends the process at once when the orderly stop takes too long, or a second signal comes.
class watchdog {
 public:
  explicit watchdog(std::chrono::milliseconds within) : thread_([this, within] { watch(within); }) {}
  watchdog(const watchdog&) = delete;
  watchdog& operator=(const watchdog&) = delete;
  ~watchdog() {
    done_ = true;
    thread_.join();
  }

 private:
  void watch(std::chrono::milliseconds within) {
    const auto end = std::chrono::steady_clock::now() + within;
    while (!done_) {
      const bool again = next_signal(std::chrono::milliseconds(20)) == signal_kind::stop;
      if (!again && std::chrono::steady_clock::now() < end) continue;
      if (done_) return;
      log_line(severity::error, "server",
               again ? "a second signal: ending at once" : "the stop took too long: ending at once");
      flush_log();
      ::_exit(failed);
    }
  }

  std::atomic<bool> done_{false};
  std::thread thread_;
};

void reload(const invocation& call, server& running) {
  tell_systemd_of_reload();
  invocation again = call;
  again.json = false;
  if (const auto fresh = configuration_of(again))
    return running.reload(*fresh, [] { tell_systemd("READY=1"); });
  log_line(severity::error, "server",
           "the configuration was not read again: it has mistakes, told on standard error");
  tell_systemd("READY=1");
}

/// Serves until a signal to stop comes.
void serve(const invocation& call, server& running) {
  using clock = std::chrono::steady_clock;
  constexpr std::chrono::milliseconds sample_every = std::chrono::seconds(5);
  const auto watched = systemd_watchdog();
  const auto beat_every = watched ? std::max(*watched / 2, std::chrono::milliseconds(1)) : sample_every;
  auto next_sample = clock::now();
  while (true) {
    if (watched) tell_systemd("WATCHDOG=1");
    if (clock::now() >= next_sample) {
      running.sample();
      next_sample = clock::now() + sample_every;
    }
    const auto signal = next_signal(std::min(beat_every, sample_every));
    if (signal == signal_kind::stop) return;
    if (signal == signal_kind::reload) reload(call, running);
  }
}

}  // namespace

int run_server(const invocation& call) {
  hold_signals();
  const auto config = configuration_of(call);
  if (!config) return config.error();
  if (auto opened = open_log(config->values.log); !opened) return tell(call, opened.error());
  auto running = server::start(*config, environment());
  if (!running) {
    const auto kind = running.error().kind;
    const int status = tell(call, running.error());
    const bool configured_wrongly =
        kind == failure::bad_input || kind == failure::not_allowed || kind == failure::not_found;
    return configured_wrongly ? wrong_usage : status;
  }
  tell_systemd("READY=1\nMAINPID=" + std::to_string(::getpid()));
  serve(call, **running);
  const watchdog guard(config->values.stop_within);
  (*running)->stop();
  running->reset();
  return done;
}

}  // namespace cybexd::app::cli
