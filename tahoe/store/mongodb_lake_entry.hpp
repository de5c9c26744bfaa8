#pragma once
// An entry of the cache data lake as it stands in MongoDB. Internal to tahoe/store/.
//
// As the original API and archive module write it: `_id`, `name`, `orgid`, `typetag`, `timezone`, `timestamp`
// (double), `processed`, `fid`; then `_ref`, `skip`, `skip_reason`, `bad_data`. `format` is "ndjson" for many
// records in one file. Ours besides:
//
//   _cybexd_records     records in the file, where it is not 1
//   _cybexd_bytes       of the envelope; absent: the entry is another's, and its file stays until an
//                       operator drops the entry
//   _cybexd_state       why it is set aside: "not_supported", "error", "quarantined"; "lines": it is
//                       processed but for lines; "dropped": it is gone
//                       for everybody, only its place in the books is left
//   _cybexd_archived, _cybexd_known, _cybexd_set_aside    records, once it is marked
//   _cybexd_lines       [{number, state, reason}]: bad lines
//   _cybexd_parts       how many documents of `COLL_cybexd_parts` hold further `_ref` and `_cybexd_lines`
//   _cybexd_aside       true: it is or was set aside
//   _cybexd_origin      32 digits of `origin_of`: it was adopted from another lake
//
// Who works on an entry stands beside the entries (mongodb_claims.hpp), and so does the quarantine
// (mongodb_quarantine.hpp).
// A file that our intake put names its entry in `_cybexd_entry` of `fs.files`.
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tahoe/store/cache_lake.hpp"
#include "tahoe/store/mongodb_bson.hpp"
#include "tahoe/store/mongodb_claims.hpp"

namespace cybexd::store::lake_document {

/// Absent, null, false and 0 are all "no", as to the original; a filter and the test of one field.
[[nodiscard]] bson is_no();
[[nodiscard]] bson is_yes();
[[nodiscard]] bool yes(const bson_element& field);

/// As BSON can hold it, which is UTF-8 only; what an uploader sent may be anything.
[[nodiscard]] std::string stored_text(std::string_view text);

/// The `_id`s that can be named: ObjectIds. Documents with another one are no entries.
[[nodiscard]] std::optional<object_id> to_object_id(const entry_id& id);

/// Unix seconds. A timestamp that is neither number nor date says nothing: then when the `_id` was made.
[[nodiscard]] double arrival(const bson_element& timestamp, const object_id& id);

/// What a new entry is stored as. Its file is written before it.
[[nodiscard]] bson from(const new_entry& entry, const object_id& id, const object_id& file);

struct read_entry {
  lake_entry entry;
  object_id id;
  std::optional<object_id> file;
  bool own = false;    ///< Our intake put it: its size is in `entry`, and its file is ours to remove.
  bool fresh = false;  ///< It bears no mark of any kind.
  std::string damage;  ///< Why it names no file; it is bad data then. Else empty.
};
/// Never fails: what is odd is said in `damage` or in the entry's `fault`, or has a default: no name, UTC,
/// and of a time of arrival the second in which its `_id` was made.
[[nodiscard]] read_entry to_entry(const bson_view& document);

/// What is kept of it while it is taken.
[[nodiscard]] held_entry held_from(const read_entry& read);

/// The fields that `to_entry` asks for.
[[nodiscard]] bson entry_fields();

[[nodiscard]] entry_state state_of(const bson_view& document);
[[nodiscard]] bool dropped(const bson_view& document);
/// Whether it, or a line of it, is set aside (`is_set_aside` of its mark, without reading the lines).
[[nodiscard]] bool set_aside(const bson_view& document);
/// A filter: entries that are not processed, and processed ones of which lines are set aside.
[[nodiscard]] bson not_done_with();
/// As it is stored in the entry itself; further refs and lines may be in parts.
[[nodiscard]] entry_mark to_mark(const bson_view& document);

/// A part of a mark that an entry has no room for.
struct mark_part {
  bson_list refs, lines;
};
/// Refs and lines of a mark in pieces that each fit into a document; at least one. The first goes into the
/// entry.
[[nodiscard]] std::vector<mark_part> parts_of(const entry_mark& mark);
/// How the change is made that marks an entry; another way where the server refuses one.
struct mark_ways {
  bool replace_refs = false;  ///< What stands in `_ref` is no list.
  bool lists = true;          ///< False: no refs and lines, where there is no room for them.
  bool fresh = false;         ///< The entry bears no mark, so none has to be taken away.
};
/// `mark` is balanced.
[[nodiscard]] bson marking(const entry_mark& mark, const mark_part& first, std::size_t parts,
                           const mark_ways& ways);
/// The change that makes an entry wait again, and the one that drops it with the counts it has.
[[nodiscard]] bson waiting_again();
[[nodiscard]] bson dropping(const entry_mark& mark);

}  // namespace cybexd::store::lake_document
