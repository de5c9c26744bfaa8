#pragma once
// Queries (TDQL) with their children, and reports (`spec/report.md`).
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "crypto/error.hpp"
#include "tahoe/document.hpp"
#include "tahoe/store/check_listener.hpp"

namespace cybexd::store {

using tahoe::document;
using tahoe::hash256;

struct query_claim {
  std::string owner;    ///< This server's name, unique for each start.
  double deadline = 0;  ///< Unix seconds; afterwards the claim is free again.
};

/// What replaces a query's children in one step; what is new is stored first, in its order. `_hash` stays.
struct query_update {
  document query;                                 ///< With the new data, cref and ref.
  std::vector<document> new_children;             ///< Attributes, objects, a report: put if absent.
  std::optional<std::string> only_if_status;      ///< E.g. "wait" when taking, "processing" when finishing.
  std::optional<std::string> only_if_claimed_by;  ///< Owner.
  std::optional<double> only_if_claim_free_at;    ///< No claim, or one whose deadline is before this time.
  std::optional<query_claim> claim;               ///< Set with the update; nothing removes it.
  bool only_if_absent = false;  ///< The query is put, with its children: it must not be there yet.
};

/// Errors of every call: unavailable, corrupt. Thread safe.
class report_store {
 public:
  virtual ~report_store() = default;

  /// Put if absent, durable, all or none. Also reports.
  [[nodiscard]] virtual expected<void> put(std::span<const document> documents) = 0;
  [[nodiscard]] virtual expected<std::optional<document>> get(const hash256& hash) = 0;
  /// True when it was applied, false when a condition did not hold (or the query is not there). Durable, but
  /// for one that takes a query (a claim, and `processing`) or gives it back (`wait`). Where other modules
  /// write too (MongoDB), only `status`, `report_id` and fields of our own (`_cybexd_*`) are changed of a
  /// query that is there.
  [[nodiscard]] virtual expected<bool> update(const query_update& update) = 0;

  /// The claims of that owner on those of the queries that are in `processing` last until its new deadline.
  [[nodiscard]] virtual expected<void> renew(std::span<const hash256> queries, const query_claim& claim) = 0;

  /// Queries that may be taken at `now`: those in `wait`; those in `processing` whose claim has run out; and
  /// those in `processing` without a claim and with a `timestamp` before `now - foreign_age`. Oldest first.
  [[nodiscard]] virtual expected<std::vector<document>> takeable(double now, double foreign_age,
                                                                 std::size_t limit) = 0;

  /// The queries of the user (hash as hex, as in `userid`) whose report_id is this report, in no order, until
  /// `visit` says false.
  [[nodiscard]] virtual expected<void> queries_with(const std::string& userid, const hash256& report,
                                                    const std::function<bool(const document&)>& visit) = 0;

  [[nodiscard]] virtual expected<void> each(const std::function<bool(const document&)>& visit) = 0;
  /// As of the archive.
  [[nodiscard]] virtual expected<std::uint64_t> size() = 0;

  /// Compares what a home keeps for itself, lists and sums, with the rest, from one consistent look.
  /// Nothing to do where it keeps nothing of the kind. Errors also: cancelled (the listener's wish).
  [[nodiscard]] virtual expected<void> check(const check_listener& listener) {
    (void)listener;
    return {};
  }
};

}  // namespace cybexd::store
