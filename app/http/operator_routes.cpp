#include <utility>

#include "app/http/fields.hpp"
#include "app/http/routes.hpp"

namespace cybexd::app::http {

namespace {

route watch(std::string pattern, runs_on where, handler run) {
  return {.method = "GET",
          .pattern = std::move(pattern),
          .run = std::move(run),
          .where = where,
          .needs_token = false};
}

response metrics_of(const http_backend& backend) {
  if (!backend.metrics) return try_later("There are no metrics yet.");
  response r;
  r.body = backend.metrics();
  r.content_type = "text/plain; version=0.0.4; charset=utf-8";
  return r;
}

response readiness_of(const http_backend& backend) {
  const auto now = backend.ready ? backend.ready() : readiness{false, {"the start to be finished"}};
  tahoe::array waits(now.waits_for.begin(), now.waits_for.end());
  auto r = json(now.ready ? 200 : 503, tahoe::object{{"message", now.ready ? "ready" : "not ready"},
                                                     {"ready", now.ready},
                                                     {"waits_for", std::move(waits)}});
  if (!now.ready) r.retry_after = std::chrono::seconds(1);
  return r;
}

void operate(const std::shared_ptr<const http_backend>& backend, const std::shared_ptr<worker_pool>& threads,
             request&& r, const responder& respond) {
  if (!backend->operate) return respond(try_later("The server is not ready yet, try again later."));
  const auto asked = std::make_shared<request>(std::move(r));
  const bool taken = threads->post([backend, asked, respond] {
    try {
      const auto input = read_object(asked->body.empty() ? "{}" : std::string_view(asked->body));
      asked->body = {};
      respond(input ? backend->operate(asked->tail, *input) : answer_to(input.error()));
    } catch (const std::exception& e) {  // operators may see what went wrong
      respond(server_error(e.what(), e.what()));
    }
  });
  if (!taken) respond(try_later("Too many operations at once, try again later."));
}

}  // namespace

std::vector<route> watch_routes(const std::shared_ptr<const http_backend>& backend) {
  std::vector<route> routes;
  routes.push_back(watch("/healthz", runs_on::connection, [](request&&, const responder& respond) {
    respond(json(200, tahoe::object{{"message", "alive"}}));
  }));
  routes.push_back(watch("/readyz", runs_on::connection, [backend](request&&, const responder& respond) {
    respond(readiness_of(*backend));
  }));
  routes.push_back(watch("/metrics", runs_on::worker,
                         [backend](request&&, const responder& respond) { respond(metrics_of(*backend)); }));
  return routes;
}

std::vector<route> operation_routes(const std::shared_ptr<const http_backend>& backend,
                                    const std::shared_ptr<worker_pool>& threads) {
  std::vector<route> routes;
  routes.push_back({.method = "POST",
                    .pattern = "/operator/{name}",
                    .run =
                        [backend, threads](request&& r, const responder& respond) {
                          operate(backend, threads, std::move(r), respond);
                        },
                    .body = body_size::json,
                    .where = runs_on::connection,
                    .needs_token = false});
  return routes;
}

}  // namespace cybexd::app::http
