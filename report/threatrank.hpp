#pragma once
// ThreatRank (`spec/report.md`): how near an event is to known malicious ones. By a closed form instead of
// listing paths.
#include <cstdint>
#include <optional>

#include "crypto/error.hpp"
#include "report/go_on.hpp"
#include "report/rank_memory.hpp"
#include "tahoe/store/archive_store.hpp"

namespace cybexd::report {

struct rank_options {
  double decay = 0.998;      ///< In (0, 1].
  int max_edges = 6;         ///< 2, 4 or 6; an odd number counts as the even one below.
  bool count_paths = false;  ///< Costs as much again.
  /// Looks at an event within reach, beyond which the whole archive is read in one pass. Nothing: as many as
  /// cost about as much.
  std::optional<std::uint64_t> near_visits;
};

struct rank_result {
  double rank = 0;              ///< -1 for a malicious event, 0 where no path leads to it, else below 0.
  std::optional<double> paths;  ///< Number of paths if asked for, exact below 2^53.
};

/// `now` in Unix seconds. Only events of `who` take part. `memory` is one archive's. Errors: not_found
/// (unknown, not visible or no event: one text for all three), too_large (more within reach than `memory` may
/// take), those of the view and of `keep_going`.
[[nodiscard]] expected<rank_result> threatrank(const tahoe::hash256& event, const store::visibility& who,
                                               store::archive_view& view, double now,
                                               const rank_options& options, rank_memory& memory,
                                               const go_on& keep_going);

}  // namespace cybexd::report
