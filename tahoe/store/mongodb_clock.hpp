#pragma once
// The database's clock, by which claims of several servers end: their own clocks may differ, and be set
// while they run. Internal to tahoe/store/.
#include <atomic>
#include <functional>
#include <limits>
#include <memory>

#include "tahoe/store/mongodb_home.hpp"

namespace cybexd::store {

/// Thread safe.
class mongodb_clock {
 public:
  /// Seconds by this machine's clocks.
  struct machine {
    std::function<double()> wall;    ///< Unix time, which may be set anew at any instant.
    std::function<double()> steady;  ///< Since whenever; never set.
  };
  [[nodiscard]] static machine this_machine();

  /// With `fixed` (tests) that clock, whatever the database says.
  explicit mongodb_clock(std::function<double()> fixed = {}, machine here = this_machine());
  /// Unix seconds; by our own clock until the first `compare`. Goes on steadily where ours is set.
  [[nodiscard]] double now() const;
  /// Seconds that the database's clock is ahead of ours. Changes where they are compared, or ours is set.
  [[nodiscard]] double ahead() const;
  /// Asks the database what time it is: one command.
  [[nodiscard]] expected<void> compare(mongodb_home& home);
  /// The same if the last time is a minute ago, for another primary may have another clock, or if our clock
  /// has been set since (a machine that slept); a failure leaves things as they are.
  void compare_now_and_then(mongodb_home& home);

 private:
  [[nodiscard]] double wall_apart() const { return here_.wall() - here_.steady(); }
  [[nodiscard]] bool was_set() const;
  std::function<double()> fixed_;
  machine here_;
  std::atomic<double> apart_;       ///< The database's clock from our steady one.
  std::atomic<double> wall_apart_;  ///< Ours from it, when they were compared.
  std::atomic<double> compared_{-std::numeric_limits<double>::infinity()};  ///< By the steady one.
};

}  // namespace cybexd::store
