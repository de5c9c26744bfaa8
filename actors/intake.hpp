#pragma once
// What comes from outside: authenticated, sealed, durable, answered.
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "actors/backoff.hpp"
#include "actors/shell.hpp"
#include "crypto/error.hpp"
#include "crypto/keys.hpp"
#include "messages/actors.hpp"

namespace cybexd::actors {

struct intake_options {
  std::size_t requests = 512;               ///< Accepted and not answered yet ...
  std::uint64_t bytes = 64u << 20;          ///< ... and bytes of them.
  std::size_t entries_together = 512;       ///< In one write to the lake ...
  std::uint64_t bytes_together = 8u << 20;  ///< ... and bytes of them, but at least one: a write copies them.
  std::uint64_t backlog = 1'000'000;  ///< Records that may wait in the lake; beyond that uploads are refused.
  caf::timespan backlog_age = std::chrono::milliseconds(100);  ///< How old the figure for that may be.
};

/// Who may put in what: the `orgid` it is kept under. Failures: bad_input (naming the field), not_allowed,
/// unavailable.
using authenticate = std::function<expected<std::string>(const messages::submission&)>;

struct intake_partners {
  authenticate who;                       ///< Called on the intake's thread.
  std::optional<crypto::public_key> key;  ///< Seals. Always there; optional since a key has no empty state.
  messages::lake_writer_actor lake_writer;
  std::function<void()> arrived;           ///< Something new is in the lake.
  std::function<std::uint64_t()> pending;  ///< Records that wait in the lake; called on the intake's thread.
  std::function<double()> now;             ///< Unix seconds.
  std::function<void(const std::string& trouble)> told = {};  ///< What it waits for; empty: all is well.
};

class intake_state {
 public:
  using pointer = messages::intake_actor::stateful_pointer<intake_state>;
  intake_state() = default;
  static inline const char* name = "intake";

  void start(pointer self, intake_options options, intake_partners partners);
  void submit(const messages::submit& what);
  void tick(std::uint64_t generation);
  void drain(caf::typed_response_promise<messages::drained> promise);

 private:
  struct waiting {
    messages::reply_handle<messages::submitted> reply;
    std::uint64_t records = 0, bytes = 0;
  };

  [[nodiscard]] std::optional<error> refuse(const messages::submission& what);
  [[nodiscard]] bool lake_is_full();
  void put();
  void write(messages::put_entries what, std::shared_ptr<std::vector<waiting>> askers);
  void answered(const std::vector<waiting>& askers, const expected<std::vector<store::entry_id>>& ids);
  void note(const error* trouble);
  void give_up_what_gathered();

  pointer self_{};
  intake_options options_;
  intake_partners partners_;
  std::vector<waiting> askers_;  // gathered for the next write
  std::vector<store::new_entry> entries_;
  std::size_t requests_ = 0;  // gathered and being written
  std::uint64_t bytes_ = 0;
  bool writing_ = false;
  std::optional<error> outage_;                                              // how the last write failed
  backoff tries_{{2, std::chrono::seconds(5), std::chrono::seconds(0)}, 0};  // to see whether it is over
  std::uint64_t generation_ = 0;
  std::uint64_t pending_ = 0;                   // records that waited in the lake
  caf::actor_clock::time_point pending_until_;  // when that is looked up again
  std::optional<caf::typed_response_promise<messages::drained>> draining_;
};

/// While one write is under way the next one gathers: many uploads share one sync, a lone one waits for
/// nobody. Beyond its budget it answers overloaded; while the lake is down, unavailable, but for one upload
/// at a time that tries. Without uploads it tries by itself, every few seconds.
[[nodiscard]] messages::intake_actor spawn_intake(caf::actor_system& system, intake_options options,
                                                  intake_partners partners, telemetry& metrics);

}  // namespace cybexd::actors
