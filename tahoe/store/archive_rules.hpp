#pragma once
// What the archive does with documents that meet again (`spec/tahoe.md`, `spec/filters.md`), for every home
// alike. Pure.
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "tahoe/store/archive_store.hpp"

namespace cybexd::store::archive_rules {

/// What a raw record's `_ref` gains: all that was made, but for the parts of sessions that no event holds.
[[nodiscard]] std::vector<hash256> refs_made(const tahoe::filters::product& product);

/// Context of a part within an event: 0 unknown, 1 benign, 2 malicious. Stored on disk: do not renumber.
[[nodiscard]] std::uint8_t context_in(const document& event, const hash256& part);

/// An event made again: the graver category stays, the contexts grow, malicious before benign. True when
/// `event` changed.
bool merge_event(document& event, const document& again);

/// A session met again: the earliest start and the latest end (with its duration) stay, over all and for each
/// organisation. True when `session` changed.
bool merge_times(document& session, const document& again);

/// Where a session keeps the times that each organisation's own records gave it: a list of objects {orgid,
/// start_time, end_time, duration}, by orgid, without values over 1 KiB. The session's own times come from
/// all of them: to who may see one organisation only they would tell when another one saw the same session.
inline constexpr std::string_view own_times_field = "_cybexd_times";
/// The field as it is; nullptr where there is none.
[[nodiscard]] const tahoe::value* own_times_of(const document& session);
void set_own_times(document& session, std::optional<tahoe::value> times);
/// Null, which records give and other modules leave there, is no time: it is as if the field was absent.
void forget_null_times(document& session);
/// Whether anything is said there about times.
[[nodiscard]] bool tells_times(const document& session);
/// The session as it is kept, with its times noted as the organisation's own. Nothing where it has no field
/// of them.
[[nodiscard]] std::optional<document> noted_for(const document& session, const std::string& orgid);
/// Leaves the times that come from the asker's organisations, and no list. What the list does not explain
/// (another module wrote it, or this server before it kept one) is shown only to who sees all of the
/// session's events, where no other organisation is on the list.
void narrow_times(document& session, const visibility& who, bool sees_all_events);

/// A new raw document as a write makes it: nothing but its own fields.
[[nodiscard]] document fresh_raw(const document& raw, bool with_data = true);
/// Adds the organisation of `again` to the submitters of `raw`. False when it is one already.
bool add_submitter(document& raw, const std::string& orgid, const std::string& timezone);
/// Whether the filter has run to an end for the organisation.
[[nodiscard]] bool has_run(const document& raw, const std::string& orgid, const std::string& filter_id);
/// When a filter first ran on the record for the organisation, where that was kept. Each organisation has a
/// time of its own: another one's would tell that it has the same record, and since when.
[[nodiscard]] std::optional<double> first_run_of(const document& raw, const std::string& orgid);
/// Keeps when a filter first ran for the organisation. False when that is known already.
bool note_first_run(document& raw, const std::string& orgid, double first_run);
/// Whether a field of a raw document keeps such times.
[[nodiscard]] bool is_first_run(std::string_view field);
/// All that are kept, in the order in which they were noted.
[[nodiscard]] std::vector<std::pair<std::string, double>> first_runs_of(const document& raw);
/// The product made again for the time that `stored` keeps, where it depends on when the filter first ran and
/// `result` was made for another time. `raw` has the record's data and the organisation it is filtered for.
[[nodiscard]] std::optional<filter_result> at_first_run(const document& stored, const document& raw,
                                                        const filter_result& result);
/// Notes a run (a usable one with `filter_id`, an unusable one with its reason) and the references made. True
/// when `raw` changed.
bool record_run(document& raw, const std::string& orgid, const filter_result& result);
/// A raw record as another archive keeps it: its organisations, filters that ran and references are added.
/// True when `raw` changed.
bool merge_raw(document& raw, const document& again);
/// A session as another archive keeps it: its events and times are added. True when `session` changed.
bool merge_session(document& session, const document& again);
/// Submitters for whom no filter has run yet: organisation and time zone.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> awaiting(const document& raw);
/// Bytes of raw data after which a page of `unfiltered` ends, however few records it has.
inline constexpr std::size_t enough_for_a_page = 16u << 20;
/// Adds a raw record once for each submitter it awaits a filter for; the bytes of data that are added.
std::size_t add_awaiting(document raw, std::vector<unfiltered_record>& page);

/// The hashes of the attributes, and of the objects, that a document's `data` is made of.
struct parts {
  std::unordered_set<hash256> attributes, objects;
  std::unordered_set<hash256> direct;  ///< Those of either that stand in `data` itself.
  std::optional<error> fault;          ///< Why a part is missing here: its canonical form passes the limit.
};
[[nodiscard]] parts parts_of(const tahoe::value& data, const tahoe::canonical_limits& limits = {});

/// How `_cref` and `_ref` contradict `data`, if they do (`spec/tahoe.md`): an attribute, object or event has
/// the hashes of its parts and no others, a session may refer to more. A raw record's are not told by `data`.
[[nodiscard]] std::optional<error> false_references(const document& d,
                                                    const tahoe::canonical_limits& limits = {});

/// Why an import refuses a document, if it does: a kind that is not kept here, references that contradict
/// each other.
[[nodiscard]] std::optional<error> why_refused(const document& d);

/// Sorts and removes doubles.
void normalise(std::vector<hash256>& hashes);

}  // namespace cybexd::store::archive_rules
