#pragma once
// The identity desk of a running server, started when first asked and again should it ever end.
#include <chrono>
#include <memory>
#include <string>

#include "actors/telemetry.hpp"
#include "messages/actors.hpp"
#include "tahoe/accounts.hpp"

namespace cybexd::app {

/// Thread safe. `system` and `metrics` outlive it.
class identity_side {
 public:
  identity_side(caf::actor_system& system, std::shared_ptr<tahoe::identity::accounts> accounts,
                actors::telemetry& metrics);
  identity_side(const identity_side&) = delete;
  identity_side& operator=(const identity_side&) = delete;
  ~identity_side();

  /// After `stop` everybody is answered `overloaded`.
  void ask(messages::ask_identity what);
  /// Answers what was asked before, and ends. Answers what was left, for the log; empty when nothing was.
  std::string stop(std::chrono::milliseconds within);

 private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

}  // namespace cybexd::app
