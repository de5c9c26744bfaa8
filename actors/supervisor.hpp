#pragma once
// Starts the actors of the archive line and of the query side, watches and replaces them, passes on what
// comes from outside, lets the line go on with new settings, stops in order.
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "actors/archive_writer.hpp"
#include "actors/cache_poller.hpp"
#include "actors/filter_catch_up.hpp"
#include "actors/intake.hpp"
#include "actors/query_side.hpp"
#include "actors/readiness.hpp"
#include "actors/store_figures.hpp"
#include "crypto/keys.hpp"
#include "messages/actors.hpp"
#include "tahoe/parse.hpp"
#include "tahoe/store/stores.hpp"

namespace cybexd::actors {

struct line_options {
  bool archives = true;  ///< False: this process only answers queries (`report`), and the rest is not used.
  std::size_t workers = 2;  ///< Of each pool: decryptors, parsers, analysts. One for each core.
  std::set<std::string, std::less<>> filters = {};  ///< Names of the filters that run. Empty: none.
  tahoe::parse_limits parse = {};
  intake_options intake = {};
  poller_options poller = {};
  writer_options writer = {};
  std::optional<query_side_options> queries =
      {};  ///< Nothing: this process answers no queries (`archive once`).
};

/// What the line works with. `metrics` outlives the actors.
struct line_partners {
  store::stores stores;
  crypto::private_key private_key;
  crypto::public_key public_key;
  authenticate who;
  telemetry* metrics = nullptr;
  std::function<double()> now;  ///< Unix seconds.
};

struct line_setup {
  line_options options;
  line_partners partners;
};
/// The settings of this moment, asked at a `renew`. Errors: as of the keys.
using line_source = std::function<expected<line_setup>()>;

/// A running line. The handle stays good when one of the actors is replaced; it can be given to anybody who
/// knows a part of its interface: submit, ask_query, nudge, archive_once, get_status, renew, stop. Drop it
/// before the actor system ends. The supervisor itself ends at a `stop`, or of an exception (no memory, no
/// thread): then all actors end with it, who waits for one is told, and `ready` has `ended`.
struct line {
  messages::supervisor_actor supervisor;
  std::shared_ptr<const readiness> ready;
  std::shared_ptr<store_figures> figures;  ///< For those who must not wait for a store.
};

/// Settings of an actor system as the line needs them: two scheduler threads that share one queue.
[[nodiscard]] caf::actor_system_config& tuned(caf::actor_system_config& config);

/// Starts everything. Also makes `metrics` read the books, the pending filters and the store's own numbers at
/// every scrape (telemetry::forget_sources undoes that, before the stores close), and the stores tell it of
/// their commits. `again` is for `renew`; it may be empty.
[[nodiscard]] line start_line(caf::actor_system& system, line_setup setup, line_source again = {});

/// The names of all built-in filters.
[[nodiscard]] std::set<std::string, std::less<>> all_filters();

/// Asks for the orderly stop and waits for its end, at most `deadline` and a second. Not clean: what was
/// left, for the log. For callers that are no actors.
[[nodiscard]] messages::drained stop_line(const messages::supervisor_actor& supervisor,
                                          std::chrono::milliseconds deadline = std::chrono::seconds(10));

}  // namespace cybexd::actors
