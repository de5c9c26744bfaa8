#pragma once
// Looks names of hosts up within a deadline, however long the system's resolver takes.
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cybexd::actors {

/// Where a stream socket can connect to, as the system wants it.
struct socket_address {
  int family = 0;
  std::string bytes;  ///< A `sockaddr`.
};

/// Addresses of a host and port in the order to try them; empty where it has none. May block for long; is
/// called on a thread of its own.
using resolver = std::function<std::vector<socket_address>(const std::string& host, std::uint16_t port)>;

/// The system's resolver, which may take minutes (resolv.conf: servers, attempts, time-outs).
[[nodiscard]] std::vector<socket_address> resolve(const std::string& host, std::uint16_t port);

/// The system's resolver cannot be stopped, so each look-up has a thread, and whoever asks waits for it no
/// longer than they want. At most `most` of these threads live at once, and no two for one host and port:
/// whoever asks for the same waits for the same. A look-up that nobody waits for any more ends by itself,
/// after the object if need be. Thread safe.
class name_lookup {
 public:
  static constexpr std::size_t most_at_once = 8;

  explicit name_lookup(resolver by = resolve, std::size_t most = most_at_once);

  /// An address instead of a name is answered at once, without a thread. Nothing: not known by the deadline,
  /// or `most` others are being looked up.
  [[nodiscard]] std::optional<std::vector<socket_address>> find(
      const std::string& host, std::uint16_t port, std::chrono::steady_clock::time_point deadline);

 private:
  struct shared;
  std::shared_ptr<shared> shared_;
};

}  // namespace cybexd::actors
