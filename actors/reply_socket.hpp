#pragma once
// Reply socket: tells whoever waits at a query's socket that the report is there (`spec/report.md`, "Then").
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "actors/name_lookup.hpp"
#include "actors/telemetry.hpp"
#include "messages/actors.hpp"

namespace cybexd::actors {

struct reply_options {
  std::string api_host =
      "127.0.0.1";                 ///< What 0.0.0.0, 127.0.0.1 and localhost stand for; an address or a name.
  std::vector<std::string> allow;  ///< `host`, `host:port`, `[IPv6]:port`; empty: the API host, any port.
  std::chrono::milliseconds timeout{5000};
};

/// Whether the configuration lets the server connect there. `host` as after `reply_host`.
[[nodiscard]] bool reply_allowed(const reply_options& options, const std::string& host, std::uint16_t port);
/// The host to connect to for the one that a query names.
[[nodiscard]] std::string reply_host(const reply_options& options, const std::string& named);

/// Looks the host up, connects, sends the nonce, closes; all of it within the time-out. Never blocks longer.
[[nodiscard]] messages::socket_told tell_waiting(const reply_options& options,
                                                 const messages::tell_socket& whom, name_lookup& names);

struct reply_socket_state {
  reply_socket_state() = default;
  static inline const char* name = "reply_socket";
  reply_options options;
  std::shared_ptr<name_lookup> names;
};

/// `names` is shared by all reply sockets, so that look-ups which hang are bounded together.
[[nodiscard]] messages::reply_socket_actor::behavior_type reply_socket(
    messages::reply_socket_actor::stateful_pointer<reply_socket_state> self, reply_options options,
    std::shared_ptr<name_lookup> names, telemetry* metrics);

}  // namespace cybexd::actors
