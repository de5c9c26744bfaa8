#include "actors/analyst.hpp"

namespace cybexd::actors {

namespace {

messages::analyst_actor::behavior_type analyst(messages::analyst_actor::pointer self,
                                               const analyst_work& work, telemetry* metrics) {
  const auto meter = metrics->actor("analyst");
  behave(self, meter);
  return {metered(self, meter, "filter_records",
                  [work](const messages::filter_records& job) -> caf::result<messages::records_filtered> {
                    return work(job);
                  })};
}

}  // namespace

messages::analyst_actor spawn_analysts(caf::actor_system& system, pool_options options, analyst_work work,
                                       telemetry& metrics) {
  options.name = "analyst";
  const std::function<messages::analyst_actor()> make = [&system, work = std::move(work), &metrics] {
    return spawn_detached(system, analyst, work, &metrics);
  };
  return system.spawn(pool<messages::analyst_actor, messages::filter_records, messages::records_filtered>,
                      std::move(options), make, &metrics);
}

}  // namespace cybexd::actors
