#include "app/client/http_client.hpp"

#include <poll.h>

#include <charconv>
#include <utility>

// Boost 1.74 wants <utility> before it.
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>

#include "app/socket_path.hpp"

namespace cybexd::app::client {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;
using unix_stream = beast::basic_stream<asio::local::stream_protocol>;
using tls_stream = beast::ssl_stream<beast::tcp_stream>;

constexpr std::uint64_t largest_answer = 256u << 20;
constexpr auto connect_time = std::chrono::seconds(10);

error network_error(const error_code& problem, const std::string& where) {
  const bool late = problem == beast::error::timeout;
  return {late ? failure::timed_out : failure::unavailable,
          where + (late ? " did not answer in time" : ": " + problem.message())};
}

struct address {
  bool tls = false;
  std::string host, port;
};

expected<address> address_of(const std::string& url) {
  const auto wrong = [&] {
    return fail(failure::bad_input, "was \"" + url + "\"; may be http://host:port or https://host:port");
  };
  address out;
  std::string_view rest = url;
  if (rest.starts_with("https://"))
    out.tls = true;
  else if (!rest.starts_with("http://"))
    return wrong();
  rest.remove_prefix(out.tls ? 8 : 7);
  while (!rest.empty() && rest.back() == '/') rest.remove_suffix(1);
  const auto bracket = rest.find(']');
  const auto colon = rest.find(':', bracket == std::string_view::npos ? 0 : bracket);
  out.host = std::string(rest.substr(0, colon));
  out.port = colon == std::string_view::npos ? (out.tls ? "443" : "80") : std::string(rest.substr(colon + 1));
  if (out.host.size() > 2 && out.host.front() == '[' && out.host.back() == ']')
    out.host = out.host.substr(1, out.host.size() - 2);
  if (out.host.empty() || out.host.find('/') != std::string::npos ||
      out.port.find_first_not_of("0123456789") != std::string::npos || out.port.empty())
    return wrong();
  return out;
}

}  // namespace

/// One connection of any kind; opened when first used.
class http_client::connection {
 public:
  virtual ~connection() = default;
  virtual expected<void> open() = 0;
  virtual void close() = 0;
  /// Whether a request can be sent: connected, and the other side has not closed since.
  [[nodiscard]] virtual bool is_open() = 0;
  virtual expected<http::response<http::string_body>> exchange(http::request<http::string_body>& request,
                                                               std::chrono::milliseconds within) = 0;
  [[nodiscard]] virtual std::string host() const = 0;
};

namespace {

template <class Stream>
class stream_connection : public http_client::connection {
 public:
  void close() override {
    stream_.reset();
    context_.restart();
  }
  /// A server closes a connection on which nothing was asked for a while. By the socket's state, not by
  /// what there is to read: TLS may have said something that nobody has read yet.
  bool is_open() override {
    if (!stream_) return false;
    pollfd peer{beast::get_lowest_layer(*stream_).socket().native_handle(), POLLRDHUP, 0};
    return ::poll(&peer, 1, 0) == 0;
  }

  expected<http::response<http::string_body>> exchange(http::request<http::string_body>& request,
                                                       std::chrono::milliseconds within) override {
    error_code problem = asio::error::would_block;
    http::response_parser<http::string_body> parser;
    parser.body_limit(largest_answer);
    beast::flat_buffer buffer;
    beast::get_lowest_layer(*stream_).expires_after(within);
    http::async_write(*stream_, request, [&](error_code written, std::size_t) {
      problem = written;
      // An early refusal (413, 503) may come although the body was not read to its end: read it all the same.
      http::async_read(*stream_, buffer, parser, [&](error_code read, std::size_t) { problem = read; });
    });
    run();
    if (problem) {
      close();
      return fail(network_error(problem, host()));
    }
    auto answer = parser.release();
    if (!answer.keep_alive()) close();
    return answer;
  }

 protected:
  void run() {
    context_.restart();
    context_.run();
  }
  asio::io_context context_;
  std::optional<Stream> stream_;
};

class unix_connection : public stream_connection<unix_stream> {
 public:
  explicit unix_connection(std::string path) : path_(std::move(path)) {}
  std::string host() const override { return "localhost"; }
  expected<void> open() override {
    const auto fitting = socket_path::of(path_);
    if (!fitting) return fail(fitting.error());
    stream_.emplace(context_);
    error_code problem = asio::error::would_block;
    stream_->expires_after(connect_time);
    stream_->async_connect(asio::local::stream_protocol::endpoint(fitting->short_name()),
                           [&](error_code connected) { problem = connected; });
    run();
    if (!problem) return {};
    close();
    return fail(network_error(problem, path_));
  }

