#pragma once
// What the actors tell each other. Large payloads stand behind shared pointers; a domain failure is data in
// the answer.
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "messages/reply.hpp"
#include "tahoe/document.hpp"
#include "tahoe/store/cache_lake.hpp"

namespace cybexd::messages {

// --- Intake
// -------------------------------------------------------------------------------------------------------

/// One upload: a single record, or many as NDJSON (checked by the sender to be UTF-8; blank lines do not
/// count).
struct submission {
  std::string token;     ///< Bearer token as it came. Empty with `trusted`.
  bool trusted = false;  ///< From the command line or the operators' socket: no token needed.
  std::string name;
  std::string org;  ///< Hash or orgname.
  std::string typetag;
  std::string timezone = "UTC";
  bool ndjson = false;
  std::uint64_t records = 1;  ///< Non-blank lines of NDJSON.
  std::string text;
};

struct submitted {
  store::entry_id id;
  std::uint64_t records = 0;
};

/// Failures: bad_input (names the field), not_allowed (no admin of the organisation, bad token), overloaded,
/// unavailable.
struct submit {
  std::shared_ptr<const submission> what;
  reply_handle<submitted> reply;
};

// --- Archive line, from outside
// ------------------------------------------------------------------------------------

/// Something arrived, or an operator asks: start a round at once.
struct nudge {};

/// Make rounds until no entry is eligible and the filters have run too (`archive once`).
struct archive_once {
  bool force = false;
};

struct archive_summary {
  bool completed = false;  ///< False: the lake or the store could not be used; `reason` says why.
  std::string reason;
  std::uint64_t archived = 0, known = 0, not_supported = 0, errors = 0, bad_data = 0, quarantined = 0,
                filtered = 0;
  double seconds = 0;
};

// --- Queries
// -------------------------------------------------------------------------------------------------------

struct query_request {
  std::string token;  ///< Bearer token; empty when `user` is trusted.
  std::string user;   ///< Hash of the asking user as hex; set by the command line and `--batch` only.
  std::string type;   ///< `count`, ...
  tahoe::value data;  ///< The query object.
  bool redo = false;
  std::optional<double> now;  ///< Fixes the clock (command line and tests).
  /// What the query takes of a budget: let go when nobody works at it any more.
  std::shared_ptr<const void> holds = {};
};

struct query_answer {
  enum class outcome : std::uint8_t { ready, failed, processing };
  outcome status = outcome::processing;
  tahoe::document report;  ///< With the asking user's own userid, timestamp and page; empty while processing.
};

/// Answers when the report is there, or with `processing` after `patience`.
/// Failures: bad_input (type is no identifier, names the key), not_allowed, overloaded, unavailable.
struct ask_query {
  std::shared_ptr<const query_request> what;
  std::chrono::milliseconds patience{5000};
  reply_handle<query_answer> reply;
  std::uint64_t asker = 0;  ///< Names who asks, for `abandon`; 0: somebody who stays.
};

/// The asker has gone away. A report that nobody waits for any more, and nobody was told to come back for, is
/// not made.
struct abandon {
  std::uint64_t asker = 0;
};

// --- Status and stop
// -----------------------------------------------------------------------------------------------

struct get_status {};

struct line_status {
  std::uint64_t credit_in_use = 0, credit_limit = 0, credit_bytes_in_use = 0;
  std::uint64_t rounds = 0, failures = 0;
  double next_round_seconds = 0;
  std::string trouble;  ///< What the line waits for, empty when all is well.
};

/// Stop in order: take nothing new, finish what is in flight, answer, end.
struct drain {};
struct drained {
  bool clean = true;  ///< False: something had to be given up; a restart does it again.
  std::string left;   ///< What that was.
};

/// The whole server's orderly stop, asked by somebody who is not an actor. Answered once everything has
/// ended.
struct stop {
  std::chrono::milliseconds deadline{10'000};
  reply_handle<drained> reply;
};

/// Read the settings again and let the archive line go on with them: what is in flight becomes durable first.
/// Uploads and queries go on meanwhile. Failures: as of the keys (the line goes on as it was), overloaded
/// (the server stops).
struct renew {
  std::chrono::milliseconds deadline{10'000};
  reply_handle<drained> reply;
};

/// A timer of the actor's own; an old generation is ignored. INTERNAL.
struct tick {
  std::uint64_t generation = 0;
};

}  // namespace cybexd::messages
