#pragma once
// From a query to its report: the one way in for everything that answers queries. Pure over a view of the
// archive.
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/error.hpp"
#include "report/go_on.hpp"
#include "report/query.hpp"
#include "report/rank_memory.hpp"
#include "tahoe/document.hpp"
#include "tahoe/store/archive_store.hpp"

namespace cybexd::report {

using tahoe::document;

/// What the configuration says about reports.
struct report_options {
  std::vector<std::string> sub_types = default_sub_types();
  std::vector<std::string> types = {"count", "related",
                                    "threatrank"};  ///< Those that are on; others are unknown types.
  double threatrank_decay = 0.998;  ///< A path's loss with every whole day of an event's age, in (0, 1].
  int threatrank_max_edges = 6;     ///< 2, 4 or 6.
  std::shared_ptr<rank_memory> ranks = std::make_shared<rank_memory>();  ///< Of the archive that is asked.
  std::size_t most_documents = 1'000'000;  ///< That one related report may hold; more is a failed report.
};

/// Who asks. An unknown user gets a failed report.
struct asker {
  std::string userid;  ///< Hash of the user as hex.
  bool known = true;
  store::visibility who;
};

struct made_report {
  bool ready = false;  ///< False: failed, and the report's data says why.
  document report;
  std::optional<error>
      trouble;  ///< A fault of the server or its store, for the log; the report does not tell it.
};

/// Makes the report of a decoded query. `now` in Unix seconds: the end of open ranges, and the report's
/// timestamp. Every failure is a failed report. Errors: bad_input where `type` is no identifier, so that no
/// report can have it.
[[nodiscard]] expected<made_report> answer(std::string_view type, const tahoe::value& data, const asker& who,
                                           store::archive_view& view, double now,
                                           const report_options& options = {}, const go_on& keep_going = {});

/// The failed report for a problem that was met elsewhere: a query document that cannot be read, an archive
/// that is down, a deadline in a queue. Kinds unavailable, corrupt and internal tell the user no internals.
[[nodiscard]] expected<made_report> failed_report(std::string_view type, const error& problem,
                                                  std::string_view userid, double now);

}  // namespace cybexd::report
