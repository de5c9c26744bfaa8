#include "app/http/http.hpp"

#include <mutex>
#include <utility>

#include "app/http/routes.hpp"

namespace cybexd::app::http {

namespace {

constexpr std::size_t operations_waiting = 16;
/// An operation may take as long as it needs, but not for ever.
constexpr auto longest_operation = std::chrono::hours(24);

route_settings settings_of(const http_options& options) { return {options.uploads, options.query_patience}; }

server_options public_server(const http_options& options) {
  server_options made;
  made.name = "http";
  made.io_threads = options.io_threads;
  made.workers = options.workers;
  made.upload_workers = options.upload_workers;
  made.limits = options.limits;
  made.tls = options.tls;
  return made;
}

server_limits operator_limits(const http_options& options) {
  server_limits limits;
  limits.json_bytes = options.operation_bytes;
  limits.body_bytes = options.operation_bytes;
  limits.connections = 128;
  limits.requests = 64;
  limits.work_time = longest_operation;
  return limits;
}

server_options operator_server(const http_options& options) {
  server_options made;
  made.name = "operators";
  made.workers = 1;
  made.upload_workers = 0;
  made.worker_queue = 64;
  made.limits = operator_limits(options);
  return made;
}

server_hooks public_hooks(const http_backend& backend) {
  return {backend.authenticate, backend.finished, backend.in_flight, backend.warn};
}

/// Which key says so, where an address cannot be listened at.
tl::unexpected<error> named(const std::string& key, const std::string& host, const error& e) {
  const bool of_the_address = e.text.starts_with("Cannot listen at " + host + ":");
  return fail(e.kind, (of_the_address ? key + ": " : "") + e.text);
}

void append(std::vector<route>& to, std::vector<route> more) {
  std::move(more.begin(), more.end(), std::back_inserter(to));
}

}  // namespace

struct http_service::running {
  running(const http_options& options, http_backend b)
      : backend(std::make_shared<const http_backend>(std::move(b))),
        settings(std::make_shared<const route_settings>(settings_of(options))),
        operations(
            std::make_shared<worker_pool>("operations", options.operation_threads, operations_waiting)),
        public_side(public_server(options), public_hooks(*backend)),
        operator_side(operator_server(options), server_hooks{{}, {}, {}, backend->warn}) {}

  [[nodiscard]] std::shared_ptr<const route_settings> current() {
    const std::lock_guard lock(mutex);
    return settings;
  }

  [[nodiscard]] std::vector<listen_at> public_places(const http_options& options) {
    auto routes = data_routes(backend, [this] { return current(); });
    append(routes, identity_routes(backend));
    return {{options.host,
             options.port,
             {},
             !options.tls.certificate.empty(),
             std::make_shared<const router>(std::move(routes))}};
  }

  [[nodiscard]] std::vector<listen_at> operator_places(const http_options& options) const {
    std::vector<listen_at> places{{options.operators_host,
                                   options.operators_port,
                                   {},
                                   false,
                                   std::make_shared<const router>(watch_routes(backend))}};
    if (!options.unix_socket.empty()) {
      auto routes = watch_routes(backend);
      append(routes, operation_routes(backend, operations));
      places.push_back(
          {{}, 0, options.unix_socket, false, std::make_shared<const router>(std::move(routes))});
    }
    return places;
  }

  std::shared_ptr<const http_backend> backend;
  std::mutex mutex;
  std::shared_ptr<const route_settings> settings;
  std::shared_ptr<worker_pool> operations;
  server public_side, operator_side;
};

http_service::http_service() = default;
http_service::~http_service() { stop(std::chrono::milliseconds(0)); }

expected<http_ports> http_service::start(const http_options& options, http_backend backend) {
  auto made = std::make_unique<running>(options, std::move(backend));
  const auto operators = made->operator_side.start(made->operator_places(options));
  if (!operators) return named("http.operators", options.operators_host, operators.error());
  const auto http = made->public_side.start(made->public_places(options));
  if (!http) return named("http.listen", options.host, http.error());
  running_ = std::move(made);
  return http_ports{http->front(), operators->front()};
}

expected<void> http_service::reload(const http_options& options) {
  if (!running_) return {};
  {
    const std::lock_guard lock(running_->mutex);
    running_->settings = std::make_shared<const route_settings>(settings_of(options));
  }
  if (auto done = running_->operator_side.reload(operator_limits(options), {}); !done) return done;
  return running_->public_side.reload(options.limits, options.tls);
}

bool http_service::stop_public(std::chrono::milliseconds within) {
  return !running_ || running_->public_side.stop(within);
}

void http_service::stop(std::chrono::milliseconds within) {
  if (!running_) return;
  running_->public_side.stop(within);
  running_->operator_side.stop(within);
  running_->operations->stop();
}

std::uint64_t http_service::body_bytes_in_use() const {
  return running_ ? running_->public_side.body_bytes_in_use() : 0;
}

}  // namespace cybexd::app::http
