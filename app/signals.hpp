#pragma once
// Signals are taken by one thread that asks for them, never by handlers.
#include <chrono>
#include <optional>

namespace cybexd::app {

enum class signal_kind { stop, reload };

/// SIGTERM, SIGINT and SIGHUP wait until they are asked for, in this thread and all that it starts. Call it
/// first.
void hold_signals();

/// The next of them, or nothing after `within`.
[[nodiscard]] std::optional<signal_kind> next_signal(std::chrono::milliseconds within);

/// Tells systemd (sd_notify(3)) where it asked to be told: "READY=1". Does nothing without $NOTIFY_SOCKET.
void tell_systemd(const char* state);

}  // namespace cybexd::app
