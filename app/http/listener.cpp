#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>

#include "app/http/core.hpp"
#include "app/socket_path.hpp"

namespace cybexd::app::http {

namespace {

namespace net = boost::asio;

constexpr int backlog = 4'096;
constexpr int accepts_at_once = 64;  // then other connections get their turn
constexpr auto pause_without_descriptors = std::chrono::milliseconds(100);
constexpr auto between_warnings = std::chrono::minutes(1);
/// Connections over the limit whose place another one is about to leave.
constexpr std::uint64_t making_room = 256;

constexpr std::string_view full_text =
    "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nContent-Length: "
    "60\r\nRetry-After: 1\r\n"
    "Connection: close\r\n\r\n{\"message\":\"The server has too many connections, try later\"}";

std::string system_text(int code) { return std::strerror(code); }

std::string peer_of(const sockaddr_storage& from) {
  char text[INET6_ADDRSTRLEN] = "";
  if (from.ss_family == AF_INET) {
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in&>(from).sin_addr, text, sizeof text);
  } else if (from.ss_family == AF_INET6) {
    inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6&>(from).sin6_addr, text, sizeof text);
  } else {
    return "local";
  }
  return text;
}

class socket_listener final : public listener, public std::enable_shared_from_this<socket_listener> {
 public:
  socket_listener(net::io_context& io, server_core& core, int descriptor, listen_at where, std::uint16_t port)
      : io_(io),
        core_(core),
        waiter_(net::make_strand(io), descriptor),
        timer_(waiter_.get_executor()),
        where_(std::move(where)),
        port_(port),
        places_(where_.unix_path.empty() ? core.connections
                                         : std::make_shared<budget>(core.connections->limit())) {}

  [[nodiscard]] std::uint16_t port() const override { return port_; }

  void close() override {
    if (!where_.unix_path.empty()) unlink(where_.unix_path.c_str());
    net::post(waiter_.get_executor(), [self = shared_from_this()] {
      boost::system::error_code ignored;
      self->waiter_.close(ignored);
      self->timer_.cancel();
    });
  }

  void wait() {
    waiter_.async_wait(net::posix::stream_descriptor::wait_read, [self = shared_from_this()](auto problem) {
      if (!problem) self->accept_some();
    });
  }

 private:
  void accept_some() {
    for (int i = 0; i < accepts_at_once; ++i) {
      sockaddr_storage from{};
      socklen_t size = sizeof from;
      const int descriptor = accept4(waiter_.native_handle(), reinterpret_cast<sockaddr*>(&from), &size,
                                     SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (descriptor >= 0) {
        welcome(descriptor, from);
      } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
        break;
      } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        return pause(errno);
      }  // else: this one client was gone before it was accepted
    }
    wait();
  }

  /// Without free descriptors accept fails at once and the socket stays readable: do not spin.
  void pause(int code) {
    const auto now = std::chrono::steady_clock::now();
    if (now >= next_warning_) {
      core_.warn("cannot accept connections now: " + system_text(code));
      next_warning_ = now + between_warnings;
    }
    timer_.expires_after(pause_without_descriptors);
    timer_.async_wait([self = shared_from_this()](auto problem) {
      if (!problem) self->wait();
    });
  }

  /// A place for one more: a free one, or that of a client which has connected and says nothing. The socket
  /// of the commands has places of its own, so that nobody at the port keeps them out.
  bool place(share& slot) {
    if (slot.grow_to(1)) return true;
    return places_ == core_.connections && core_.make_room() && slot.grow_to(1, making_room);
  }

  void turn_away(int descriptor, bool plain) {
    if (plain) {
      [[maybe_unused]] const auto sent =
          send(descriptor, full_text.data(), full_text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      shutdown(descriptor, SHUT_WR);
    }
    ::close(descriptor);
    if (!core_.draining) core_.turned_away();
  }

  void welcome(int descriptor, const sockaddr_storage& from) {
    share slot(places_);
    auto tls = where_.with_tls ? core_.tls() : nullptr;
    if (core_.draining || !place(slot)) return turn_away(descriptor, !tls);
    if (where_.unix_path.empty()) {
      const int yes = 1;
      setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    }
    serve(io_, core_, arrival{descriptor, from.ss_family, peer_of(from), where_.routes, std::move(tls)},
          std::move(slot));
  }

  net::io_context& io_;
  server_core& core_;
  net::posix::stream_descriptor waiter_;
  net::steady_timer timer_;
  listen_at where_;
  std::uint16_t port_;
  const std::shared_ptr<budget> places_;
  std::chrono::steady_clock::time_point next_warning_;
};

tl::unexpected<error> cannot(const std::string& name, int code) {
  return fail(failure::unavailable, "Cannot listen at " + name + ": " + system_text(code) + ".");
}

expected<int> open_unix(const std::string& path) {
  const auto fitting = socket_path::of(path);
  if (!fitting) return fail(fitting.error());
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const auto& name = fitting->short_name();
  std::memcpy(address.sun_path, name.data(), name.size());
  const int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return cannot(path, errno);
  unlink(path.c_str());  // left by a server that was killed; the data directory is locked, so nobody listens
                         // there
  // Nobody can connect before listen(), so the mode is right before the first connection.
  if (bind(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      chmod(path.c_str(), S_IRUSR | S_IWUSR) != 0 || ::listen(descriptor, backlog) != 0) {
    const int code = errno;
    ::close(descriptor);
    return cannot(path, code);
  }
  return descriptor;
}

expected<int> open_tcp(const std::string& host, std::uint16_t port, const std::string& name) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int status =
      getaddrinfo(host.empty() ? nullptr : host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (status != 0)
    return fail(failure::unavailable, "Cannot listen at " + name + ": " + gai_strerror(status) + ".");
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> guard(found, freeaddrinfo);
  const int descriptor = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return cannot(name, errno);
  const int yes = 1;
  setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (bind(descriptor, found->ai_addr, found->ai_addrlen) != 0 || ::listen(descriptor, backlog) != 0) {
    const int code = errno;
    ::close(descriptor);
    return cannot(name, code);
  }
  return descriptor;
}

std::uint16_t port_of(int descriptor) {
  sockaddr_storage own{};
  socklen_t size = sizeof own;
  if (getsockname(descriptor, reinterpret_cast<sockaddr*>(&own), &size) != 0) return 0;
  if (own.ss_family == AF_INET) return ntohs(reinterpret_cast<const sockaddr_in&>(own).sin_port);
  if (own.ss_family == AF_INET6) return ntohs(reinterpret_cast<const sockaddr_in6&>(own).sin6_port);
  return 0;
}

}  // namespace

expected<std::shared_ptr<listener>> listen(net::io_context& io, server_core& core, const listen_at& where) {
  const auto descriptor = where.unix_path.empty() ? open_tcp(where.host, where.port,
                                                             where.host + ":" + std::to_string(where.port))
                                                  : open_unix(where.unix_path);
  if (!descriptor) return fail(descriptor.error());
  auto made = std::make_shared<socket_listener>(io, core, *descriptor, where, port_of(*descriptor));
  made->wait();
  return std::static_pointer_cast<listener>(made);
}

}  // namespace cybexd::app::http
