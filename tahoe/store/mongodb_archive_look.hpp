#pragma once
// The archive's collection as of one instant. Internal to tahoe/store/.
//
// A look is a transaction that only reads (read concern `snapshot`). It begins with the first question, or
// when this process is about to write: so it costs no command of its own, what was written by this process
// before the look was made shows, and what is written later does not. What other servers write shows if it
// came before the first question. The server keeps a look for a minute; a question after that is answered
// `unavailable`. A server without a replica set has no transactions: then every question is a look of its
// own.
#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <set>

#include "tahoe/store/mongodb_collection.hpp"

namespace cybexd::store::mongodb_archive {

class look;

/// The looks that have not begun. Thread safe.
class waiting_looks {
 public:
  /// Begins all of them: something will be written.
  void begin();

 private:
  friend class look;
  std::mutex mutex_;
  std::set<look*> all_;
};

/// One thread at a time.
class look {
 public:
  look(const mongodb_collection& documents, bool transactions, std::shared_ptr<waiting_looks> others);
  look(const look&) = delete;
  look& operator=(const look&) = delete;
  ~look();

  /// No question takes longer. Errors then: timed_out. The next question comes soon: what is written before
  /// it may show.
  void end_by(std::chrono::steady_clock::time_point deadline);
  /// The collection to ask. Errors: unavailable.
  [[nodiscard]] expected<const mongodb_collection*> documents();

 private:
  friend class waiting_looks;
  [[nodiscard]] expected<void> begin();
  std::optional<error> fix(std::optional<error> known);
  void leave();

  mongodb_collection plain_;
  bool transactions_, begun_ = false;
  std::atomic<bool> waiting_ = true;  ///< Among the others that have not begun; false only with their lock.
  std::shared_ptr<waiting_looks> others_;
  std::optional<error> broken_;
  std::optional<mongodb_session> session_;  // ends before the collections of its home
  std::optional<mongodb_collection> seen_;
};

}  // namespace cybexd::store::mongodb_archive
