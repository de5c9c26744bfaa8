#pragma once
// How far long operations have come, for whoever asks beside them; and their end when the process must end.
#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "crypto/error.hpp"
#include "tahoe/value.hpp"

namespace cybexd::app::operations {

/// What an operation answers that was ended early.
[[nodiscard]] error cancelled_error();

/// One operation's progress. Thread safe.
class task {
 public:
  explicit task(std::shared_ptr<const std::atomic<bool>> cancelled) : cancelled_(std::move(cancelled)) {}
  /// `what` is at work on, how many of it are done, and of how many; total 0: not known. Answers whether to
  /// go on.
  bool at(std::string_view what, std::uint64_t done, std::uint64_t total);
  /// Errors: cancelled.
  [[nodiscard]] expected<void> goes_on() const;
  /// Whoever waits for it does so no more.
  void give_up() { given_up_ = true; }
  void add_error();
  /// {what, done, total, errors}
  [[nodiscard]] tahoe::value to_value() const;

 private:
  const std::shared_ptr<const std::atomic<bool>> cancelled_;  ///< All of them.
  std::atomic<bool> given_up_ = false;
  mutable std::mutex mutex_;
  std::string what_;
  std::uint64_t done_ = 0, total_ = 0, errors_ = 0;
};

/// Tasks by the name that their caller chose. Keeps the newest 64, so that the last state of one that has
/// just ended can be asked for. Thread safe.
class named_tasks {
 public:
  /// An empty name is nobody's to ask for.
  [[nodiscard]] std::shared_ptr<task> begin(const std::string& name);
  /// Nothing where there is none.
  [[nodiscard]] std::shared_ptr<task> find(const std::string& name) const;
  /// Ends all of them early, and those that begin from now on.
  void cancel() { *cancelled_ = true; }

 private:
  const std::shared_ptr<std::atomic<bool>> cancelled_ = std::make_shared<std::atomic<bool>>(false);
  mutable std::mutex mutex_;
  std::deque<std::pair<std::string, std::shared_ptr<task>>> newest_;
};

}  // namespace cybexd::app::operations
