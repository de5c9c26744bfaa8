#pragma once
// A question that may take long, or is never answered, asked on a thread of its own: nobody waits for it
// longer than they want.
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "crypto/error.hpp"

namespace cybexd::actors {

/// Thread safe. The thread begins with the first question; where there is none to be had, nothing is
/// answered.
template <class Answer>
class asked_aside {
 public:
  using clock = std::chrono::steady_clock;

  /// The question is asked by one thread at a time. What it throws is an answer of failure::internal.
  explicit asked_aside(std::function<expected<Answer>()> question) : question_(std::move(question)) {}
  asked_aside(const asked_aside&) = delete;
  asked_aside& operator=(const asked_aside&) = delete;
  /// Waits for a question that is under way.
  ~asked_aside() {
    {
      const std::lock_guard lock(mutex_);
      ends_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
  }

  /// Wants the question to be asked from now on, and answers the number that it has for `wait`.
  [[nodiscard]] std::uint64_t begin() {
    const std::lock_guard lock(mutex_);
    wanted_ = begun_ + 1;
    start_thread();
    changed_.notify_all();
    return wanted_;
  }

  /// The answer to that question or a later one; nothing where it does not come until `patience` has passed,
  /// and at once where an earlier one has been under way for longer than that.
  [[nodiscard]] std::optional<expected<Answer>> wait(std::uint64_t number, clock::duration patience) {
    const auto now = clock::now();
    std::unique_lock lock(mutex_);
    const auto there = [&] { return ended_ >= number; };
    if (!there() && begun_ > ended_ && now - since_ > patience) return std::nullopt;
    if (!changed_.wait_until(lock, now + patience, there)) return std::nullopt;
    return last_;
  }

  /// For how long the question that is under way has not been answered.
  [[nodiscard]] clock::duration silent_for() const {
    const std::lock_guard lock(mutex_);
    return begun_ > ended_ ? clock::now() - since_ : clock::duration::zero();
  }

 private:
  void start_thread() {
    if (thread_.joinable()) return;
    try {
      thread_ = std::thread([this] { run(); });
    } catch (const std::exception&) {  // allowed: std::thread throws where no thread is to be had
    }
  }

  void run() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [this] { return ends_ || wanted_ > begun_; });
      if (ends_) return;
      ++begun_;
      since_ = clock::now();
      lock.unlock();
      auto answer = asked();
      lock.lock();
      last_ = std::move(answer);
      ended_ = begun_;
      changed_.notify_all();
    }
  }

  expected<Answer> asked() const {
    try {
      return question_();
    } catch (const std::exception& e) {  // allowed: a thread that throws ends the process
      return fail(failure::internal, e.what());
    }
  }

  const std::function<expected<Answer>()> question_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t wanted_ = 0, begun_ = 0, ended_ = 0;  ///< Numbers of questions.
  clock::time_point since_;                           ///< Of the question that is under way.
  std::optional<expected<Answer>> last_;
  bool ends_ = false;
  std::thread thread_;
};

}  // namespace cybexd::actors
