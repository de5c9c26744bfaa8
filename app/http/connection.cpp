// The bytes of a connection, on a plain or a TLS socket.
#include <utility>  // before Boost: 1.74's awaitable.hpp uses std::exchange without it

#include <netinet/in.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/write.hpp>

#include "app/http/conversation.hpp"

namespace cybexd::app::http {

namespace {

namespace net = boost::asio;
using problem = boost::system::error_code;
using socket = net::generic::stream_protocol::socket;
using tls_stream = net::ssl::stream<socket>;

constexpr auto again_after = std::chrono::milliseconds(100);
constexpr auto look_again_after = std::chrono::milliseconds(500);
constexpr std::size_t drop_at_once = 64u << 10;
constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";

template <class Stream>
class socket_connection final : public conversation {
 public:
  static constexpr bool is_tls = !std::is_same_v<Stream, socket>;

  template <class... Args>
  socket_connection(server_core& core, arrival what, share slot, Args&&... stream_arguments)
      : conversation(core, std::move(what), std::move(slot)),
        stream_(std::forward<Args>(stream_arguments)...),
        timer_(stream_.get_executor()),
        look_timer_(stream_.get_executor()) {}

  void start() {
    net::post(stream_.get_executor(), [self = me()] {
      if constexpr (is_tls) {
        self->arm(self->limits_->header_time);
        self->stream_.async_handshake(net::ssl::stream_base::server, [self](problem ec) {
          if (ec) return self->close();
          self->next();
        });
      } else {
        self->next();
      }
    });
  }

 private:
  std::shared_ptr<socket_connection> me() {
    return std::static_pointer_cast<socket_connection>(shared_from_this());
  }
  socket& lowest() {
    if constexpr (is_tls)
      return stream_.next_layer();
    else
      return stream_;
  }

  void post(std::function<void()> job) override { net::post(stream_.get_executor(), std::move(job)); }

  void read_more() override {
    const auto room = reader_.room();
    stream_.async_read_some(net::buffer(room.data(), room.size()),
                            [self = me()](problem ec, std::size_t size) {
                              if (self->closed()) return;
                              if (ec || self->timed_out_) return self->reading_ended(ec == net::error::eof);
                              self->came(size);
                            });
  }

  void write_answer() override {
    const std::array<net::const_buffer, 2> out{net::buffer(out_head_), net::buffer(out_body_)};
    net::async_write(stream_, out, [self = me()](problem ec, std::size_t) { self->written(!ec); });
  }

  void write_continue() override {
    net::async_write(stream_, net::buffer(go_on.data(), go_on.size()),
                     [self = me()](problem ec, std::size_t) { self->continue_written(!ec); });
  }

  /// Closing with unread bytes would reset the connection before the client has read its answer.
  void linger(std::uint64_t bytes) override {
    left_ = bytes;
    if constexpr (is_tls) {
      stream_.async_shutdown([self = me()](problem) { self->half_close(); });
    } else {
      half_close();
    }
  }
  void half_close() {
    if (closed()) return;
    if (timed_out_) return close();
    problem ignored;
    lowest().shutdown(socket::shutdown_send, ignored);
    scrap_.resize(drop_at_once);
    drop();
  }
  void drop() {
    lowest().async_read_some(net::buffer(scrap_), [self = me()](problem ec, std::size_t size) {
      if (ec || size >= self->left_ || self->timed_out_) return self->close();
      self->left_ -= size;
      self->drop();
    });
  }

  /// Cancels again and again, since a composed operation may be between two steps just then.
  void arm(std::chrono::milliseconds time) override {
    timed_out_ = false;
    wait_for_deadline(time, ++generation_);
  }
  void wait_for_deadline(std::chrono::milliseconds time, std::uint64_t generation) {
    timer_.expires_after(time);
    timer_.async_wait([self = me(), generation](problem ec) {
      if (ec || generation != self->generation_) return;
      self->timed_out_ = true;
      problem ignored;
      self->lowest().cancel(ignored);
      self->deadline_passed();
      if (generation == self->generation_) self->wait_for_deadline(again_after, generation);
    });
  }
  void disarm() override {
    ++generation_;
    timer_.cancel();
  }
  [[nodiscard]] bool timed_out() const override { return timed_out_; }

  /// A client that closes makes the socket readable. So does one that sends its next request early: then it
  /// is looked at from time to time instead. A client that only half-closes cannot be told from one that has
  /// gone, and counts as gone.
  void watch_client() override {
    lowest().async_wait(socket::wait_read, [self = me(), watch = ++watch_](problem ec) {
      if (!ec && watch == self->watch_) self->look_at_client(watch);
    });
  }
  void look_at_client(std::uint64_t watch) {
    pollfd peer{lowest().native_handle(), POLLRDHUP, 0};
    if (::poll(&peer, 1, 0) > 0) return client_left();
    look_timer_.expires_after(look_again_after);
    look_timer_.async_wait([self = me(), watch](problem ec) {
      if (!ec && watch == self->watch_) self->look_at_client(watch);
    });
  }
  void forget_client() override {
    ++watch_;
    look_timer_.cancel();
  }

  void close_socket() override {
    problem ignored;
    lowest().close(ignored);
  }

  Stream stream_;
  net::steady_timer timer_, look_timer_;
  std::uint64_t watch_ = 0;
  std::uint64_t generation_ = 0;
  bool timed_out_ = false;
  std::uint64_t left_ = 0;
  std::string scrap_;
};

template <class Connection>
void begin(server_core& core, const std::shared_ptr<Connection>& made) {
  core.add(made);
  made->start();
}

}  // namespace

void serve(net::io_context& io, server_core& core, arrival what, share slot) {
  socket accepted(net::make_strand(io));
  problem ec;
  accepted.assign(net::generic::stream_protocol(what.family, what.family == AF_UNIX ? 0 : IPPROTO_TCP),
                  what.descriptor, ec);
  if (ec) {
    core.warn("cannot serve a connection: " + ec.message());
    ::close(what.descriptor);  // it is nobody's yet
    return;
  }
  if (const auto tls = what.tls) {
    begin(core, std::make_shared<socket_connection<tls_stream>>(core, std::move(what), std::move(slot),
                                                                std::move(accepted), *tls));
  } else {
    begin(core, std::make_shared<socket_connection<socket>>(core, std::move(what), std::move(slot),
                                                            std::move(accepted)));
  }
}

}  // namespace cybexd::app::http
