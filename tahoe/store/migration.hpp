#pragma once
// Copies all that one home of the stores holds into another, whatever the two are (`cybexd migrate`).
//
// Every step can be done again without doubling anything, so a migration that was cut short at any moment is
// finished by running it again, and one that is done brings over what came since. Nothing is ever written to
// the home that is read.
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tahoe/fingerprint.hpp"
#include "tahoe/store/stores.hpp"

namespace cybexd::store {

/// How far one part is; `total` is 0 where it is not known.
struct migration_progress {
  std::string_view part;  ///< identity, archive, report, lake, check
  std::uint64_t done = 0, total = 0, errors = 0;
};

struct migration_options {
  // Parts that are copied; what both sides share is left out.
  bool identity = true, archive = true, reports = true, lake = true;
  /// Users and organisations that differ are taken from the source. Without it they stop the migration before
  /// it begins, but for the one superuser of a home that has nothing else, as `init` makes it.
  bool overwrite_identities = false;
  double now = 0;                         ///< Unix seconds, for the audit log.
  std::size_t batch_items = 1'000;        ///< Most items in one write,
  std::uint64_t batch_bytes = 16u << 20;  ///< and most bytes of them; at least one item.
  std::function<void(const migration_progress&)> on_progress = [](const migration_progress&) {};
};

/// What became of one kind of thing.
struct migration_counts {
  std::uint64_t total = 0;      ///< That the source holds.
  std::uint64_t copied = 0;     ///< By this run.
  std::uint64_t refused = 0;    ///< Cannot be kept by the target (too large for it, say).
  std::uint64_t missing = 0;    ///< Not in the target at the end.
  std::uint64_t differing = 0;  ///< There, with other content: the target has its own, or worked on it since.
};

struct migration_fault {
  std::string store, item, problem;
};

struct migration_result {
  migration_counts documents, entries, reports, identities, tokens, audit_lines;
  std::uint64_t files = 0;  ///< Envelopes copied.
  std::uint64_t lost_files =
      0;  ///< Envelopes that the source itself lacks or cannot read, of entries not archived.
  std::uint64_t dropped_records =
      0;  ///< Counted in the source's books for entries that are not there any more.
  std::optional<tahoe::fingerprint> from, to;  ///< Of the archives.
  std::vector<migration_fault> faults;         ///< The first hundred.

  /// Everything of the source is in the target.
  [[nodiscard]] bool complete() const;
  /// The archives are equal. One that held more before is not, and that is no fault.
  [[nodiscard]] bool equal() const { return from && to && from->to_value() == to->to_value(); }
};

/// Errors: as of the stores; conflict where both sides have a user or organisation of one name with other
/// content (all are named; nothing was copied).
[[nodiscard]] expected<migration_result> migrate(const stores& from, const stores& to,
                                                 const migration_options& options = {});

}  // namespace cybexd::store
