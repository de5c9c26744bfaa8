#pragma once
// The driver's pool of connections to one URL, and what it tells of its commands and servers. Internal to
// mongodb_home.cpp.
#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "tahoe/store/mongodb_connections.hpp"
#include "tahoe/store/mongodb_home.hpp"

struct _mongoc_uri_t;

namespace cybexd::store {

/// What the driver tells of its commands and of the servers it sees.
struct mongodb_watcher {
  using time = std::chrono::steady_clock::time_point;
  mutable std::mutex mutex;
  mongodb_counts counts;
  bool writable = false;      ///< A server that takes writes is known.
  std::optional<error> away;  ///< Why none was found, while none is known.
  std::optional<time> lost;   ///< Since when none is known, though one is looked for.
  std::optional<time> heard;  ///< When the database last answered anything; nothing: it was never asked.
  server_places places;       ///< Of all its servers.
  bool ended = false;         ///< Nothing is asked any more.

  void sent(const char* name) {
    const std::scoped_lock lock(mutex);
    ++counts.commands;
    ++counts.by_name[name];
  }
  void answered(std::int64_t microseconds, bool well) {
    const std::scoped_lock lock(mutex);
    counts.seconds += static_cast<double>(microseconds) / 1e6;
    if (well)
      heard = std::chrono::steady_clock::now();
    else
      ++counts.failed;
  }
  void heard_now() {
    const std::scoped_lock lock(mutex);
    heard = std::chrono::steady_clock::now();
  }
  void seen(bool one_takes_writes, const server_places& now) {
    const std::scoped_lock lock(mutex);
    places.insert(now.begin(), now.end());
    writable = one_takes_writes;
    if (writable) away.reset();
    if (writable)
      lost.reset();
    else if (!lost)
      lost = std::chrono::steady_clock::now();
  }
  /// Whether it has answered nothing for so long, not even the driver's looks at it.
  [[nodiscard]] bool silent_for(std::chrono::milliseconds time) const {
    return heard && std::chrono::steady_clock::now() - *heard > time;
  }
  void not_found(const error& why) {
    const std::scoped_lock lock(mutex);
    if (!writable) away = why;
  }
};

/// Thread safe.
class mongodb_pool {
 public:
  /// Touches no network. Errors: bad_input (not a URL that the driver takes; the text does not repeat it).
  [[nodiscard]] static expected<std::unique_ptr<mongodb_pool>> make(const mongodb_options& options);

  /// The driver's pool, which is made at the first call that can: the hosts of a `mongodb+srv` URL are looked
  /// up then. Errors: unavailable.
  [[nodiscard]] expected<std::shared_ptr<void>> use();

  [[nodiscard]] mongodb_watcher& watched() const { return *watched_; }
  [[nodiscard]] const std::shared_ptr<mongodb_watcher>& shared_watched() const { return watched_; }
  /// Time without an answer after which it is silent: several of the driver's looks have got none.
  [[nodiscard]] std::chrono::milliseconds silence() const;
  [[nodiscard]] const mongodb_options& options() const { return options_; }
  [[nodiscard]] const std::string& where() const { return where_; }
  [[nodiscard]] const std::vector<std::string>& secrets() const { return secrets_; }
  [[nodiscard]] bool names_one_server_only() const;

 private:
  mongodb_pool() = default;
  [[nodiscard]] expected<std::shared_ptr<void>> make_pool();
  struct uri_freed {
    void operator()(struct _mongoc_uri_t* uri) const;
  };
  mongodb_options options_;
  std::unique_ptr<struct _mongoc_uri_t, uri_freed> uri_;
  std::string where_;
  std::vector<std::string> secrets_;
  std::shared_ptr<mongodb_watcher> watched_ = std::make_shared<mongodb_watcher>();

  std::mutex making_;
  std::atomic<bool> made_ = false;
  std::shared_ptr<void> pool_;  ///< Stays as it is once it is made.
  std::optional<error> failed_;
  std::chrono::steady_clock::time_point failed_at_;
};

}  // namespace cybexd::store
