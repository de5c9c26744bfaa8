#pragma once
// How fast a count grows, over the last minute.
#include <chrono>
#include <deque>

namespace cybexd::app {

/// One thread at a time.
class rate_window {
 public:
  using time = std::chrono::steady_clock::time_point;

  /// The count at a time; times do not go back.
  void add(time when, double count);
  /// A second, from the oldest count that is at most a minute older than the newest. 0 with fewer than two.
  [[nodiscard]] double per_second() const;

 private:
  struct sample {
    time when;
    double count = 0;
  };
  std::deque<sample> samples_;
};

}  // namespace cybexd::app
