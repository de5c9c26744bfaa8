#pragma once
// What the connections of one server share. Internal to server.cpp, listener.cpp and connection.cpp: other
// files use server.hpp.
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <unordered_set>
#include <vector>

#include "app/http/budget.hpp"
#include "app/http/rate_limit.hpp"
#include "app/http/server.hpp"
#include "app/http/worker_pool.hpp"

namespace boost::asio {
class io_context;
namespace ssl {
class context;
}
}  // namespace boost::asio

namespace cybexd::app::http {

class connection {
 public:
  virtual ~connection() = default;
  /// Idle: closes. Reading: gets a second more. Working: answers, then closes. Any thread.
  virtual void drain() = 0;
  /// Ends at once. Any thread.
  virtual void cut() = 0;
  /// Ends, unless a request has come. Any thread.
  virtual void give_way() = 0;

  std::uint64_t number = 0;  ///< Its place in the order of arrival, from 1; set by `server_core::add`.
};

/// A connection that has just been accepted. Owns the file descriptor.
struct arrival {
  int descriptor = -1;
  int family = 0;  ///< AF_INET, AF_INET6 or AF_UNIX.
  std::string peer;
  std::shared_ptr<const router> routes;
  std::shared_ptr<boost::asio::ssl::context> tls;  ///< Empty: plain.
};

/// Answers come from anywhere, at any time, even when the server is gone: they pass here.
struct answer_gate {
  std::shared_mutex mutex;
  bool open = true;
};

class server_core {
 public:
  explicit server_core(const server_options& options, server_hooks h);

  [[nodiscard]] std::shared_ptr<const server_limits> limits() const;
  void set_limits(const server_limits& limits);
  [[nodiscard]] std::shared_ptr<boost::asio::ssl::context> tls() const;
  void set_tls(std::shared_ptr<boost::asio::ssl::context> context);

  // The connections that are open. They live here until they are forgotten.
  void add(const std::shared_ptr<connection>& c);
  void forget(const std::shared_ptr<connection>& c);
  /// The first request of a connection has come.
  void has_asked(const connection& c);
  /// Too many are open: ends the one that has waited longest for its first request. False: each has had one.
  [[nodiscard]] bool make_room();
  /// A connection was turned away, since too many are open.
  void turned_away();
  [[nodiscard]] std::vector<std::shared_ptr<connection>> all() const;
  [[nodiscard]] std::size_t count() const;
  /// True when none is left by then.
  bool wait_for_none(std::chrono::milliseconds within);

  void warn(const std::string& text) const {
    if (hooks.warn) hooks.warn(text);
  }

  /// The hook, for a caller who must not be ended by what it throws (no memory): that is internal.
  [[nodiscard]] expected<std::string> authenticate(const std::string& token) const;

  const server_hooks hooks;
  worker_pool workers, upload_workers;
  std::atomic<bool> draining{false};
  const std::shared_ptr<answer_gate> gate = std::make_shared<answer_gate>();
  const std::shared_ptr<budget> connections, requests, waiting, body_bytes;
  rate_limit rates;

 private:
  const std::string name_;
  mutable std::mutex mutex_;
  std::condition_variable gone_;
  std::shared_ptr<const server_limits> limits_;
  std::shared_ptr<boost::asio::ssl::context> tls_;
  std::unordered_set<std::shared_ptr<connection>> open_;
  std::map<std::uint64_t, std::shared_ptr<connection>> silent_;  // no request yet, by their number
  std::uint64_t last_number_ = 0;

  void tell_of_crowd(std::uint64_t refused, std::uint64_t closed);
  std::uint64_t refused_ = 0, closed_ = 0;  // not told yet
  std::chrono::steady_clock::time_point next_telling_;
};

/// Takes the arrival over: serves it on `io` until it ends. `core` must outlive `io`'s run.
void serve(boost::asio::io_context& io, server_core& core, arrival what, share slot);

/// Reads the files into a context for TLS 1.2 and later. Errors: bad_input naming the file.
[[nodiscard]] expected<std::shared_ptr<boost::asio::ssl::context>> load_tls(const tls_files& files);

/// One listening socket.
class listener {
 public:
  virtual ~listener() = default;
  [[nodiscard]] virtual std::uint16_t port() const = 0;
  /// Any thread, once. The path of a Unix socket is gone at once, the rest when the io thread gets to it.
  virtual void close() = 0;
};
[[nodiscard]] expected<std::shared_ptr<listener>> listen(boost::asio::io_context& io, server_core& core,
                                                         const listen_at& where);

}  // namespace cybexd::app::http
