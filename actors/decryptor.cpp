#include "actors/decryptor.hpp"

namespace cybexd::actors {

messages::decryptor_actor spawn_decryptors(caf::actor_system& system, pool_options options,
                                           decryptor_work work, telemetry& metrics) {
  options.name = "decryptor";
  return spawn_pool<messages::decryptor_actor, messages::open_files, messages::files_opened>(
      system, std::move(options), "open_files", std::move(work), metrics);
}

}  // namespace cybexd::actors
