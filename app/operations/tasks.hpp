#pragma once
// How far long operations have come, for whoever asks beside them.
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "tahoe/value.hpp"

namespace cybexd::app::operations {

/// One operation's progress. Thread safe.
class task {
 public:
  /// `what` is at work on, how many of it are done, and of how many; total 0: not known.
  void at(std::string_view what, std::uint64_t done, std::uint64_t total);
  void add_error();
  /// {what, done, total, errors}
  [[nodiscard]] tahoe::value to_value() const;

 private:
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

 private:
  mutable std::mutex mutex_;
  std::deque<std::pair<std::string, std::shared_ptr<task>>> newest_;
};

}  // namespace cybexd::app::operations
