#pragma once
// A small HTTP/1.1 client for commands: one connection, one request after the other, each with a deadline.
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "crypto/error.hpp"

namespace cybexd::app::client {

struct http_request {
  std::string method = "POST";
  std::string target;
  std::string content_type = "application/json";
  std::string token;  ///< Bearer token; empty: none.
  std::string body;
};

struct http_answer {
  unsigned status = 0;
  std::string body;
  std::chrono::seconds retry_after{0};
};

/// Not thread safe.
class http_client {
 public:
  /// Errors of all three: unavailable (nobody answers there), bad_input (no URL; a certificate that does not
  /// hold).
  [[nodiscard]] static expected<http_client> to_socket(const std::string& path);
  /// `http://host:port` or `https://host:port`; the certificate must be good for the host by the authorities
  /// in `ca_file` (PEM), where one is given, else by the system's or those in $SSL_CERT_FILE. Errors also:
  /// not_found, bad_input (the file).
  [[nodiscard]] static expected<http_client> to_url(const std::string& url, const std::string& ca_file = {});

  /// Connects again where the other side has closed in between. Errors: unavailable, timed_out.
  [[nodiscard]] expected<http_answer> send(const http_request& request, std::chrono::milliseconds within);

  class connection;

 private:
  explicit http_client(std::shared_ptr<connection> to) : connection_(std::move(to)) {}
  std::shared_ptr<connection> connection_;
};

/// A text as part of a query string.
[[nodiscard]] std::string percent_encoded(std::string_view text);

}  // namespace cybexd::app::client
