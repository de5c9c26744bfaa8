#pragma once
#include <memory>

#include "actors/pool.hpp"
#include "messages/actors.hpp"

namespace cybexd::actors {

/// Puts entries into the lake, one durable write for each question. One worker, replaced when it dies.
[[nodiscard]] messages::lake_writer_actor spawn_lake_writer(caf::actor_system& system,
                                                            std::shared_ptr<store::cache_lake> lake,
                                                            telemetry& metrics);

}  // namespace cybexd::actors
