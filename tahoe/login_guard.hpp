#pragma once
// Slows down repeated failures to log in, per e-mail address, whether there is such a user or not.
#include <cstddef>
#include <list>
#include <mutex>
#include <string_view>
#include <unordered_map>

#include "crypto/digest.hpp"

namespace cybexd::tahoe::identity {

/// Thread safe. Time is passed in, as Unix seconds.
class login_guard {
 public:
  static constexpr unsigned free_failures = 5;  ///< So many in a row cost nothing.
  static constexpr double longest_wait = 60;  ///< Seconds; the wait doubles from 1 with each further failure.
  static constexpr double forgotten_after = 900;  ///< Seconds without an attempt.

  /// Holds at most `capacity` addresses; of more, the one tried least recently is forgotten.
  explicit login_guard(std::size_t capacity = 65536) : capacity_(capacity) {}

  /// Asks for one attempt. 0: go ahead (it counts as failed until `succeeded`), else seconds to wait before
  /// the next.
  [[nodiscard]] double begin(std::string_view email, double now);
  /// The attempt was right: its address starts afresh.
  void succeeded(std::string_view email);
  [[nodiscard]] std::size_t size() const;

 private:
  struct entry {
    crypto::hash256 email;
    unsigned failures = 0;
    double last = 0;   ///< When it was tried last.
    double until = 0;  ///< Nothing is tried before this.
  };

  std::size_t capacity_;
  mutable std::mutex guard_;
  std::list<entry> by_age_;  ///< Tried most recently first.
  std::unordered_map<crypto::hash256, std::list<entry>::iterator> entries_;
};

}  // namespace cybexd::tahoe::identity
