#pragma once
// What the stores' figures are, for those who must not wait for a store that is silent or slow: metrics,
// status.
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "actors/telemetry.hpp"
#include "crypto/error.hpp"
#include "tahoe/store/stores.hpp"

namespace cybexd::actors {

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

struct figure_limits {
  std::chrono::milliseconds patience{2'000};  ///< With a store of which no trouble is known.
  std::chrono::milliseconds doubt{250};       ///< With any while a database is known to be in trouble.
  std::chrono::milliseconds silence{10'000};  ///< From then on a store that does not answer is not up.
};

/// Asks each store on threads of its own. Thread safe.
class store_figures {
 public:
  /// `sub_types`: of the records that the filters read.
  store_figures(const store::stores& stores, std::function<std::vector<std::string>()> sub_types,
                const figure_limits& limits = {});
  store_figures(const store_figures&) = delete;
  store_figures& operator=(const store_figures&) = delete;
  /// Waits for questions that are under way.
  ~store_figures();

  /// The lake's books now. Errors: timed_out (no answer yet), or as of the lake.
  [[nodiscard]] expected<store::lake_books> books();
  /// Records that wait for a filter. Errors: timed_out (no answer yet), or as of the archive.
  [[nodiscard]] expected<std::uint64_t> unfiltered();

  /// Sets the gauges of the stores: those of one that does not answer stay as they were, and say that it is
  /// not up. `now`: Unix seconds.
  void show(telemetry& into, double now);

 private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

}  // namespace cybexd::actors
