#pragma once
// The whole topology: which actors there are, over which stores, with which settings.
#include "app/engine.hpp"

namespace cybexd::app {

/// Starts the actors over the engine's stores. They stop, in order, when the last holder lets go.
/// Errors: as of the private key.
[[nodiscard]] expected<std::shared_ptr<running_actors>> start_actors(engine& over);

}  // namespace cybexd::app
