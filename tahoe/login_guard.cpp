#include "tahoe/login_guard.hpp"

#include <algorithm>
#include <cmath>

namespace cybexd::tahoe::identity {

double login_guard::begin(std::string_view email, double now) {
  const auto key = crypto::sha256(email);
  const std::lock_guard lock(guard_);
  const auto found = entries_.find(key);
  if (found == entries_.end()) {
    if (entries_.size() >= capacity_) {
      entries_.erase(by_age_.back().email);
      by_age_.pop_back();
    }
    by_age_.push_front({key, 0, now, 0});
    entries_.emplace(key, by_age_.begin());
  } else {
    by_age_.splice(by_age_.begin(), by_age_, found->second);
  }
  auto& one = by_age_.front();
  if (now - one.last > forgotten_after) one.failures = 0;
  // A clock that was set back must not make anybody wait longer than the longest wait.
  if (one.until > now && one.until - now <= longest_wait) return one.until - now;
  one.last = now;
  ++one.failures;
  const auto beyond = one.failures < free_failures ? 0 : std::min(one.failures - free_failures, 16U);
  one.until = one.failures < free_failures ? 0 : now + std::min(std::exp2(beyond), longest_wait);
  return 0;
}

void login_guard::succeeded(std::string_view email) {
  const std::lock_guard lock(guard_);
  const auto found = entries_.find(crypto::sha256(email));
  if (found == entries_.end()) return;
  by_age_.erase(found->second);
  entries_.erase(found);
}

std::size_t login_guard::size() const {
  const std::lock_guard lock(guard_);
  return entries_.size();
}

}  // namespace cybexd::tahoe::identity
