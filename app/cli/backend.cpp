#include "app/cli/backend.hpp"

#include <thread>

#include "app/cli/output.hpp"
#include "app/operations.hpp"
#include "app/wiring.hpp"
#include "tahoe/json.hpp"

namespace cybexd::app::cli {

/// The server that listens there, if one does.
std::optional<backend> backend::to_server(const std::string& data_dir) {
  auto server = client::http_client::to_socket(data_dir + "/cybexd.sock");
  if (!server) return std::nullopt;
  backend remote;
  remote.server_ = std::move(*server);
  remote.socket_ = data_dir + "/cybexd.sock";
  return remote;
}

expected<backend> backend::open(const configuration& config, missing_store how) {
  constexpr auto patience = std::chrono::seconds(10);
  const auto& data = config.values.data_dir.path;
  if (auto there = must_hold_its_stores(config.values); !there && how == missing_store::is_an_error) {
    // A server whose disk is gone knows more, and makes nothing either.
    if (auto running = to_server(data)) return std::move(*running);
    return fail(there.error());
  }
  const auto end = std::chrono::steady_clock::now() + patience;
  while (true) {
    auto lock = directory_lock::take(data);
    if (lock) {
      auto stores = open_stores(config.values);
      if (!stores) return fail(stores.error());
      backend direct;
      direct.lock_ = std::move(*lock);
      direct.engine_ =
          std::make_unique<engine>(config.values, environment(), std::move(*stores), start_actors);
      return direct;
    }
    if (lock.error().kind != failure::conflict) return fail(lock.error());
    if (auto running = to_server(data)) return std::move(*running);
    if (std::chrono::steady_clock::now() > end) {
      return fail(failure::conflict, lock.error().text + ", which does not answer on " + data +
                                         "/cybexd.sock; wait until it is done, or stop it");
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

expected<tahoe::value> backend::call(std::string_view operation, const tahoe::value& input,
                                     std::chrono::milliseconds within) {
  if (engine_) return call_operation(*engine_, operation, input);
  client::http_request request;
  request.target = "/operator/" + std::string(operation);
  request.body = tahoe::to_json(input);
  const auto answer = server_->send(request, within);
  if (!answer) return fail(answer.error());
  tahoe::json_limits limits;
  limits.depth = operation_depth;
  auto body = tahoe::parse_json(answer->body, limits);
  if (!body)
    return fail(failure::internal,
                "the server's answer is no JSON (status " + std::to_string(answer->status) + ")");
  const auto* told = body->find("message");
  if (answer->status != 200 && told && told->text()) {
    const auto kind = answer->status == 503   ? failure::overloaded
                      : answer->status == 413 ? failure::too_large
                                              : failure::internal;
    return fail(kind, "the server: " + *told->text());
  }
  return from_answer(std::move(*body));
}

std::function<expected<tahoe::value>(std::string_view, const tahoe::value&)> backend::call_beside() const {
  if (engine_)
    return [on = engine_.get()](std::string_view operation, const tahoe::value& input) {
      return call_operation(*on, operation, input);
    };
  return [path = socket_](std::string_view operation, const tahoe::value& input) -> expected<tahoe::value> {
    auto server = client::http_client::to_socket(path);
    if (!server) return fail(server.error());
    backend beside;
    beside.server_ = std::move(*server);
    return beside.call(operation, input, std::chrono::seconds(5));
  };
}

}  // namespace cybexd::app::cli
