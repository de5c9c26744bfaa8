#pragma once
#include "actors/pool.hpp"
#include "messages/actors.hpp"

namespace cybexd::actors {

/// Opens envelopes (see open_envelopes). Domain failures are data; an exception ends the worker, which is
/// replaced.
using decryptor_work = work_function<messages::open_files, messages::files_opened>;

/// A pool of decryptors, each on a thread of its own. `metrics` outlives it.
[[nodiscard]] messages::decryptor_actor spawn_decryptors(caf::actor_system& system, pool_options options,
                                                         decryptor_work work, telemetry& metrics);

}  // namespace cybexd::actors
