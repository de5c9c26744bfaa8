#pragma once
// A running server: lock, keys, stores, actors, HTTP, run.json; and its end.
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "app/config/config.hpp"
#include "app/http/http.hpp"

namespace cybexd::app {

class server {
 public:
  /// Starts everything or nothing; waits some seconds for a command that works in the directory. Errors:
  /// conflict (another process works there all that time, or is a server; the text says which), bad_input and
  /// not_allowed (keys, secrets, TLS files: the configuration must be mended; a directory that is not this
  /// user's), not_found (no store where one should be), unavailable. `same` are the ports to take where the
  /// settings leave that open. `actors_begin` is called right before there is anything that has to be stopped
  /// in order.
  [[nodiscard]] static expected<std::unique_ptr<server>> start(
      const configuration& config, const std::map<std::string, std::string>& environment,
      const http::http_ports& same = {}, const std::function<void()>& actors_begin = {});
  server(const server&) = delete;
  server& operator=(const server&) = delete;
  ~server();

  [[nodiscard]] http::http_ports ports() const;
  /// The settings that hold now.
  [[nodiscard]] const configuration& configured() const;
  /// Why this server is to be ended and another one started in its place; empty: it is not. The store's disk
  /// failed and works again, but the store goes on only when it is opened anew; or the actors have ended of
  /// an exception, and it can be hoped that new ones start. Cheap while nothing is wrong.
  [[nodiscard]] std::string must_begin_again() const;

  /// New settings: typetags, filters, limits, log, TLS files, secrets. What needs a restart is logged.
  /// Returns at once; `done` is called, from any thread, when they hold. Queries and uploads go on meanwhile.
  void reload(const configuration& fresh, std::function<void()> done);
  /// Keeps the rate in `status`, and removes what a killed backup has left. To be called every few seconds;
  /// asks no store.
  void sample();
  /// The orderly stop, within the configured time.
  void stop();
  /// After the stop: calls to a database were given up, and some may still be under way.
  [[nodiscard]] bool gave_up_a_database() const;

 private:
  server();
  struct parts;
  std::unique_ptr<parts> parts_;
};

}  // namespace cybexd::app
