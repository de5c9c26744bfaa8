#pragma once
// Requests a second of one client address: a bucket of tokens for each, in a bounded table.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>

namespace cybexd::app::http {

class rate_limit {
 public:
  using time = std::chrono::steady_clock::time_point;

  /// True when `who` may make one more request at `now`. `rate`: a second, and at once; 0 allows all.
  [[nodiscard]] bool allow(const std::string& who, std::uint64_t rate, time now);

  static constexpr std::size_t table_size = 16'384;

 private:
  struct bucket {
    double tokens = 0;
    time last;
  };
  std::mutex mutex_;
  std::unordered_map<std::string, bucket> buckets_;
};

}  // namespace cybexd::app::http
