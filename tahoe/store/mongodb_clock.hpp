#pragma once
// The database's clock, by which claims of several servers end: their own clocks may differ. Internal to
// tahoe/store/.
#include <atomic>
#include <functional>
#include <memory>

#include "tahoe/store/mongodb_home.hpp"

namespace cybexd::store {

/// Thread safe.
class mongodb_clock {
 public:
  /// With `fixed` (tests) that clock, whatever the database says.
  explicit mongodb_clock(std::function<double()> fixed = {}) : fixed_(std::move(fixed)) {}
  /// Unix seconds; by our own clock until the first `compare`.
  [[nodiscard]] double now() const;
  /// Seconds that the database's clock is ahead of ours.
  [[nodiscard]] double ahead() const { return ahead_; }
  /// Asks the database what time it is: one command.
  [[nodiscard]] expected<void> compare(mongodb_home& home);
  /// The same if the last time is ten minutes ago; a failure leaves things as they are.
  void compare_now_and_then(mongodb_home& home);

 private:
  [[nodiscard]] static double own();
  std::function<double()> fixed_;
  std::atomic<double> ahead_{0}, compared_{0};
};

}  // namespace cybexd::store
