#pragma once
// How documents that are stored already change: the rules of `archive_rules.hpp` as updates that several
// servers may send at once and again, in any order, with the same end. Each says in its filter for which
// state it is meant, and changes nothing in any other. Internal to tahoe/store/ and its tests. Pure.
#include <cstdint>
#include <string>
#include <vector>

#include "tahoe/document.hpp"
#include "tahoe/store/mongodb_bson.hpp"

namespace cybexd::store::mongodb_archive {

using tahoe::document;
using tahoe::hash256;

struct change {
  bson filter, update;
  bool makes = false;  ///< Inserts where nothing fits (an upsert).
};

/// An event that may be stored: the graver category, the contexts.
[[nodiscard]] std::vector<change> merge_event(const document& again);

/// A session with `members` that may be stored or not: made if it is not, with the times; else it gains the
/// members only. Errors: too_large, bad_input.
[[nodiscard]] expected<change> join_session(const document& session, const std::vector<hash256>& members);
/// The times of a session that is stored: the earliest start, the latest end with its duration. Errors: as
/// above.
[[nodiscard]] expected<std::vector<change>> merge_times(const document& again);

/// What a filter's run changes in a raw record that is stored.
struct raw_run {
  std::string orgid, timezone, filter_id;
  std::vector<hash256> made;
};
/// How the organisation stands in the record: it submitted it first, later, or not yet.
enum class submitter : std::uint8_t { first, later, fresh };
/// The filter has run to an end for the organisation. Where it is `fresh`, another server may have noted it
/// in between: send the change for `later` as well, after this one.
[[nodiscard]] change note_run(const hash256& raw, const raw_run& run, submitter who);
/// The filter found no use in the record.
[[nodiscard]] change note_useless(const hash256& raw, const std::string& reason);
/// One more organisation has submitted the record.
[[nodiscard]] change note_submitter(const hash256& raw, const std::string& orgid,
                                    const std::string& timezone);
/// When a filter first ran on the record, where that is not known yet.
[[nodiscard]] change note_first_run(const hash256& raw, double first_run);

}  // namespace cybexd::store::mongodb_archive
