#include "app/wiring.hpp"

namespace cybexd::app {

expected<std::shared_ptr<running_actors>> start_actors(engine&) {
  return fail(failure::unavailable, "the actors are not wired yet");
}

}  // namespace cybexd::app
