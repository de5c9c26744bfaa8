#include "app/http/core.hpp"

#include <utility>

namespace cybexd::app::http {

server_core::server_core(const server_options& options, server_hooks h)
    : hooks(std::move(h)),
      workers(options.name + ".work", options.workers, options.worker_queue),
      upload_workers(options.name + ".upload", options.upload_workers, options.worker_queue),
      connections(std::make_shared<budget>(options.limits.connections)),
      requests(std::make_shared<budget>(options.limits.requests)),
      waiting(std::make_shared<budget>(options.limits.waiting_requests)),
      body_bytes(std::make_shared<budget>(options.limits.body_bytes)),
      limits_(std::make_shared<const server_limits>(options.limits)) {}

std::shared_ptr<const server_limits> server_core::limits() const {
  const std::lock_guard lock(mutex_);
  return limits_;
}

void server_core::set_limits(const server_limits& limits) {
  connections->set_limit(limits.connections);
  requests->set_limit(limits.requests);
  waiting->set_limit(limits.waiting_requests);
  body_bytes->set_limit(limits.body_bytes);
  const std::lock_guard lock(mutex_);
  limits_ = std::make_shared<const server_limits>(limits);
}

std::shared_ptr<boost::asio::ssl::context> server_core::tls() const {
  const std::lock_guard lock(mutex_);
  return tls_;
}

void server_core::set_tls(std::shared_ptr<boost::asio::ssl::context> context) {
  const std::lock_guard lock(mutex_);
  tls_ = std::move(context);
}

expected<std::string> server_core::authenticate(const std::string& token) const {
  try {
    return hooks.authenticate(token);
  } catch (const std::exception& e) {
    warn(std::string("a token could not be looked at: ") + e.what());
    return fail(failure::internal, "the token could not be looked at");
  }
}

void server_core::add(const std::shared_ptr<connection>& c) {
  const std::lock_guard lock(mutex_);
  open_.insert(c);
}

void server_core::forget(const std::shared_ptr<connection>& c) {
  const std::lock_guard lock(mutex_);
  open_.erase(c);
  if (open_.empty()) gone_.notify_all();
}

std::vector<std::shared_ptr<connection>> server_core::all() const {
  const std::lock_guard lock(mutex_);
  return {open_.begin(), open_.end()};
}

std::size_t server_core::count() const {
  const std::lock_guard lock(mutex_);
  return open_.size();
}

bool server_core::wait_for_none(std::chrono::milliseconds within) {
  std::unique_lock lock(mutex_);
  return gone_.wait_for(lock, within, [this] { return open_.empty(); });
}

}  // namespace cybexd::app::http
