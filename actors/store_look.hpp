#pragma once
// Store look: asks one store every few seconds, so that the server knows while nobody else asks whether it is
// there, and that it is back. Runs detached: a database that is silent holds up no other look.
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "actors/readiness.hpp"
#include "actors/telemetry.hpp"
#include "crypto/error.hpp"
#include "messages/actors.hpp"
#include "tahoe/store/stores.hpp"

namespace cybexd::actors {

struct store_look_options {
  std::string store;                     ///< For people: "the identity store".
  std::function<expected<void>()> look;  ///< Costs next to nothing; may block.
  std::shared_ptr<readiness> ready;
  readiness::part part = readiness::part::whole;  ///< That is told.
  std::function<void()> back;                     ///< Called when it answers again, and once more after that.
  telemetry* metrics = nullptr;
  /// What is known without a question: empty, or why a database cannot be used. With it, a store that is
  /// there is asked more seldom. Empty: nothing is known.
  std::function<std::string()> known{};
};

class store_look_state {
 public:
  using pointer = messages::store_look_actor::stateful_pointer<store_look_state>;
  store_look_state() = default;
  static inline const char* name = "store_look";

  void start(pointer self, store_look_options options);
  void look();

 private:
  [[nodiscard]] bool may_wait();
  void found(const expected<void>& answer);

  pointer self_{};
  store_look_options options_;
  bool away_ = false;
  bool was_away_ = false;  ///< At the look before.
  int until_asked_ = 0;    ///< Looks that may go without a question.
};

[[nodiscard]] messages::store_look_actor::behavior_type store_look(store_look_state::pointer self,
                                                                   store_look_options options);

/// One for each of the four stores; `back` is what they all call.
[[nodiscard]] std::vector<store_look_options> looks_at(const store::stores& stores,
                                                       const std::shared_ptr<readiness>& ready,
                                                       const std::function<void()>& back, telemetry& metrics);

}  // namespace cybexd::actors
