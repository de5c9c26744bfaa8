#pragma once
// The one error value of the whole server, in the leftmost room so that every other room can use it.
#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace cybexd {

/// What a caller can do about a failure; the text says what exactly went wrong and where.
enum class failure : std::uint8_t {
  bad_input,    ///< The input is wrong. Trying again gives the same answer.
  too_large,    ///< A configured limit (size, depth, count) is passed.
  not_found,    ///< What was named does not exist, or the asker may not know that it does.
  conflict,     ///< It is there already, or it was changed by somebody else in between.
  not_allowed,  ///< The asker is not known, or has no right to this.
  overloaded,   ///< A bounded queue or budget is full. Try again later.
  timed_out,    ///< A deadline passed.
  cancelled,    ///< The asker or a stop ended it.
  unavailable,  ///< A store, lake, disk or peer is down. It may come back: wait and try again.
  corrupt,      ///< Stored bytes are not what was written.
  internal,     ///< A fault of the server's own.
};

[[nodiscard]] constexpr std::string_view to_string(failure kind) {
  switch (kind) {
    case failure::bad_input:
      return "bad input";
    case failure::too_large:
      return "too large";
    case failure::not_found:
      return "not found";
    case failure::conflict:
      return "conflict";
    case failure::not_allowed:
      return "not allowed";
    case failure::overloaded:
      return "overloaded";
    case failure::timed_out:
      return "timed out";
    case failure::cancelled:
      return "cancelled";
    case failure::unavailable:
      return "unavailable";
    case failure::corrupt:
      return "corrupt";
    case failure::internal:
      return "internal";
  }
  return "unknown failure";
}

/// A failure and the sentence that tells a person what was wrong and where. Never holds secrets.
struct error {
  failure kind = failure::internal;
  std::string text;
};

template <class T>
using expected = tl::expected<T, error>;

[[nodiscard]] inline tl::unexpected<error> fail(failure kind, std::string text) {
  return tl::unexpected<error>(error{kind, std::move(text)});
}

/// Passes an error on from one expected to another type of expected.
[[nodiscard]] inline tl::unexpected<error> fail(error e) { return tl::unexpected<error>(std::move(e)); }

}  // namespace cybexd
