#pragma once
#include "actors/pool.hpp"
#include "messages/actors.hpp"

namespace cybexd::actors {

/// Makes raw documents (see parse_texts). Domain failures are data; an exception ends the worker, which is
/// replaced.
using parser_work = work_function<messages::parse_records, messages::records_parsed>;

/// A pool of parsers, each on a thread of its own. `metrics` outlives it.
[[nodiscard]] messages::parser_actor spawn_parsers(caf::actor_system& system, pool_options options,
                                                   parser_work work, telemetry& metrics);

}  // namespace cybexd::actors
