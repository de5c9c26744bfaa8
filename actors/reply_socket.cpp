#include "actors/reply_socket.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <utility>

#include "actors/shell.hpp"

namespace cybexd::actors {
namespace {

using outcome = messages::socket_told::outcome;
using clock = std::chrono::steady_clock;

class descriptor {
 public:
  explicit descriptor(int number) : number_(number) {}
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;
  ~descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  [[nodiscard]] int number() const { return number_; }

 private:
  int number_;
};

/// Waits until the socket can be written to; false past the deadline.
bool wait_writable(int socket, clock::time_point deadline) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - clock::now()).count();
    if (left <= 0) return false;
    pollfd wanted{socket, POLLOUT, 0};
    const int ready = ::poll(&wanted, 1, static_cast<int>(left));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

outcome connect_and_send(const socket_address& address, const std::string& nonce,
                         clock::time_point deadline) {
  const descriptor socket(::socket(address.family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (socket.number() < 0) return outcome::refused;
  const auto* where = reinterpret_cast<const sockaddr*>(address.bytes.data());
  if (::connect(socket.number(), where, static_cast<socklen_t>(address.bytes.size())) != 0) {
    if (errno != EINPROGRESS) return outcome::refused;
    if (!wait_writable(socket.number(), deadline)) return outcome::timed_out;
    int problem = 0;
    socklen_t size = sizeof problem;
    if (::getsockopt(socket.number(), SOL_SOCKET, SO_ERROR, &problem, &size) != 0 || problem != 0)
      return problem == ETIMEDOUT ? outcome::timed_out : outcome::refused;
  }
  std::size_t sent = 0;
  while (sent < nonce.size()) {
    const auto n = ::send(socket.number(), nonce.data() + sent, nonce.size() - sent, MSG_NOSIGNAL);
    if (n > 0) {
      sent += static_cast<std::size_t>(n);
    } else if (errno == EAGAIN) {
      if (!wait_writable(socket.number(), deadline)) return outcome::timed_out;
    } else if (errno != EINTR) {
      return outcome::refused;
    }
  }
  return outcome::told;
}

std::string_view to_string(outcome what) {
  switch (what) {
    case outcome::told:
      return "told";
    case outcome::refused:
      return "refused";
    case outcome::timed_out:
      return "timed_out";
    case outcome::not_allowed:
      return "not_allowed";
  }
  return "unknown";
}

/// Of `host`, `host:port`, and an IPv6 address, which stands in brackets where a port follows.
std::pair<std::string, std::optional<std::string>> host_and_port(const std::string& text) {
  const auto bracket = text.starts_with('[') ? text.find(']') : std::string::npos;
  const bool in_brackets = bracket != std::string::npos;
  const auto colon = text.find(':', in_brackets ? bracket : 0);
  if (colon == std::string::npos || (!in_brackets && text.find(':', colon + 1) != std::string::npos))
    return {in_brackets ? text.substr(1, bracket - 1) : text, std::nullopt};
  return {in_brackets ? text.substr(1, bracket - 1) : text.substr(0, colon), text.substr(colon + 1)};
}

}  // namespace

std::string reply_host(const reply_options& options, const std::string& named) {
  return named == "0.0.0.0" || named == "127.0.0.1" || named == "localhost" ? options.api_host : named;
}

bool reply_allowed(const reply_options& options, const std::string& host, std::uint16_t port) {
  if (port == 0 || host.empty()) return false;
  if (options.allow.empty()) return host == options.api_host;
  return std::any_of(options.allow.begin(), options.allow.end(), [&](const std::string& allowed) {
    const auto [name, number] = host_and_port(allowed);
    return reply_host(options, name) == host && (!number || *number == std::to_string(port));
  });
}

messages::socket_told tell_waiting(const reply_options& options, const messages::tell_socket& whom,
                                   name_lookup& names) {
  const auto host = reply_host(options, whom.host);
  if (!reply_allowed(options, host, whom.port)) return {outcome::not_allowed};
  const auto deadline = clock::now() + options.timeout;
  const auto addresses = names.find(host, whom.port, deadline);
  if (!addresses) return {outcome::timed_out};
  outcome last = outcome::refused;
  for (const auto& address : *addresses) {
    last = connect_and_send(address, whom.nonce, deadline);
    if (last == outcome::told || last == outcome::timed_out) break;
  }
  return {last};
}

messages::reply_socket_actor::behavior_type reply_socket(
    messages::reply_socket_actor::stateful_pointer<reply_socket_state> self, reply_options options,
    std::shared_ptr<name_lookup> names, telemetry* metrics) {
  const auto meter = metrics->actor(reply_socket_state::name);
  behave(self, meter);
  act::st(self).options = std::move(options);
  act::st(self).names = std::move(names);
  return {metered(self, meter, "tell", [self, metrics](const messages::tell_socket& whom) {
    const auto told = tell_waiting(act::st(self).options, whom, *act::st(self).names);
    metrics->add(counter::replies, {to_string(told.what)});
    return told;
  })};
}

}  // namespace cybexd::actors
