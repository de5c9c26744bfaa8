#pragma once
// The routes by subject, each list made of functions of the backend. http.cpp puts them together.
#include <functional>
#include <memory>
#include <vector>

#include "app/http/http.hpp"
#include "app/http/router.hpp"
#include "app/http/worker_pool.hpp"

namespace cybexd::app::http {

/// What a reload may change while requests run.
struct route_settings {
  upload_limits uploads;
  std::chrono::milliseconds query_patience{5'000};
};
using settings_source = std::function<std::shared_ptr<const route_settings>()>;

/// GET /ping, POST /raw, POST /query, GET /report/{hash}
[[nodiscard]] std::vector<route> data_routes(const std::shared_ptr<const http_backend>& backend,
                                             const settings_source& settings);

/// POST /login, /create/user, /create/org, /org/add/user, /org/del/user, /org/info; GET /orgs/admin_of,
/// /orgs/user_of, /user/info/self
[[nodiscard]] std::vector<route> identity_routes(const std::shared_ptr<const http_backend>& backend);

/// GET /metrics, /healthz, /readyz
[[nodiscard]] std::vector<route> watch_routes(const std::shared_ptr<const http_backend>& backend);
/// POST /operator/{name}
[[nodiscard]] std::vector<route> operation_routes(const std::shared_ptr<const http_backend>& backend,
                                                  const std::shared_ptr<worker_pool>& threads);

}  // namespace cybexd::app::http
