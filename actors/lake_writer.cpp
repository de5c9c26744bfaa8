#include "actors/lake_writer.hpp"

namespace cybexd::actors {

namespace {

messages::lake_writer_actor::behavior_type lake_writer(messages::lake_writer_actor::pointer self,
                                                       const std::shared_ptr<store::cache_lake>& lake,
                                                       telemetry* metrics) {
  const auto meter = metrics->actor("lake_writer");
  behave(self, meter);
  return {metered(self, meter, "put_entries",
                  [lake, metrics](const messages::put_entries& job) -> caf::result<messages::entries_put> {
                    auto ids = lake->put(*job.entries);
                    const bool down = !ids && ids.error().kind == failure::unavailable;
                    metrics->set(gauge::store_up, {"cache"}, down ? 0 : 1);
                    if (!ids) return messages::entries_put{{}, std::move(ids.error())};
                    return messages::entries_put{std::move(*ids), std::nullopt};
                  })};
}

}  // namespace

messages::lake_writer_actor spawn_lake_writer(caf::actor_system& system,
                                              std::shared_ptr<store::cache_lake> lake, telemetry& metrics) {
  const std::function<messages::lake_writer_actor()> make = [&system, lake = std::move(lake), &metrics] {
    return spawn_detached(system, lake_writer, lake, &metrics);
  };
  pool_options options{.name = "lake_writer", .workers = 1, .queue = 2};
  return system.spawn(pool<messages::lake_writer_actor, messages::put_entries, messages::entries_put>,
                      std::move(options), make, &metrics);
}

}  // namespace cybexd::actors
