#pragma once
// The leash on long work.
#include <functional>

#include "crypto/error.hpp"

namespace cybexd::report {

/// Asked again and again while a report is made, at most a second of work apart. An error
/// (timed_out, cancelled) ends the report at once with that reason. Must be cheap. Empty: never ends it.
using go_on = std::function<expected<void>()>;

/// Asks once for every so many steps of work.
class leash {
 public:
  explicit leash(const go_on& keep_going) : keep_going_(keep_going) {}

  [[nodiscard]] expected<void> step(std::size_t work = 1) {
    done_ += work;
    if (done_ < every || !keep_going_) return {};
    done_ = 0;
    return keep_going_();
  }

 private:
  static constexpr std::size_t every = 16'384;
  const go_on& keep_going_;
  std::size_t done_ = 0;
};

}  // namespace cybexd::report
