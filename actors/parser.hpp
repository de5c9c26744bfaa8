#pragma once
#include <functional>

#include "actors/pool.hpp"
#include "messages/actors.hpp"

namespace cybexd::actors {

/// Makes raw documents (see parse_texts). Domain failures are data; an exception ends the worker, which is
/// replaced.
using parser_work = std::function<messages::records_parsed(const messages::parse_records&)>;

/// A pool of parsers, each on a thread of its own. `metrics` outlives it.
[[nodiscard]] messages::parser_actor spawn_parsers(caf::actor_system& system, pool_options options,
                                                   parser_work work, telemetry& metrics);

}  // namespace cybexd::actors
