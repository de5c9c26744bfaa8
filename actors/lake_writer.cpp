#include "actors/lake_writer.hpp"

namespace cybexd::actors {

messages::lake_writer_actor spawn_lake_writer(caf::actor_system& system,
                                              std::shared_ptr<store::cache_lake> lake, telemetry& metrics) {
  const auto put = [lake = std::move(lake), &metrics](const messages::put_entries& job) {
    const auto only_tried = [&]() -> expected<std::vector<store::entry_id>> {
      const auto tried = lake->try_write();
      return tried ? expected<std::vector<store::entry_id>>{} : fail(tried.error());
    };
    auto ids = job.entries->empty() ? only_tried() : lake->put(*job.entries);
    const bool down = !ids && ids.error().kind == failure::unavailable;
    metrics.set(gauge::store_up, {"cache"}, down ? 0 : 1);
    return ids ? messages::entries_put{std::move(*ids), std::nullopt}
               : messages::entries_put{{}, std::move(ids.error())};
  };
  return spawn_pool<messages::lake_writer_actor, messages::put_entries, messages::entries_put>(
      system, pool_options{.name = "lake_writer", .workers = 1, .queue = 2}, "put_entries", put, metrics);
}

}  // namespace cybexd::actors
