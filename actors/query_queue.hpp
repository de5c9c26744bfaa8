#pragma once
// The bounded queue of one report type: who runs, who waits.
#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <utility>

namespace cybexd::actors {

class query_queue {
 public:
  query_queue() = default;
  query_queue(std::size_t workers, std::size_t room) : workers_(workers), room_(room) {}

  /// Whether one more may come.
  [[nodiscard]] bool full() const { return waiting_.size() >= room_; }
  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }

  void push(std::string key) { waiting_.push_back(std::move(key)); }

  /// The next to run, where a worker is free; it then counts as running until `done`.
  [[nodiscard]] std::optional<std::string> next() {
    if (running_ >= workers_ || waiting_.empty()) return std::nullopt;
    std::optional<std::string> key(std::move(waiting_.front()));
    waiting_.pop_front();
    ++running_;
    return key;
  }

  void done() { --running_; }

  /// Takes one that waits out of it.
  void forget(const std::string& key) { std::erase(waiting_, key); }

  /// Takes all that wait.
  [[nodiscard]] std::deque<std::string> clear() { return std::exchange(waiting_, {}); }

 private:
  std::size_t workers_ = 1, room_ = 1, running_ = 0;
  std::deque<std::string> waiting_;
};

}  // namespace cybexd::actors
