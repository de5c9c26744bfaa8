#include "actors/backoff.hpp"

#include <algorithm>
#include <cmath>

namespace cybexd::actors {

std::chrono::nanoseconds backoff::next() {
  const double u =
      std::uniform_real_distribution<double>(0, std::max(settings_.jitter.count(), 0.0))(random_);
  // The power may be infinite; the cap is not.
  const double seconds =
      std::min(settings_.cap.count(), std::pow(settings_.base, static_cast<double>(failures_)) + u);
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::duration<double>(seconds));
}

}  // namespace cybexd::actors
