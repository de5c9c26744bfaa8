#pragma once
// How documents that are stored already change: the rules of `archive_rules.hpp` as updates that several
// servers may send at once and again, in any order, with the same end. Each says in its filter for which
// state it is meant, and changes nothing in any other. Internal to tahoe/store/ and its tests. Pure.
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tahoe/document.hpp"
#include "tahoe/store/mongodb_bson.hpp"

namespace cybexd::store::mongodb_archive {

using tahoe::document;
using tahoe::hash256;

/// A filter's run that is the first thing noted in a record of the organisation that sent it first.
struct first_note {
  hash256 raw;
  std::string orgid, filter_id;
  std::vector<hash256> made;
};

struct change {
  bson filter, update;
  bool makes = false;                              ///< Inserts where nothing fits (an upsert).
  std::optional<first_note> alike = std::nullopt;  ///< It means this, which `note_alike` sends with others.
  bool every = false;                              ///< Of doubles, each that fits.
};

/// An event that may be stored: the graver category, the contexts.
[[nodiscard]] std::vector<change> merge_event(const document& again);

/// A session with `members` that may be stored or not: made if it is not, with the times; else it gains the
/// members only. Errors: too_large, bad_input.
[[nodiscard]] expected<change> join_session(const document& session, const std::vector<hash256>& members);
/// A session that is `stored` so, of which `_hash` and the times were read, which are `times`: those of
/// `widest` instead, while nobody else has changed them. What is the same is not written. Errors: as above.
[[nodiscard]] expected<change> set_times(const bson_view& stored, const document& times,
                                         const document& widest);

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
/// The first notes of records, of one filter and one organisation, as one update of many documents. A record
/// in which something was noted in between is left as it is: `note_run` is for those.
struct alike_change {
  bson filter;
  bson_list stages;
};
[[nodiscard]] alike_change note_alike(std::span<const first_note* const> notes);
/// A record that stands there twice, each known to another organisation or server, and in which together
/// nothing is to be filtered: what was noted in one is noted in all that have the organisation.
[[nodiscard]] std::vector<change> note_in_doubles(const document& together);
/// The filter found no use in the record.
[[nodiscard]] change note_useless(const hash256& raw, const std::string& reason);
/// One more organisation has submitted the record.
[[nodiscard]] change note_submitter(const hash256& raw, const std::string& orgid,
                                    const std::string& timezone);
/// When a filter first ran on the record for the organisation, where that is not known yet. `who` is not
/// `fresh`: the first one, or any other.
[[nodiscard]] change note_first_run(const hash256& raw, const std::string& orgid, double first_run,
                                    submitter who);

}  // namespace cybexd::store::mongodb_archive
