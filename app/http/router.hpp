#pragma once
// Which handler answers which path.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "app/http/exchange.hpp"

namespace cybexd::app::http {

/// How large a body a route reads; the figures are in `server_limits`.
enum class body_size : std::uint8_t { none, json, upload };

/// Where a handler runs. On the connection's thread it must neither block nor compute for long.
enum class runs_on : std::uint8_t { connection, worker };

struct route {
  std::string method;  ///< "GET" (which serves HEAD too) or "POST".
  std::string
      pattern;  ///< "/ping"; its last segment may be "{...}", which stands for anything without a slash.
  handler run;
  body_size body = body_size::none;
  runs_on where = runs_on::worker;
  bool needs_token = true;
  bool may_wait = false;  ///< Counts against the waiting queries, not against the requests in flight.
};

class router {
 public:
  explicit router(std::vector<route> routes) : routes_(std::move(routes)) {}

  struct match {
    const route* found = nullptr;  ///< Lives as long as the router.
    std::string tail;
    std::string allow;  ///< Where the path is known but not the method: the methods it has.
  };
  [[nodiscard]] match find(std::string_view method, std::string_view path) const;

 private:
  std::vector<route> routes_;
};

}  // namespace cybexd::app::http
