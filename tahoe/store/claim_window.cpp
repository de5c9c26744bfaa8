#include "tahoe/store/claim_window.hpp"

#include <algorithm>

namespace cybexd::store {
namespace {

/// Entries a second, while nothing is known: what a slow database and little hardware do.
constexpr double rate_at_first = 150;
/// A question to the lake has its cost, whatever it brings, and is asked when a quarter is free: a smaller
/// window makes a slow database slower still, and itself smaller again.
constexpr std::size_t at_least = 256;
constexpr double most = 1e9;
/// Parts of half a claim that are measured at once: marks come many at a time.
constexpr double measures = 8;

}  // namespace

void claim_window::began(double now) {
  const std::scoped_lock lock(mutex_);
  since_ = now;
  marked_ = 0;
}

void claim_window::marked(std::size_t entries, double now) {
  const std::scoped_lock lock(mutex_);
  marked_ += entries;
  if (!since_ || now < *since_) {  // the clock was set back
    since_ = now;
    marked_ = 0;
    return;
  }
  const auto took = now - *since_;
  if (took < half_a_claim_ / measures) return;
  const auto rate = static_cast<double>(marked_) / took;
  rate_ = rate_ ? (*rate_ + rate) / 2 : rate;
  since_ = now;
  marked_ = 0;
}

std::size_t claim_window::entries() const {
  const std::scoped_lock lock(mutex_);
  const auto rate = rate_.value_or(rate_at_first);
  return std::max(at_least, static_cast<std::size_t>(std::min(rate * half_a_claim_, most)));
}

}  // namespace cybexd::store
