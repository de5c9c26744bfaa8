#include "app/http/rate_limit.hpp"

#include <algorithm>

namespace cybexd::app::http {

bool rate_limit::allow(const std::string& who, std::uint64_t rate, time now) {
  if (rate == 0) return true;
  const auto full = static_cast<double>(rate);
  const std::lock_guard lock(mutex_);
  // A bucket that nobody used for a second is full, which is what a new one is.
  if (buckets_.size() >= table_size) {
    std::erase_if(buckets_,
                  [now](const auto& entry) { return now - entry.second.last > std::chrono::seconds(1); });
    if (buckets_.size() >= table_size) buckets_.clear();
  }
  auto [at, is_new] = buckets_.try_emplace(who, bucket{full, now});
  auto& entry = at->second;
  const auto passed = std::chrono::duration<double>(now - entry.last).count();
  entry.tokens = std::min(full, entry.tokens + std::max(0.0, passed) * full);
  entry.last = now;
  if (entry.tokens < 1) return false;
  entry.tokens -= 1;
  return true;
}

}  // namespace cybexd::app::http
