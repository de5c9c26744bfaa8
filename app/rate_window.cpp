#include "app/rate_window.hpp"

namespace cybexd::app {

void rate_window::add(time when, double count) {
  constexpr auto window = std::chrono::minutes(1);
  samples_.push_back({when, count});
  while (samples_.size() > 2 && when - samples_.front().when > window) samples_.pop_front();
}

double rate_window::per_second() const {
  if (samples_.size() < 2) return 0;
  const auto& first = samples_.front();
  const auto& last = samples_.back();
  const double seconds = std::chrono::duration<double>(last.when - first.when).count();
  return seconds > 0 ? (last.count - first.count) / seconds : 0;
}

}  // namespace cybexd::app
