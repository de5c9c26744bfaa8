#pragma once
// The life of a query in the report store: put, taken, given back, finished (`spec/report.md`). Plain
// functions; every step is atomic and durable in the store, and its errors are the store's (unavailable,
// corrupt).
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "crypto/error.hpp"
#include "messages/queries.hpp"
#include "report/answer.hpp"
#include "report/tdql.hpp"
#include "tahoe/store/report_store.hpp"

namespace cybexd::actors {

struct query_claims {
  std::string owner;  ///< This server, unique for each start.
  double lasts = 90;  ///< Seconds a claim holds. Longer than any report may take, unless it is renewed.
  double foreign_age = 600;  ///< Seconds after which a query in `processing` without a claim is taken.
};

/// What became of the attempt to take a query.
struct taken_query {
  enum class outcome {
    taken,    ///< It is ours, in `processing`: make the report.
    busy,     ///< Somebody is at it.
    answered  ///< `report` is the stored one of the same query.
  };
  outcome what = outcome::busy;
  tahoe::document query;
  bool failed = false;  ///< Whether the stored report says `failed`.
  std::optional<tahoe::document> report;
};

/// A query that somebody asks here and now: reuses the stored report of the same query in the same hour
/// unless `redo`, or unless what the user may see has changed since; else takes it. `now` is the server's
/// clock, for the claim.
[[nodiscard]] expected<taken_query> open_query(store::report_store& store,
                                               const report::query_document& asked,
                                               const store::visibility& who, bool redo, double now,
                                               const query_claims& claims);

/// A query that was found waiting, or left behind: takes it if it may be taken. Claims count as run out that
/// end before `claims_end_before`, or before `now`.
[[nodiscard]] expected<taken_query> take_found_query(store::report_store& store, const tahoe::document& found,
                                                     double now, const query_claims& claims,
                                                     std::optional<double> claims_end_before = std::nullopt);

/// From `processing` under our claim to another status, without a report. False: it was not ours any more.
[[nodiscard]] expected<bool> set_status(store::report_store& store, const tahoe::document& query,
                                        std::string_view status, const std::string& owner);

/// Back to `wait`, so that the next server takes it. False: it was not ours any more.
[[nodiscard]] expected<bool> give_back(store::report_store& store, const tahoe::document& query,
                                       const std::string& owner);

/// One update stores the report and sets status and report_id, only while the query is in `processing` under
/// our claim. Whoever sees the query finished finds the report.
[[nodiscard]] messages::report_stored finish_query(store::report_store& store,
                                                   const messages::store_report& done);

/// The report as its asker sees it: with the asking query's userid, time and page, whoever's query made it.
[[nodiscard]] tahoe::document as_asked(tahoe::document report, const tahoe::document& query);

/// Whether somebody who sees `now` sees all that `then` shows.
[[nodiscard]] bool sees_all_of(const store::visibility& now, const store::visibility& then);

/// Whether the report that a query names was made of nothing but what the user may see now. One that another
/// module made says nothing of that and passes.
[[nodiscard]] bool may_still_see(const tahoe::document& query, const store::visibility& who);

/// A report for a user (hash as hex) who has a query that names it, and may still see what it was made of; as
/// the last of these queries asked it. Nothing for anybody else.
[[nodiscard]] expected<std::optional<tahoe::document>> find_report(store::report_store& store,
                                                                   const std::string& userid,
                                                                   const store::visibility& who,
                                                                   const tahoe::hash256& report);

}  // namespace cybexd::actors
