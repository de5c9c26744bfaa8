#include "app/identity_side.hpp"

#include <atomic>
#include <mutex>
#include <optional>
#include <utility>

#include "actors/identity_desk.hpp"
#include "actors/shell.hpp"
#include "app/engine.hpp"

namespace cybexd::app {

struct identity_side::parts {
  caf::actor_system& system;
  std::shared_ptr<tahoe::identity::accounts> accounts;
  actors::telemetry& metrics;
  std::mutex mutex;
  std::optional<messages::identity_desk_actor> desk;
  std::shared_ptr<std::atomic<bool>> ended;  ///< Set by the desk that runs now, when it ends.
  bool stopped = false;

  /// The desk that runs. Only an exception (no memory) ends one: then the next request starts another.
  const messages::identity_desk_actor& running() {
    if (desk && !*ended) return *desk;
    if (desk) metrics.actor(actors::identity_desk_state::name).restarted();
    desk = actors::spawn_detached(system, actors::identity_desk,
                                  actors::identity_desk_options{accounts, unix_now}, &metrics);
    ended = std::make_shared<std::atomic<bool>>(false);
    caf::actor_cast<caf::strong_actor_ptr>(*desk)->get()->attach_functor([flag = ended] { *flag = true; });
    return *desk;
  }
};

identity_side::identity_side(caf::actor_system& system, std::shared_ptr<tahoe::identity::accounts> accounts,
                             actors::telemetry& metrics)
    : parts_(new parts{system, std::move(accounts), metrics, {}, {}, {}, false}) {}

identity_side::~identity_side() { stop(std::chrono::seconds(1)); }

void identity_side::ask(messages::ask_identity what) {
  const std::lock_guard guard(parts_->mutex);
  if (!parts_->stopped) act::post(parts_->running(), std::move(what));
}

std::string identity_side::stop(std::chrono::milliseconds within) {
  std::optional<messages::identity_desk_actor> old;
  {
    const std::lock_guard guard(parts_->mutex);
    parts_->stopped = true;
    old = std::exchange(parts_->desk, std::nullopt);
    if (!old || *parts_->ended) return {};
  }
  std::string left;
  caf::scoped_actor self{parts_->system};
  act::ask(self.ptr(), *old, caf::timespan(within), messages::drain{})
      .receive([](const messages::drained&) {},
               [&](caf::error&) {
                 left = "log-ins or changes of identities that were not begun";
                 caf::anon_send_exit(*old, caf::exit_reason::kill);
               });
  return left;
}

}  // namespace cybexd::app
