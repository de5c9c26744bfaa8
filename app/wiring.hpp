#pragma once
// The whole topology: which actors there are, over which stores, with which settings.
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "actors/telemetry.hpp"
#include "app/engine.hpp"
#include "messages/identity.hpp"
#include "messages/payloads.hpp"

namespace cybexd::app {

/// The actors of one process over one engine: the archive line and the query side under one supervisor, and
/// the identity desk. A server starts all at once; for a command each side is started by the first call that
/// needs it. Thread safe.
class actor_host final : public running_actors {
 public:
  /// `over` outlives it.
  explicit actor_host(engine& over);
  actor_host(const actor_host&) = delete;
  actor_host& operator=(const actor_host&) = delete;
  ~actor_host() override;

  void nudge() override;
  void catch_up() override;
  expected<messages::archive_summary> once(bool force, std::chrono::milliseconds within) override;
  expected<messages::line_status> status(std::chrono::milliseconds within) override;
  expected<store::lake_books> books() override;
  expected<std::uint64_t> unfiltered() override;
  std::uint64_t unusable_records() override;
  void ask(messages::query_request query, std::chrono::milliseconds patience,
           std::function<void(expected<messages::query_answer>)> callback) override;

  /// Starts both sides. Errors: as of the keys.
  [[nodiscard]] expected<void> start_all();
  /// Lets the archive line go on with the engine's present settings and keys; uploads and queries notice
  /// nothing. `done` is called once, from any thread; its errors: as of the keys (the line goes on as it
  /// was), overloaded (the server stops).
  void renew_line(std::chrono::milliseconds within, std::function<void(expected<messages::drained>)> done);

  void submit(messages::submit what);
  void ask(messages::ask_query query);
  /// Who asked a query has gone away.
  void abandon(std::uint64_t asker);
  void ask(messages::ask_identity what);
  /// What the server waits for before it can serve; empty when it can.
  [[nodiscard]] std::string waits_for() const;
  /// A side has ended without having been stopped. It serves nobody any more: only a new host helps.
  [[nodiscard]] bool ended() const;
  [[nodiscard]] actors::telemetry& metrics();

  /// Ends both sides: what is in flight becomes durable, reports in flight finish or go back to `wait`.
  /// Answers what was left, for the log.
  std::string stop(std::chrono::milliseconds within);
  /// Answers what was asked of the identity desk. Answers what was left, for the log.
  std::string stop_identities(std::chrono::milliseconds within);

 private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

/// Makes the actors of a command; nothing is started yet.
[[nodiscard]] expected<std::shared_ptr<running_actors>> start_actors(engine& over);

}  // namespace cybexd::app
