#pragma once
// The running actors as operations see them. Only wiring knows how they hang together.
#include <chrono>
#include <cstdint>

#include "messages/payloads.hpp"
#include "tahoe/store/stores.hpp"

namespace cybexd::app {

/// Calls block until the answer or their deadline (then `timed_out`). Thread safe.
class running_actors {
 public:
  virtual ~running_actors() = default;

  /// Something waits in the lake: start a round at once.
  virtual void nudge() = 0;
  /// Raw documents came into the archive by another way than the line: run the filters over them.
  virtual void catch_up() = 0;
  /// Rounds until nothing is eligible and the filters have run too.
  [[nodiscard]] virtual expected<messages::archive_summary> once(bool force,
                                                                 std::chrono::milliseconds within) = 0;
  [[nodiscard]] virtual expected<messages::line_status> status(std::chrono::milliseconds within) = 0;
  /// The lake's books, and how many records wait for a filter. Errors: timed_out (the store has not answered
  /// within 2 s), or as of the store.
  [[nodiscard]] virtual expected<store::lake_books> books() = 0;
  [[nodiscard]] virtual expected<std::uint64_t> unfiltered() = 0;
  /// Records that a filter was run over and could not use, since these actors began.
  [[nodiscard]] virtual std::uint64_t unusable_records() = 0;
  /// One report, by way of the query desk. The callback is called exactly once, from any thread.
  virtual void ask(messages::query_request query, std::chrono::milliseconds patience,
                   std::function<void(expected<messages::query_answer>)> callback) = 0;
};

}  // namespace cybexd::app
