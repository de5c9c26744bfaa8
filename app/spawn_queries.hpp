#pragma once
// Settings become the query side's arguments here and nowhere else.
#include "actors/query_side.hpp"
#include "app/engine.hpp"

namespace cybexd::app {

/// Errors: of the private key, with which sealed queries are opened.
[[nodiscard]] expected<actors::query_side> spawn_queries(caf::actor_system& system, engine& over,
                                                         actors::telemetry& metrics);

}  // namespace cybexd::app
