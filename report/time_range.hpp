#pragma once
// The time range of a query: `from`, `to`, `last`, `tzname` (`spec/report.md`, "Time range").
#include <optional>
#include <string>

#include "crypto/error.hpp"
#include "tahoe/store/archive_store.hpp"

namespace cybexd::report {

/// The texts as the query has them. An empty text counts as absent.
struct time_range_text {
  std::optional<std::string> from, to, last, tzname;
};

/// Unix seconds, both ends inclusive. 0 sets no bound. An end before the start is an empty range, no error.
struct time_range {
  double start = 0;
  double end = 0;

  /// Sets `from` and `to` of a filter, 0 as no bound.
  void apply(store::event_filter& filter) const;
};

/// `now` in Unix seconds: the default end, and what `last` counts from. Errors: bad_input naming key and
/// value and what it may be. Needs the system's time zone database. Thread safe.
[[nodiscard]] expected<time_range> read_time_range(const time_range_text& text, double now);

/// Whether the name is a zone of the IANA database that this system knows.
[[nodiscard]] bool is_time_zone(const std::string& name);

/// A value as an error shows it: JSON, cut after some 80 bytes.
[[nodiscard]] std::string shown(const tahoe::value& v);

}  // namespace cybexd::report
