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
      name_(options.name),
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
    return fail(failure::internal, std::string("the token could not be looked at: ") + e.what());
  }
}

void server_core::add(const std::shared_ptr<connection>& c) {
  const std::lock_guard lock(mutex_);
  c->number = ++last_number_;
  open_.insert(c);
  silent_.emplace(c->number, c);
}

void server_core::forget(const std::shared_ptr<connection>& c) {
  const std::lock_guard lock(mutex_);
  open_.erase(c);
  silent_.erase(c->number);
  if (open_.empty()) gone_.notify_all();
}

void server_core::has_asked(const connection& c) {
  const std::lock_guard lock(mutex_);
  silent_.erase(c.number);
}

bool server_core::make_room() {
  std::shared_ptr<connection> longest;
  {
    const std::lock_guard lock(mutex_);
    if (silent_.empty()) return false;
    longest = std::move(silent_.begin()->second);
    silent_.erase(silent_.begin());
  }
  longest->give_way();
  tell_of_crowd(0, 1);
  return true;
}

void server_core::turned_away() {
  if (hooks.finished) hooks.finished("other", 503, 0);
  tell_of_crowd(1, 0);
}

/// At once the first time, then once a minute at the most.
void server_core::tell_of_crowd(std::uint64_t refused, std::uint64_t closed) {
  std::string text;
  {
    const std::lock_guard lock(mutex_);
    refused_ += refused;
    closed_ += closed;
    const auto now = std::chrono::steady_clock::now();
    if (now < next_telling_) return;
    next_telling_ = now + std::chrono::minutes(1);
    text = "all " + std::to_string(limits_->connections) + " connections of " + name_ +
           " are taken: " + std::to_string(std::exchange(refused_, 0)) + " new ones were turned away, " +
           std::to_string(std::exchange(closed_, 0)) + " that had asked nothing were closed for others";
  }
  warn(text);
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
