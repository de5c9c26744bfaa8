#pragma once
// Changes of users and organisations on MongoDB, whole or not at all, without its transactions, which a
// server that stands alone does not have. Internal to tahoe/store/.
//
// One change at a time on all servers. It takes the lock, looks whether its conditions hold, writes its steps
// down, and then `pending`, in one update that only the lock's owner can make: from then on it will happen.
// Who takes the lock and finds `pending` carries that out first, so a server may die at any instant. Every
// step can be done twice, and does nothing where a later change was there before it: an exchange looks for
// the lists it was decided on and for the name of the change that wrote them, which the document keeps as
// `_cybexd_change`. What is stored: mongodb_identity_rows.hpp.
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tahoe/store/mongodb_clock.hpp"
#include "tahoe/store/mongodb_identity_log.hpp"
#include "tahoe/store/mongodb_identity_rows.hpp"
#include "tahoe/store/mongodb_stores.hpp"

namespace cybexd::store {

inline constexpr std::string_view change_field = "_cybexd_change";

/// What a change comes to, given its name. Errors: those of `identity_store::apply`.
using step_maker = std::function<expected<std::vector<identity_step>>(const std::string& change)>;

/// Thread safe.
class identity_changes {
 public:
  identity_changes(mongodb_collection documents, identity_log log, store_ties ties,
                   std::shared_ptr<mongodb_clock> clock = std::make_shared<mongodb_clock>());

  /// Waits for its turn, has the steps made and does them, with the token and the line of `change`. Errors:
  /// those of `make`; conflict (another module changed a document at that moment); unavailable.
  [[nodiscard]] expected<void> run(const identity_change& change, const step_maker& make);
  /// Carries out what a server that died left behind, if it did.
  [[nodiscard]] expected<void> finish_left_behind();

 private:
  struct turn {
    std::string change;
    bson lock;  ///< As it was when it was taken.
    std::chrono::steady_clock::time_point taken;
  };
  [[nodiscard]] expected<std::optional<turn>> try_take() const;
  [[nodiscard]] expected<turn> take() const;
  [[nodiscard]] expected<void> finish_pending(const turn& mine) const;
  [[nodiscard]] expected<void> write_down(const turn& mine, const std::vector<identity_step>& steps) const;
  [[nodiscard]] expected<void> decide(const turn& mine, const identity_change& change) const;
  [[nodiscard]] expected<void> carry_out(const std::string& change,
                                         const std::vector<identity_step>& steps) const;
  [[nodiscard]] expected<bool> all_done(const std::string& change,
                                        const std::vector<identity_step>& steps) const;
  [[nodiscard]] expected<void> settle(const turn& mine, const identity_change& change,
                                      const std::vector<identity_step>& steps) const;
  void give_back(const turn& mine) const;

  mongodb_collection documents_, changes_;
  identity_log log_;
  store_ties ties_;
  std::shared_ptr<mongodb_clock> clock_;  ///< The lock ends by it.
  std::string server_;
  std::mutex here_;  ///< Changes of this process run one after the other.
};

}  // namespace cybexd::store
