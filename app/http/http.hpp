#pragma once
// The HTTP interface as a whole: the public port, the operators' port, and the operators' Unix socket.
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "app/http/exchange.hpp"
#include "app/http/server.hpp"
#include "app/http/upload.hpp"
#include "crypto/error.hpp"
#include "messages/identity.hpp"
#include "messages/payloads.hpp"
#include "tahoe/value.hpp"

namespace cybexd::app::http {

struct http_options {
  std::string host = "127.0.0.1";
  std::uint16_t port = 8080;  ///< 0 takes a free one.
  std::string operators_host = "127.0.0.1";
  std::uint16_t operators_port = 9464;
  std::string unix_socket;  ///< Path, or empty for none. Made with mode 0600.
  tls_files tls;            ///< For the public port.
  std::size_t io_threads = 1;
  std::size_t workers = 2;         ///< For tokens and small requests.
  std::size_t upload_workers = 2;  ///< For reading uploads.
  server_limits limits;            ///< Of the public port.
  upload_limits uploads;
  std::chrono::milliseconds query_patience{5'000};
  std::size_t operation_threads = 4;           ///< Operations at once; 16 more may wait.
  std::uint64_t operation_bytes = 256u << 20;  ///< Body of an operation.
};

/// Whether the server can serve, and what it waits for where it cannot (one sentence each).
struct readiness {
  bool ready = false;
  std::vector<std::string> waits_for;
};

/// What stands behind the routes. All may be called from any thread at once and must not throw; those that
/// take a message return at once and answer through its `reply`. What is empty answers 503.
struct http_backend {
  /// The user's hash (64 hex digits) of a good token. May read the identity store. Errors: not_allowed,
  /// unavailable.
  std::function<expected<std::string>(const std::string& token)> authenticate;
  std::function<void(messages::submit)> submit;
  std::function<void(messages::ask_query)> ask;
  std::function<void(std::uint64_t asker)> abandon;  ///< Who asked has gone away.
  std::function<void(messages::ask_identity)> identity;
  /// A report that the user has asked for (a query of theirs has it as `report_id`) and may see, with the
  /// asking query's userid, time and page; or nothing.
  std::function<expected<std::optional<tahoe::document>>(const std::string& user,
                                                         const tahoe::hash256& report)>
      find_report;

  std::function<std::string()> metrics;  ///< Prometheus text.
  std::function<readiness()> ready;      ///< Runs on a connection's thread: at once, asks no store.
  /// `POST /operator/<name>`: runs on a thread of its own and may take long.
  std::function<response(const std::string& name, const tahoe::value& input)> operate;

  std::function<void(std::string_view route, unsigned status, double seconds)>
      finished;                                        ///< Of the public port.
  std::function<void(std::int64_t change)> in_flight;  ///< Of the public port.
  std::function<void(const std::string& text)> warn;
};

struct http_ports {
  std::uint16_t http = 0, operators = 0;
};

class http_service {
 public:
  http_service();
  http_service(const http_service&) = delete;
  http_service& operator=(const http_service&) = delete;
  ~http_service();

  /// Listens everywhere or nowhere. Errors: unavailable naming the address, bad_input (TLS files, path of the
  /// socket).
  [[nodiscard]] expected<http_ports> start(const http_options& options, http_backend backend);

  /// Takes new limits and reads the TLS files again; addresses, threads and TLS on or off need a restart.
  /// Errors: bad_input (the files: the ones in use stay).
  [[nodiscard]] expected<void> reload(const http_options& options);

  /// Stops the public port: nothing new is accepted, what is in flight is finished until `within` has passed.
  /// Blocks. True when nothing was cut off. The operators' side goes on.
  bool stop_public(std::chrono::milliseconds within);
  /// Stops everything. Operations that run are waited for: cancel them first.
  void stop(std::chrono::milliseconds within);

  /// Bytes of request bodies in memory now.
  [[nodiscard]] std::uint64_t body_bytes_in_use() const;

 private:
  struct running;
  std::unique_ptr<running> running_;
};

}  // namespace cybexd::app::http
