#pragma once
// Runs the filters on raw records that stand in the archive without them: imported, or written by other
// modules.
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/backoff.hpp"
#include "actors/shell.hpp"
#include "messages/actors.hpp"
#include "tahoe/filters/filter.hpp"

namespace cybexd::actors {

struct catch_up_options {
  std::vector<std::string> sub_types =
      {};  ///< That the configured filters read. Empty: there is nothing to do.
  /// Records in one go. Many share sessions and attributes, which are written once for all of them.
  std::size_t page = 256;
  int deaths = 3;  ///< Workers that one record may cost; then it counts as unusable.
  backoff_settings backoff = {};
  std::uint64_t seed = 0;
};

class filter_catch_up_state {
 public:
  using pointer = messages::filter_catch_up_actor::stateful_pointer<filter_catch_up_state>;
  filter_catch_up_state() = default;
  static inline const char* name = "filter_catch_up";

  void start(pointer self, catch_up_options options, std::shared_ptr<store::archive_store> archive,
             messages::analyst_actor analysts);
  void run(caf::typed_response_promise<messages::caught_up> asker);
  void tick(std::uint64_t generation);
  void nudge();
  void drain(caf::typed_response_promise<messages::drained> promise);

 private:
  struct chunk {
    std::shared_ptr<std::vector<tahoe::document>> documents;
    int deaths = 0;
  };

  void step();
  bool read_page();
  void filter(chunk c);
  void filtered(const chunk& c, const messages::records_filtered& answer);
  void lost(const chunk& c, const std::string& reason);
  void finished();
  void failed(const std::string& why);
  void answer_all(const messages::caught_up& answer);

  pointer self_{};
  catch_up_options options_;
  std::shared_ptr<store::archive_store> archive_;
  messages::analyst_actor analysts_;
  std::optional<backoff> backoff_;
  std::vector<caf::typed_response_promise<messages::caught_up>> askers_;
  std::optional<tahoe::hash256> after_;
  std::deque<chunk> chunks_;  // read and not written yet
  bool working_ = false, again_ = false;
  std::string told_;    // in the log, why it waits
  bool waits_ = false;  // for its next try after an outage
  std::uint64_t generation_ = 0, filtered_ = 0;
  std::optional<caf::typed_response_promise<messages::drained>> draining_;
};

/// Starts with a run of its own. An outage is retried with backoff; those who asked meanwhile are told that
/// it failed.
[[nodiscard]] messages::filter_catch_up_actor spawn_filter_catch_up(
    caf::actor_system& system, catch_up_options options, std::shared_ptr<store::archive_store> archive,
    messages::analyst_actor analysts, telemetry& metrics);

}  // namespace cybexd::actors
