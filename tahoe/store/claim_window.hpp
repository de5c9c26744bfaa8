#pragma once
// How many entries one of several servers should have in work. Internal to tahoe/store/.
#include <cstddef>
#include <mutex>
#include <optional>

namespace cybexd::store {

/// What a server has taken and not yet marked when it is killed waits until the claim ends, and then for its
/// turn at another server, behind what that one has in work. So that this turn comes soon, a server has no
/// more in work than it marks in half the time that a claim lasts, by the rate that it had lately, but some
/// hundred always. Thread safe. All times are seconds of one clock.
class claim_window {
 public:
  explicit claim_window(double claim_lasts) : half_a_claim_(claim_lasts / 2) {}

  /// Work begins with nothing in work: the time before does not count.
  void began(double now);
  void marked(std::size_t entries, double now);
  [[nodiscard]] std::size_t entries() const;

 private:
  const double half_a_claim_;
  mutable std::mutex mutex_;
  std::optional<double> since_;  ///< What is measured now began then.
  std::size_t marked_ = 0;       ///< Since then.
  std::optional<double> rate_;   ///< Entries a second.
};

}  // namespace cybexd::store
