#include "actors/analyst.hpp"

namespace cybexd::actors {

messages::analyst_actor spawn_analysts(caf::actor_system& system, pool_options options, analyst_work work,
                                       telemetry& metrics) {
  options.name = "analyst";
  return spawn_pool<messages::analyst_actor, messages::filter_records, messages::records_filtered>(
      system, std::move(options), "filter_records", std::move(work), metrics);
}

}  // namespace cybexd::actors
