#pragma once
#include "actors/pool.hpp"
#include "messages/actors.hpp"

namespace cybexd::actors {

/// Runs the filters (see run_filters). Domain failures are data; an exception ends the worker, which is
/// replaced.
using analyst_work = work_function<messages::filter_records, messages::records_filtered>;

/// A pool of analysts, each on a thread of its own. `metrics` outlives it.
[[nodiscard]] messages::analyst_actor spawn_analysts(caf::actor_system& system, pool_options options,
                                                     analyst_work work, telemetry& metrics);

}  // namespace cybexd::actors
