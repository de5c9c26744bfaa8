#include "actors/decryptor.hpp"

namespace cybexd::actors {

namespace {

messages::decryptor_actor::behavior_type decryptor(messages::decryptor_actor::pointer self,
                                                   const decryptor_work& work, telemetry* metrics) {
  const auto meter = metrics->actor("decryptor");
  behave(self, meter);
  return {metered(
      self, meter, "open_files",
      [work](const messages::open_files& job) -> caf::result<messages::files_opened> { return work(job); })};
}

}  // namespace

messages::decryptor_actor spawn_decryptors(caf::actor_system& system, pool_options options,
                                           decryptor_work work, telemetry& metrics) {
  options.name = "decryptor";
  const std::function<messages::decryptor_actor()> make = [&system, work = std::move(work), &metrics] {
    return spawn_detached(system, decryptor, work, &metrics);
  };
  return system.spawn(pool<messages::decryptor_actor, messages::open_files, messages::files_opened>,
                      std::move(options), make, &metrics);
}

}  // namespace cybexd::actors
