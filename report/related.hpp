#pragma once
// What stands beside an attribute in events and their sessions (`spec/report.md`, "related").
#include <cstdint>
#include <string>

#include "crypto/error.hpp"
#include "report/go_on.hpp"
#include "report/query.hpp"
#include "tahoe/store/archive_store.hpp"

namespace cybexd::report {

inline constexpr std::size_t events_per_page = 10;

struct related_limits {
  std::size_t documents = 1'000'000;  ///< Events, sessions, objects and attributes together.
};

struct related_result {
  tahoe::value data;  ///< Summary, graph or list, as asked for.
  bool any = false;   ///< An event matched on the page.
};

/// Reads the page's events and what they hold, from level 2 also their sessions and those sessions' events,
/// and nothing else. Everything is as if only the events of `who` existed. Lists are in an order that depends
/// on what is shown alone. Errors: those of the view, of `keep_going`, and too_large beyond the limits.
[[nodiscard]] expected<related_result> related(const query& asked, const store::visibility& who,
                                               store::archive_view& view, const related_limits& limits,
                                               const go_on& keep_going);

/// Of a report that no store can hold: what its asker may ask for instead.
[[nodiscard]] std::string too_large_text(const query& asked);

}  // namespace cybexd::report
