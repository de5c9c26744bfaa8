#pragma once
// Signals are taken by one thread that asks for them, never by handlers.
#include <chrono>
#include <optional>
#include <string>

namespace cybexd::app {

enum class signal_kind { stop, reload };

/// SIGTERM, SIGINT and SIGHUP wait until they are asked for, in this thread and all that it starts. Call it
/// first.
void hold_signals();
/// The same for a command, which leaves those ignored that were when it began: nohup(1) does that to SIGHUP,
/// a shell without job control to SIGINT of what it runs in the background.
void hold_signals_that_are_heard();

/// The next of them, or nothing after `within`.
[[nodiscard]] std::optional<signal_kind> next_signal(std::chrono::milliseconds within);

/// Tells systemd (sd_notify(3)) where it asked to be told: "READY=1", several lines at once. Does nothing
/// without $NOTIFY_SOCKET.
void tell_systemd(const std::string& state);
/// "RELOADING=1" with the time that systemd wants with it.
void tell_systemd_of_reload();

/// How often systemd wants to hear "WATCHDOG=1" ($WATCHDOG_USEC, if it means this process), or nothing. Tell
/// it twice as often.
[[nodiscard]] std::optional<std::chrono::milliseconds> systemd_watchdog();

}  // namespace cybexd::app
