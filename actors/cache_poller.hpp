#pragma once
// Takes eligible entries from the lake while it has credit, and owns them until they are durable or set
// aside.
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "actors/archive_line.hpp"
#include "actors/backoff.hpp"
#include "actors/shell.hpp"
#include "actors/typetags.hpp"
#include "crypto/keys.hpp"
#include "messages/actors.hpp"

namespace cybexd::actors {

struct poller_options {
  std::size_t batch = 10'000;               ///< Entries of one round.
  std::size_t window_entries = 4096;        ///< Credit: entries taken and not yet settled, at most ...
  std::uint64_t window_bytes = 256u << 20;  ///< ... and bytes of them; one larger entry is taken alone.
  backoff_settings backoff = {};
  std::uint64_t seed = 0;                            ///< Of the jitter.
  bool force_process = false;                        ///< At the start, take up what was set aside before.
  std::map<std::string, std::string> typetags = {};  ///< typetag -> sub_type, beside the built-in ones.
  bool accept_unknown_typetags = false;
  line_limits line = {};
  bool start_at_once = true;  ///< False: the first round waits for a nudge or an `archive_once`.
};

/// Whom the poller works with. The pools answer as their interfaces say; all outlive the poller.
struct poller_partners {
  std::shared_ptr<store::cache_lake> lake;
  std::shared_ptr<store::archive_store> archive;
  messages::decryptor_actor decryptors;
  messages::parser_actor parsers;
  messages::analyst_actor analysts;
  std::function<messages::archive_writer_actor()> make_writer;  ///< Called again when the writer dies.
  messages::catching_up catch_up;                               ///< Whoever knows the one that lives.
  std::optional<crypto::private_key> key = {};                  ///< Asked before a retry (retry_rule.hpp).
};

/// Rounds, credit and backoff around an archive_line.
class cache_poller_state {
 public:
  using pointer = messages::cache_poller_actor::stateful_pointer<cache_poller_state>;
  cache_poller_state() = default;
  cache_poller_state(const cache_poller_state&) = delete;
  cache_poller_state& operator=(const cache_poller_state&) = delete;
  /// Gives back to the lake what it still owns, for the poller that comes after it.
  ~cache_poller_state();
  static inline const char* name = "cache_poller";

  void start(pointer self, poller_options options, poller_partners partners, telemetry& metrics);

  void nudge();
  void tick(std::uint64_t generation);
  void once(bool force, caf::typed_response_promise<messages::archive_summary> promise);
  [[nodiscard]] messages::line_status status();
  void drain(caf::typed_response_promise<messages::drained> promise);
  /// The writer is replaced; without a pool this ends.
  void down(const caf::down_msg& who);

 private:
  struct round {
    std::size_t outstanding = 0, taken = 0;
    bool archived = false;
    bool probe = false;  // it goes on after an outage, and takes nothing new
  };
  struct once_run {
    std::vector<caf::typed_response_promise<messages::archive_summary>> askers;
    caf::actor_clock::time_point started;
    line_counts before;
    bool catching_up = false;
    std::uint64_t filtered = 0;
  };

  // cache_poller.cpp: rounds
  void advance();
  void start_round();
  void pull();
  [[nodiscard]] std::size_t window() const;
  bool take_some(round& current);
  void end_taking(bool full);
  void settle_rounds();
  void over_with_the_outage();
  void fail_in_the_outage();
  void schedule();
  void look_for_claims();
  void take_up_what_was_set_aside();
  void show();

  // cache_poller_stages.cpp: the line's questions, `archive once`, what was refused, and the end
  line_stages stages();
  template <class Answer, class Handle, class Question>
  void ask_stage(const Handle& whom, Question question, std::uint64_t unit, const char* kind,
                 void (archive_line::*answered)(std::uint64_t, const Answer&));
  [[nodiscard]] expected<std::string> sub_type_of(const std::string& typetag);
  void new_writer();
  void replace_writer(const caf::error& why);
  void once_step();
  void caught_up(const messages::caught_up& answer);
  void finish_once(bool completed, const std::string& reason);
  void keep_apart(const store::entry_id& id);
  void free_what_was_refused();
  bool finish_drain();
  [[nodiscard]] std::optional<error> give_back();
  [[nodiscard]] std::string trouble() const;
  [[nodiscard]] bool in_trouble() const { return line_->blocked() || !lake_trouble_.empty(); }
  [[nodiscard]] backoff& waiting() { return in_trouble() ? *outage_backoff_ : *backoff_; }

  pointer self_{};
  poller_options options_;
  poller_partners partners_;
  telemetry* metrics_ = nullptr;
  actor_meter meter_;
  std::map<std::string, message_meter> answers_;
  std::optional<archive_line> line_;
  /// Rounds that found nothing, and those that met an outage: each outage begins with short waits, however
  /// long nothing had come before it.
  std::optional<backoff> backoff_, outage_backoff_;
  std::optional<caf::actor_clock::time_point> outage_try_;  // when the outage's next try is due
  typetag_table typetags_;
  std::optional<expected<void>> typetags_asked_;  // the archive, in this round
  messages::archive_writer_actor writer_;
  std::set<std::uint64_t> committing_;  // units that the writer has
  std::set<std::uint64_t> unread_;      // ... and came back unread, since it has ended

  std::map<std::uint64_t, round> rounds_;  // not settled yet
  std::uint64_t last_round_ = 0;
  std::optional<std::uint64_t> taking_;
  std::uint64_t too_large_ = 0;  // bytes of an entry that waits for credit
  bool again_ = false, scheduled_ = false, exhausted_ = false, sweep_ = false;
  std::optional<caf::timespan> free_claim_;  // until an entry in another server's hands may be free
  struct refused_entry {
    caf::actor_clock::time_point free_at;
    store::entry_id id;
  };
  std::deque<refused_entry> refused_;  // in order of time
  std::uint64_t generation_ = 0;
  caf::actor_clock::time_point next_round_, round_started_;
  std::string lake_trouble_;
  std::optional<once_run> once_;
  std::optional<caf::typed_response_promise<messages::drained>> draining_;
};

/// `metrics` and the partners' stores outlive the actor. It ends after `drain` is answered.
[[nodiscard]] messages::cache_poller_actor spawn_cache_poller(caf::actor_system& system,
                                                              poller_options options,
                                                              poller_partners partners, telemetry& metrics);

}  // namespace cybexd::actors
