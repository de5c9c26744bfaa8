#pragma once
// The query side of the server, spawned together: the desk, a pool of workers for each type, the report
// writer, the reply sockets, and the poller for queries of others.
#include <functional>
#include <memory>

#include "actors/query_desk.hpp"
#include "actors/query_poller.hpp"
#include "actors/reply_socket.hpp"
#include "messages/actors.hpp"
#include "report/answer.hpp"
#include "tahoe/store/stores.hpp"

namespace cybexd::actors {

struct query_side_options {
  query_authenticator authenticate;
  visibility_source visible_to;
  report::open_function open_envelope;
  report::report_options report;
  std::size_t workers = 2;                      ///< Of each type.
  std::size_t queue = 10'000;                   ///< Queries that may wait, for each type.
  std::chrono::milliseconds deadline{60'000};   ///< Of a report.
  std::chrono::milliseconds stop_grace{5'000};  ///< For reports in flight when the server stops.
  std::chrono::milliseconds poll_cap{1'000};
  double foreign_age = 600;  ///< Seconds.
  bool exclusive = true;     ///< The report store is this process's alone.
  /// With several servers: how long a query stays with one that does not answer any more.
  std::chrono::milliseconds claim{60'000};
  reply_options reply;
  std::size_t reply_sockets = 4;  ///< At once.
  std::string owner;              ///< Of claims: unique for each start.
  std::function<double()> now;    ///< Unix seconds.
};

/// Handles of what must be told to stop; the rest ends with the desk.
struct query_side {
  messages::query_desk_actor desk;
  messages::query_poller_actor poller;
};

/// `stores` and `metrics` outlive the actors.
[[nodiscard]] query_side spawn_query_side(caf::actor_system& system, const store::stores& stores,
                                          const query_side_options& options, telemetry& metrics);

/// What a user may see, from the identity store.
[[nodiscard]] visibility_source visibility_from(std::shared_ptr<store::identity_store> identity);

}  // namespace cybexd::actors
