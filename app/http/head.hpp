#pragma once
// The head of a request, judged before its body is read, and the head of an answer. Knows no sockets.
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "app/http/exchange.hpp"
#include "app/http/router.hpp"
#include "app/http/server.hpp"

namespace cybexd::app::http {

/// What the head of a request says about the connection and the body.
struct request_head {
  std::string method, target;
  unsigned version = 11;  ///< 10 or 11.
  std::size_t hosts = 0;  ///< Number of Host fields; and so on.
  std::size_t lengths = 0, codings = 0, authorizations = 0;
  std::string length_text, transfer_encoding, authorization, expect, content_type, content_encoding;
  std::optional<std::uint64_t> content_length;
  bool chunked = false;
  bool keep_alive = true;

  [[nodiscard]] bool wants_continue() const;
};

/// What is wrong with a head, whatever the route: 400, 414, 417. Nothing when it is well.
[[nodiscard]] std::optional<response> problem_of(const request_head& head, const server_limits& limits);
/// What is wrong with the announced body for this route: 411, 413.
[[nodiscard]] std::optional<response> body_problem_of(const request_head& head, const route& to,
                                                      const server_limits& limits);
/// The largest body that is read, also where the route has no use for one.
[[nodiscard]] std::uint64_t body_limit_of(const route& to, const server_limits& limits);
/// The Bearer token (RFC 6750), or empty when there is none or something else.
[[nodiscard]] std::string bearer_of(const request_head& head);
/// Method and path: of the target neither parameters, which are the client's business, nor more than tells
/// which request it was.
[[nodiscard]] std::string name_in_log(const request_head& head);
/// 429: come again in a second.
[[nodiscard]] response too_many_requests();
/// 401 for a token that is missing or not good: one text for every reason.
[[nodiscard]] response not_authenticated();

/// Status line and fields of an answer, with the empty line.
[[nodiscard]] std::string head_of(const response& r, bool keep_alive,
                                  std::chrono::system_clock::time_point now);

}  // namespace cybexd::app::http
