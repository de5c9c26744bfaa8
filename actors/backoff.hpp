#pragma once
// How long to wait after rounds that brought nothing: min(cap, base^n + u), u uniform in [0, jitter].
#include <chrono>
#include <cstdint>
#include <random>

namespace cybexd::actors {

struct backoff_settings {
  double base = 2;  ///< At least 1.
  std::chrono::duration<double> cap{3600};
  std::chrono::duration<double> jitter{1};
};

class backoff {
 public:
  backoff(backoff_settings settings, std::uint64_t seed) : settings_(settings), random_(seed) {}

  /// A round without success: n grows by one.
  void failed() { ++failures_; }
  /// A round with success: n is 0 again.
  void succeeded() { failures_ = 0; }
  [[nodiscard]] std::uint64_t failures() const { return failures_; }

  /// The time to wait now; drawn anew at every call.
  [[nodiscard]] std::chrono::nanoseconds next();

 private:
  backoff_settings settings_;
  std::mt19937_64 random_;
  std::uint64_t failures_ = 0;
};

}  // namespace cybexd::actors
