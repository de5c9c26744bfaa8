#pragma once
// Who follows a check of what a home keeps for itself.
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "crypto/error.hpp"

namespace cybexd::store {

struct check_listener {
  std::function<void(const std::string&)> complain;  ///< Is told one sentence for each fault.
  /// Is told what is looked at, how much of it was, and of how much; 0: not known. Answers whether to go on.
  std::function<bool(std::string_view what, std::uint64_t done, std::uint64_t total)> seen =
      [](std::string_view, std::uint64_t, std::uint64_t) { return true; };

  /// Errors: cancelled (the listener does not want to go on).
  [[nodiscard]] expected<void> tell(std::string_view what, std::uint64_t done, std::uint64_t total) const {
    if (seen(what, done, total)) return {};
    return fail(failure::cancelled, "the check was given up");
  }
};

}  // namespace cybexd::store
