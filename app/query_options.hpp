#pragma once
// Settings into the options of the query side.
#include <functional>
#include <optional>

#include "actors/query_side.hpp"
#include "app/engine.hpp"
#include "crypto/keys.hpp"

namespace cybexd::app {

/// The key that opens envelopes at this moment. Called from any thread.
using key_source = std::function<std::optional<crypto::private_key>()>;

/// With the engine's present settings, and the name of a new owner of claims. `over` outlives what is made of
/// it.
[[nodiscard]] actors::query_side_options query_options(engine& over, key_source key);

}  // namespace cybexd::app
