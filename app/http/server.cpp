#include "app/http/server.hpp"

#include <pthread.h>

#include <thread>
#include <utility>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include "app/http/core.hpp"

namespace cybexd::app::http {

namespace net = boost::asio;

struct server::running {
  running(const server_options& o, server_hooks hooks)
      : options(o), core(o, std::move(hooks)), io(static_cast<int>(o.io_threads)), work(io.get_executor()) {}

  void run() {
    pthread_setname_np(pthread_self(), (options.name + ".io").substr(0, 15).c_str());
    // What one connection throws (no memory) must not end the others; that one ends by its own deadline.
    for (bool over = false; !over;) {
      try {
        io.run();
        over = true;
      } catch (const std::exception& e) {
        core.warn(std::string("a connection was given up: ") + e.what());
      }
    }
  }

  const server_options options;
  server_core core;
  net::io_context io;
  net::executor_work_guard<net::io_context::executor_type> work;
  std::vector<std::shared_ptr<listener>> listeners;
  std::vector<std::thread> threads;
  bool stopped = false;
};

server::server(server_options options, server_hooks hooks)
    : running_(std::make_unique<running>(options, std::move(hooks))) {}

server::~server() { stop(std::chrono::milliseconds(0)); }

expected<std::vector<std::uint16_t>> server::start(const std::vector<listen_at>& where) {
  if (!running_->options.tls.certificate.empty()) {
    auto context = load_tls(running_->options.tls);
    if (!context) return fail(context.error());
    running_->core.set_tls(std::move(*context));
  }
  std::vector<std::uint16_t> ports;
  for (const auto& address : where) {
    auto made = listen(running_->io, running_->core, address);
    if (!made) {
      for (const auto& open : running_->listeners) open->close();
      running_->listeners.clear();
      return fail(made.error());
    }
    ports.push_back((*made)->port());
    running_->listeners.push_back(std::move(*made));
  }
  for (std::size_t i = 0; i < running_->options.io_threads; ++i)
    running_->threads.emplace_back([this] { running_->run(); });
  return ports;
}

expected<void> server::reload(const server_limits& limits, const tls_files& tls) {
  running_->core.set_limits(limits);
  if (tls.certificate.empty() || !running_->core.tls()) return {};  // on or off needs a restart
  auto context = load_tls(tls);
  if (!context) return fail(context.error());
  running_->core.set_tls(std::move(*context));
  return {};
}

bool server::stop(std::chrono::milliseconds within) {
  auto& r = *running_;
  if (std::exchange(r.stopped, true)) return true;
  r.core.draining = true;
  bool clean = true;
  if (!r.threads.empty()) {
    for (const auto& open : r.listeners) open->close();
    for (const auto& c : r.core.all()) c->drain();
    clean = r.core.wait_for_none(within);
    for (const auto& c : r.core.all()) c->cut();
    r.core.wait_for_none(std::chrono::seconds(1));
  }
  r.core.upload_workers.stop();
  r.core.workers.stop();  // drops what waits; an answer posted from there finds its connection gone
  {
    const std::unique_lock lock(r.core.gate->mutex);
    r.core.gate->open = false;
  }
  r.work.reset();
  r.io.stop();
  for (auto& thread : r.threads) thread.join();
  r.threads.clear();
  r.io.restart();
  r.io.poll();  // what was cancelled learns of it and lets go of what it holds
  r.listeners.clear();
  for (const auto& c : r.core.all()) r.core.forget(c);
  return clean;
}

std::uint64_t server::connections() const { return running_->core.count(); }
std::uint64_t server::body_bytes_in_use() const { return running_->core.body_bytes->used(); }

}  // namespace cybexd::app::http