 private:
  std::string path_;
};

template <class Stream>
expected<void> connect_tcp(asio::io_context& context, Stream& stream, const address& to) {
  asio::ip::tcp::resolver resolver(context);
  error_code problem;
  const auto found = resolver.resolve(to.host, to.port, problem);
  if (problem) return fail(network_error(problem, to.host));
  auto& lowest = beast::get_lowest_layer(stream);
  lowest.expires_after(connect_time);
  lowest.async_connect(found, [&](error_code connected, const auto&) { problem = connected; });
  context.restart();
  context.run();
  if (problem) return fail(network_error(problem, to.host + ":" + to.port));
  lowest.socket().set_option(asio::ip::tcp::no_delay(true), problem);
  return {};
}

class tcp_connection : public stream_connection<beast::tcp_stream> {
 public:
  explicit tcp_connection(address to) : to_(std::move(to)) {}
  std::string host() const override { return to_.host; }
  expected<void> open() override {
    stream_.emplace(context_);
    auto opened = connect_tcp(context_, *stream_, to_);
    if (!opened) close();
    return opened;
  }

 private:
  address to_;
};

class tls_connection : public stream_connection<tls_stream> {
 public:
  explicit tls_connection(address to) : to_(std::move(to)), tls_(asio::ssl::context::tls_client) {
    tls_.set_verify_mode(asio::ssl::verify_peer);
  }
  /// Whom to trust: only the authorities in the file, or, without one, the system's.
  expected<void> trust(const std::string& ca_file) {
    error_code problem;
    if (ca_file.empty()) {
      tls_.set_default_verify_paths(problem);
      return {};  // where there are none, no certificate holds
    }
    tls_.load_verify_file(ca_file, problem);
    if (problem) return fail(failure::bad_input, ca_file + ": no certificate can be read from it");
    return {};
  }
  std::string host() const override { return to_.host; }
  expected<void> open() override {
    stream_.emplace(context_, tls_);
    auto opened = connect_tcp(context_, *stream_, to_);
    if (opened) opened = shake_hands();
    if (!opened) close();
    return opened;
  }

 private:
  expected<void> shake_hands() {
    stream_->set_verify_callback(asio::ssl::host_name_verification(to_.host));
    error_code no_address;
    asio::ip::make_address(to_.host, no_address);
    // Only names are told to the server (RFC 6066, 3).
    if (no_address && SSL_set_tlsext_host_name(stream_->native_handle(), to_.host.c_str()) != 1)
      return fail(failure::internal, "TLS takes no host name");
    error_code problem = asio::error::would_block;
    beast::get_lowest_layer(*stream_).expires_after(connect_time);
    stream_->async_handshake(asio::ssl::stream_base::client, [&](error_code shaken) { problem = shaken; });
    run();
    if (!problem) return {};
    const auto verdict = SSL_get_verify_result(stream_->native_handle());
    const std::string why =
        verdict == X509_V_OK ? "" : std::string(": ") + X509_verify_cert_error_string(verdict);
    return fail(failure::bad_input, to_.host + ": TLS: " + problem.message() + why);
  }

  address to_;
  asio::ssl::context tls_;
};

}  // namespace

expected<http_client> http_client::to_socket(const std::string& path) {
  auto connection = std::make_shared<unix_connection>(path);
  if (auto opened = connection->open(); !opened) return fail(opened.error());
  return http_client(std::move(connection));
}

expected<http_client> http_client::to_url(const std::string& url, const std::string& ca_file) {
  auto to = address_of(url);
  if (!to) return fail(to.error());
  std::shared_ptr<connection> made;
  if (to->tls) {
    auto secure = std::make_shared<tls_connection>(std::move(*to));
    if (auto trusts = secure->trust(ca_file); !trusts) return fail(trusts.error());
    made = std::move(secure);
  } else {
    made = std::make_shared<tcp_connection>(std::move(*to));
  }
  if (auto opened = made->open(); !opened) return fail(opened.error());
  return http_client(std::move(made));
}

expected<http_answer> http_client::send(const http_request& what, std::chrono::milliseconds within) {
  if (!connection_->is_open()) {
    connection_->close();
    if (auto opened = connection_->open(); !opened) return fail(opened.error());
  }
  http::request<http::string_body> request(http::string_to_verb(what.method), what.target, 11);
  request.set(http::field::host, connection_->host());
  request.set(http::field::content_type, what.content_type);
  if (!what.token.empty()) request.set(http::field::authorization, "Bearer " + what.token);
  request.body() = what.body;
  request.prepare_payload();
  auto got = connection_->exchange(request, within);
  if (!got) return fail(got.error());
  http_answer answer;
  answer.status = got->result_int();
  answer.body = std::move(got->body());
  const auto wait = (*got)[http::field::retry_after];
  long seconds = 0;
  std::from_chars(wait.data(), wait.data() + wait.size(), seconds);
  answer.retry_after = std::chrono::seconds(seconds);
  return answer;
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const char letter : text) {
    const auto code = static_cast<unsigned char>(letter);
    const bool plain = (code >= 'a' && code <= 'z') || (code >= 'A' && code <= 'Z') ||
                       (code >= '0' && code <= '9') || code == '-' || code == '_' || code == '.' ||
                       code == '~';
    if (plain) {
      out += letter;
    } else {
      out += '%';
      out += digits[code >> 4];
      out += digits[code & 15];
    }
  }
  return out;
}

}  // namespace cybexd::app::client
