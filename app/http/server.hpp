#pragma once
// An HTTP/1.1 server on TCP (plain or TLS) and Unix sockets: reads requests within bounds, answers later.
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "app/http/exchange.hpp"
#include "app/http/router.hpp"
#include "crypto/error.hpp"

namespace cybexd::app::http {

/// All bounds. Times are absolute for what they name, not reset by a byte now and then.
struct server_limits {
  std::uint64_t upload_bytes = 64u << 20;  ///< Body of a route with body_size::upload.
  std::uint64_t json_bytes = 1u << 20;     ///< Body of a route with body_size::json.
  std::uint64_t header_bytes = 16u << 10;
  std::uint64_t target_bytes = 8u << 10;
  std::chrono::milliseconds header_time{10'000};
  std::chrono::milliseconds body_time{120'000};
  std::chrono::milliseconds idle_time{60'000};   ///< A kept connection without a request.
  std::chrono::milliseconds write_time{30'000};  ///< A client that does not read its answer.
  std::chrono::milliseconds work_time{60'000};   ///< For whoever answers: then it is 503.
  std::chrono::milliseconds linger_time{5'000};  ///< For a refused body to run out.
  std::uint64_t connections = 1'024;
  std::uint64_t requests = 512;            ///< With a complete body, not answered yet.
  std::uint64_t waiting_requests = 8'192;  ///< The same for routes that may wait.
  std::uint64_t body_bytes = 128u << 20;   ///< Of all bodies in memory, unpacked ones and large answers too.
  std::uint64_t rate = 0;  ///< Requests a second of one address, in bursts of as many; 0: no bound.
};

struct tls_files {
  std::string certificate, key;  ///< PEM, the chain in the certificate file. Both empty: no TLS.
};

/// Whether a server can be started with these. Errors: bad_input naming the file.
[[nodiscard]] expected<void> usable_tls(const tls_files& files);

/// Where to listen. Either host and port (0 takes a free one), or the path of a Unix socket (mode 0600).
struct listen_at {
  std::string host;
  std::uint16_t port = 0;
  std::string unix_path;
  bool with_tls = false;
  std::shared_ptr<const router> routes;
};

/// What the server asks or tells its owner. All may be called from any thread, and must not throw.
struct server_hooks {
  /// The hash of the user whose token this is. Runs on a worker. Errors: not_allowed (401), others as
  /// `answer_to`. Empty: no route needs a token.
  std::function<expected<std::string>(const std::string& token)> authenticate;
  /// A request was answered: the route's pattern ("other" where no route matched), status, seconds since its
  /// header came.
  std::function<void(std::string_view route, unsigned status, double seconds)> finished;
  std::function<void(std::int64_t change)> in_flight;
  std::function<void(const std::string& text)> warn;
};

struct server_options {
  std::string name = "http";  ///< Of its threads.
  std::size_t io_threads = 1;
  std::size_t workers = 2;         ///< For tokens and for routes with small bodies.
  std::size_t upload_workers = 2;  ///< For routes with body_size::upload, which may take longer.
  std::size_t worker_queue = 4'096;
  server_limits limits;
  tls_files tls;
};

class server {
 public:
  server(server_options options, server_hooks hooks);
  server(const server&) = delete;
  server& operator=(const server&) = delete;
  ~server();

  /// Opens all sockets or none, and serves. The ports are in the order of `where` (0 for a Unix socket).
  /// Errors: unavailable (naming the address), bad_input (TLS files).
  [[nodiscard]] expected<std::vector<std::uint16_t>> start(const std::vector<listen_at>& where);

  /// New limits and TLS files, for connections and requests that come from now on. Errors: bad_input (TLS
  /// files: the old ones stay, the limits are taken).
  [[nodiscard]] expected<void> reload(const server_limits& limits, const tls_files& tls);

  /// Stops accepting, closes idle connections, lets what is in flight finish until `within` has passed, then
  /// ends all. Blocks. True when nothing had to be cut off. May be called twice; the destructor calls it with
  /// no time.
  bool stop(std::chrono::milliseconds within);

  [[nodiscard]] std::uint64_t connections() const;
  [[nodiscard]] std::uint64_t body_bytes_in_use() const;

 private:
  struct running;
  std::unique_ptr<running> running_;
};

}  // namespace cybexd::app::http
