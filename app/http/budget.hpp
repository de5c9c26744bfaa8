#pragma once
// Bounds that many requests share: bytes of bodies in memory, and numbers of things at once.
#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

namespace cybexd::app::http {

/// A number that may not be passed. Thread safe.
class budget {
 public:
  explicit budget(std::uint64_t limit) : limit_(limit) {}

  /// True when `amount` fitted and is taken now; `beyond` the limit, where what is over it goes at once.
  [[nodiscard]] bool take(std::uint64_t amount, std::uint64_t beyond = 0) {
    const auto limit = limit_.load(std::memory_order_relaxed) + beyond;
    auto used = used_.load(std::memory_order_relaxed);
    do {
      if (amount > limit || used > limit - amount) return false;
    } while (!used_.compare_exchange_weak(used, used + amount, std::memory_order_relaxed));
    return true;
  }
  void give_back(std::uint64_t amount) { used_.fetch_sub(amount, std::memory_order_relaxed); }

  [[nodiscard]] std::uint64_t used() const { return used_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t limit() const { return limit_.load(std::memory_order_relaxed); }
  /// What is taken already stays taken, even beyond the new limit.
  void set_limit(std::uint64_t limit) { limit_.store(limit, std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> limit_;
  std::atomic<std::uint64_t> used_{0};
};

/// What one holder has taken of a budget; gives it back at its end. An empty share takes nothing and refuses
/// nothing.
class share {
 public:
  share() = default;
  explicit share(std::shared_ptr<budget> from) : from_(std::move(from)) {}
  share(share&& other) noexcept : from_(std::move(other.from_)), amount_(std::exchange(other.amount_, 0)) {}
  share& operator=(share&& other) noexcept {
    if (this != &other) {
      release();
      from_ = std::move(other.from_);
      amount_ = std::exchange(other.amount_, 0);
    }
    return *this;
  }
  share(const share&) = delete;
  share& operator=(const share&) = delete;
  ~share() { release(); }

  /// Takes so much that the share is at least `total`. False: the budget does not allow it; nothing changed.
  [[nodiscard]] bool grow_to(std::uint64_t total, std::uint64_t beyond = 0) {
    if (total <= amount_ || !from_) return true;
    if (!from_->take(total - amount_, beyond)) return false;
    amount_ = total;
    return true;
  }
  [[nodiscard]] std::uint64_t amount() const { return amount_; }
  void release() {
    if (from_ && amount_ > 0) from_->give_back(amount_);
    amount_ = 0;
  }

 private:
  std::shared_ptr<budget> from_;
  std::uint64_t amount_ = 0;
};

}  // namespace cybexd::app::http
