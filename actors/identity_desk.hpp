#pragma once
// Identity desk: does what `tahoe/accounts.hpp` knows to do for those who ask over HTTP. Detached: checking a
// password takes some 25 ms of work on purpose, and changes wait for the disk.
#include <functional>
#include <memory>

#include "actors/telemetry.hpp"
#include "messages/actors.hpp"
#include "tahoe/accounts.hpp"

namespace cybexd::actors {

struct identity_desk_options {
  std::shared_ptr<tahoe::identity::accounts> accounts;
  std::function<double()> now;  ///< Unix seconds.
};

/// What the desk answers, without an actor. Errors as `ask_identity` says.
[[nodiscard]] expected<messages::identity_answer> answer_identity(tahoe::identity::accounts& accounts,
                                                                  const messages::identity_request& asked,
                                                                  double now);

struct identity_desk_state {
  identity_desk_state() = default;
  static inline const char* name = "identity_desk";
  identity_desk_options options;
};

[[nodiscard]] messages::identity_desk_actor::behavior_type identity_desk(
    messages::identity_desk_actor::stateful_pointer<identity_desk_state> self, identity_desk_options options,
    telemetry* metrics);

}  // namespace cybexd::actors
