#pragma once
// What the actors of the query side tell each other, from the waiting query to the stored report.
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "crypto/error.hpp"
#include "report/answer.hpp"
#include "report/tdql.hpp"
#include "tahoe/document.hpp"

namespace cybexd::messages {

// --- Query desk -> report worker

/// One report to make. Shared with the desk, which may raise `cancelled` at any time.
struct report_job {
  std::string type;
  tahoe::value data;
  report::asker who;
  double now = 0;  ///< Unix seconds: the end of open ranges.
  std::chrono::steady_clock::time_point deadline;
  std::atomic<bool> cancelled = false;
  std::shared_ptr<const void> holds = {};  ///< As of the query's request.
};

struct make_report {
  std::shared_ptr<const report_job> job;
};

struct report_made {
  /// Ready or failed; an error only where no report can have the type, or the job was cancelled.
  std::shared_ptr<expected<report::made_report>> result;
};

// --- Query desk -> report writer

struct store_report {
  std::shared_ptr<const tahoe::document> query;   ///< As it was taken.
  std::shared_ptr<const tahoe::document> report;  ///< Nothing: the query has failed without one.
  std::string status;                             ///< `ready` or `failed`
  std::string owner;                              ///< Of the claim under which it was taken.
  store::visibility who = {};                     ///< What the asker could see when it was made.
  bool our_fault = false;  ///< It failed for a fault of the server or a store: who asks again gets a new one.
};

struct report_stored {
  enum class outcome : std::uint8_t {
    stored,
    superseded,   ///< Somebody has set the query to another status meanwhile: the result is dropped.
    unavailable,  ///< The store is down; `reason` says why.
  };
  outcome what = outcome::stored;
  std::string reason;
  report::reply_socket socket;  ///< Who waits, read at this moment; port 0: nobody.
};

// --- Query desk -> reply socket

struct tell_socket {
  std::string host;
  std::uint16_t port = 0;
  std::string nonce;
};

struct socket_told {
  enum class outcome : std::uint8_t { told, refused, timed_out, not_allowed };
  outcome what = outcome::told;
};

// --- Query poller -> query desk

/// Queries that others put into the report store, as they were found.
struct run_queries {
  std::shared_ptr<const std::vector<tahoe::document>> queries;
  /// Claims that end before this count as run out; Unix seconds. Nothing: those that have.
  std::optional<double> claims_end_before = std::nullopt;
};

struct queries_taken {
  std::uint64_t taken = 0;
  bool busy = false;  ///< The desk's queues are full: come later.
};

// --- Query desk, to itself

/// The claims on the queries in work are to last longer. INTERNAL.
struct renew_claims {};

/// A waiting asker's patience is at its end. INTERNAL.
struct patience_over {
  std::string query;  ///< Hash as hex.
  std::uint64_t waiter = 0;
};

}  // namespace cybexd::messages
