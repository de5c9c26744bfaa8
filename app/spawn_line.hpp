#pragma once
// Settings and keys into the actors of one process. The only place that knows both.
#include "actors/supervisor.hpp"
#include "app/engine.hpp"

namespace cybexd::app {

/// What a process does: a server both, a command one of them.
struct sides {
  bool archives = true;  ///< The archive line.
  bool answers = true;   ///< The query side.
};

/// Starts the actors with the engine's present settings and keys; a `renew` reads both again. `over` and
/// `metrics` outlive them. Errors: of the key files (bad_input, not_allowed, not_found), naming the file.
[[nodiscard]] expected<actors::line> spawn_line(caf::actor_system& system, engine& over,
                                                actors::telemetry& metrics, sides which);

}  // namespace cybexd::app
