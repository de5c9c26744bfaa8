#pragma once
// Settings become the archive line's arguments here and nowhere else.
#include "actors/supervisor.hpp"
#include "app/engine.hpp"

namespace cybexd::app {

/// Errors: of the keys (not_found, not_allowed naming the mode to set, bad_input where the two are no pair).
[[nodiscard]] expected<actors::line> spawn_line(caf::actor_system& system, engine& over,
                                                actors::telemetry& metrics);

/// Whether the key files could be used now.
[[nodiscard]] expected<void> check_line_keys(engine& over);

}  // namespace cybexd::app
