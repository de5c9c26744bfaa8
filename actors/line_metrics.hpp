#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "actors/telemetry.hpp"
#include "tahoe/store/stores.hpp"

namespace cybexd::actors {

/// sub_types of the raw records that the line's filters read, which a renewal may change. Thread safe.
class filtered_sub_types {
 public:
  void set(std::vector<std::string> names);
  [[nodiscard]] std::vector<std::string> get() const;

 private:
  mutable std::mutex guard_;
  std::vector<std::string> names_;
};

/// How often a figure is found anew that may take long to find: it may take a twentieth of the time. Pure.
class spaced_look {
 public:
  using time = std::chrono::steady_clock::time_point;
  [[nodiscard]] bool due(time now) const { return now >= next_; }
  void looked(time began, time ended) {
    constexpr std::chrono::seconds long_time{1};
    next_ = ended - began < long_time ? ended : ended + 20 * (ended - began);
  }

 private:
  time next_ = time::min();
};

/// Makes `metrics` read the books (in one look), how many records wait for those filters and the store's own
/// numbers at every scrape, and the stores tell it of their commits. `now` gives Unix seconds. Keeps the
/// stores alive until `forget_sources`.
void connect_metrics(telemetry& metrics, const store::stores& stores, std::function<double()> now,
                     std::shared_ptr<const filtered_sub_types> filtered);

}  // namespace cybexd::actors
