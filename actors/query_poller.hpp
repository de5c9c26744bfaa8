#pragma once
// Query poller: finds queries that others put into the report store, waiting or left behind, and brings them
// to the query desk. Runs detached. Looks again at once after it found some, else by the backoff rule with a
// cap of its own.
#include <functional>
#include <memory>
#include <optional>

#include "actors/backoff.hpp"
#include "actors/telemetry.hpp"
#include "messages/actors.hpp"
#include "tahoe/store/report_store.hpp"

namespace cybexd::actors {

struct query_poller_options {
  std::shared_ptr<store::report_store> store;
  std::function<double()> now;  ///< Unix seconds.
  double foreign_age = 600;     ///< Seconds after which a query in `processing` without a claim is taken.
  std::size_t batch = 256;      ///< Queries brought to the desk at once.
  /// The store is this process's alone: claims that are there at the start are a dead server's, so none is
  /// waited for.
  bool exclusive = false;
  backoff_settings wait{2, std::chrono::seconds(1), std::chrono::seconds(0)};
  std::uint64_t seed = 0;
  telemetry* metrics = nullptr;
};

class query_poller_state {
 public:
  using pointer = messages::query_poller_actor::stateful_pointer<query_poller_state>;
  query_poller_state() = default;
  static inline const char* name = "query_poller";

  void start(pointer self, query_poller_options options, messages::query_desk_actor desk);
  void look(std::uint64_t generation);
  void drain(caf::typed_response_promise<messages::drained> promise);

 private:
  void looked(const messages::queries_taken& taken);
  void again(bool at_once);
  void end();

  pointer self_{};
  query_poller_options options_;
  messages::query_desk_actor desk_;
  std::optional<backoff> backoff_;
  std::uint64_t generation_ = 0;
  bool first_ = true;
  bool busy_ = false;  ///< An answer of the desk is awaited.
  std::size_t limit_ =
      0;               ///< Of a look. Grows while nothing that is found can be taken: that hides no others.
  bool full_ = false;  ///< The last look found as many as it may.
  std::optional<caf::typed_response_promise<messages::drained>> draining_;
};

[[nodiscard]] messages::query_poller_actor::behavior_type query_poller(query_poller_state::pointer self,
                                                                       query_poller_options options,
                                                                       messages::query_desk_actor desk);

}  // namespace cybexd::actors
