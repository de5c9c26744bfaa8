#pragma once
// A request and its answer as the routes see them: nothing here knows how they travel.
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/http/budget.hpp"
#include "crypto/error.hpp"
#include "tahoe/value.hpp"

namespace cybexd::app::http {

/// One name=value of a query string or form, decoded.
struct parameter {
  std::string name, value;
};

/// Whether a client is still there, for those whose answer takes its time. Thread safe.
class departure {
 public:
  /// Called once, from any thread, when the client goes away before it is answered; at once where it has.
  void then(std::function<void()> tell);
  /// The client is gone.
  void happened();

 private:
  std::mutex mutex_;
  bool gone_ = false;
  std::function<void()> tell_;
};

/// A complete request. The body counts against the server's byte budget as long as `bytes` lives.
struct request {
  std::string method;  ///< As it came: "GET", "POST", "HEAD", ...
  std::string path;    ///< Decoded, begins with exactly one slash.
  std::string tail;    ///< What stands for `{...}` in the route's pattern.
  std::vector<parameter> parameters;
  std::string content_type, content_encoding;
  std::string token;  ///< Bearer token; was accepted where the route needs one.
  std::string user;   ///< Hash of the token's user, as hex.
  std::string peer;   ///< Address of the client without its port; "local" for a Unix socket.
  std::string body;
  share bytes;                        ///< Grow it before the body is unpacked into something larger.
  std::shared_ptr<departure> client;  ///< Of a route that may wait, else empty.
};

struct response {
  unsigned status = 200;
  std::string body;
  std::string content_type = "application/json";
  std::optional<std::chrono::seconds> retry_after;
  std::string allow;            ///< Methods, with 405.
  bool then_shut_down = false;  ///< Close the connection after this answer.
  std::string why = {};         ///< With 500, for the log alone: what went wrong.
};

/// Answers one request, exactly once: the first call counts, further ones do nothing, and a request that
/// nobody answers (all copies of its responder are gone) gets a 500. Copies share the one answer. Thread
/// safe.
class responder {
 public:
  explicit responder(std::function<void(response)> answer);
  void operator()(response r) const;

 private:
  struct once;
  std::shared_ptr<once> once_;
};

using handler = std::function<void(request&&, responder)>;

/// {"message": text}
[[nodiscard]] response message(unsigned status, std::string_view text);
[[nodiscard]] response json(unsigned status, const tahoe::value& v);
/// 503 with Retry-After.
[[nodiscard]] response try_later(std::string_view text);
/// What a client learns of a failure: `bad_input`, `conflict` 400; `not_allowed` 401; `not_found` 404;
/// `too_large` 413; `overloaded`, `unavailable`, `timed_out`, `cancelled` 503; else 500. The text goes along
/// where it is about the input; of the server's own troubles nothing is told but to the log.
[[nodiscard]] response answer_to(const error& e);
/// 500: `text` for the client, `why` for the log.
[[nodiscard]] response server_error(std::string_view text, std::string why);

}  // namespace cybexd::app::http
