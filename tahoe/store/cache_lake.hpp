#pragma once
// The cache data lake: sealed records that wait to be archived (`spec/archive.md`).
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "crypto/error.hpp"
#include "tahoe/document.hpp"
#include "tahoe/store/check_listener.hpp"

namespace cybexd::store {

using tahoe::hash256;

/// Opaque: 16 hex digits in the embedded lake (ascending with arrival), an ObjectId's 24 in MongoDB.
using entry_id = std::string;

struct new_entry {
  std::string name;
  std::string orgid;
  std::string typetag;
  std::string timezone = "UTC";
  double timestamp = 0;       ///< Arrival, Unix seconds.
  bool ndjson = false;        ///< Many records, one a line.
  std::uint64_t records = 1;  ///< Non-blank lines of an NDJSON entry; 1 otherwise. The books count records.
  std::string sealed;         ///< The envelope.
};

struct lake_entry {
  entry_id id;
  std::string name, orgid, typetag, timezone;
  double timestamp = 0;
  bool ndjson = false;
  std::uint64_t records = 1;
  std::uint64_t bytes = 0;  ///< Size of the envelope.
  bool forced = false;      ///< Was set aside before and is taken up again.
  /// Why no record can be made of it, though its file may be whole: what another program left out of it. Else
  /// empty.
  std::string fault{};
};

/// Stored on disk: do not renumber.
enum class entry_state : std::uint8_t {
  waiting = 0,
  processed = 1,
  not_supported = 2,
  error = 3,
  bad_data = 4,
  quarantined = 5
};
[[nodiscard]] std::string_view to_string(entry_state s);

struct bad_line {
  std::uint64_t number = 0;  ///< From 1.
  entry_state state = entry_state::error;
  std::string reason;
};

/// What became of an entry. Counts are records: archived + known + set_aside = records.
struct entry_mark {
  entry_id id;
  entry_state state = entry_state::processed;
  std::string reason;
  std::vector<hash256> refs;  ///< Raw documents made or found.
  std::vector<bad_line> bad_lines;
  std::uint64_t archived = 0, known = 0, set_aside = 0;
};

/// Whether there is something in it that an operator may want to retry or drop: the whole entry, or lines of
/// it.
[[nodiscard]] bool is_set_aside(const entry_mark& mark);
/// Whether it, or a line of it, has cost too many workers.
[[nodiscard]] bool is_quarantined(const entry_mark& mark);

/// An entry that is not waiting any more, or may be: for operators.
struct entry_report {
  lake_entry entry;
  entry_mark mark;
};

/// All that a lake keeps of an entry, to be put into another lake (`migrate`).
struct kept_entry {
  entry_report report;                ///< Ids are the other lake's; state waiting: no mark.
  std::optional<std::string> sealed;  ///< Nothing where the file went with the mark, or is lost.
};

/// Names an entry of another lake, wherever that lake is and however often it is asked: from its id there and
/// from what it was when it came.
[[nodiscard]] hash256 origin_of(const lake_entry& e);

/// The books, in one consistent look: accepted = archived + known + set_aside + pending, in records.
struct lake_books {
  std::uint64_t accepted = 0, archived = 0, known = 0, set_aside = 0, pending = 0;
  std::uint64_t quarantined_entries = 0;  ///< As a whole, or for a line of theirs.
  std::uint64_t waiting_entries = 0;
  std::optional<double> oldest_eligible;  ///< Arrival of the oldest waiting entry, Unix seconds.
};

/// Bad lines that a list shows of an entry.
inline constexpr std::size_t listed_lines = 20;

struct take_limits {
  std::size_t entries = 10'000;
  std::uint64_t bytes = 256u << 20;  ///< At least one entry is taken, however large.
  bool set_aside_too = false;        ///< `force_process`.
};

/// Errors of every call: unavailable (the lake is down; try again), corrupt. Thread safe.
class cache_lake {
 public:
  virtual ~cache_lake() = default;

  /// Durable on return; all or none.
  [[nodiscard]] virtual expected<std::vector<entry_id>> put(std::span<const new_entry> entries) = 0;

  /// Whether it takes writes now, tried as cheaply as may be: nothing is put. Errors: unavailable.
  [[nodiscard]] virtual expected<void> try_write() {
    const auto looked = books();
    return looked ? expected<void>{} : fail(looked.error());
  }

  /// Eligible entries that nobody has taken, oldest first; they stay taken until marked or released (or the
  /// server ends). With `set_aside_too` one pass offers each entry once: what is set aside again is offered
  /// again only after an empty take has ended the pass.
  [[nodiscard]] virtual expected<std::vector<lake_entry>> take(const take_limits& limits) = 0;
  /// Where an empty take left entries that other servers have taken: seconds until the first of their claims
  /// ends, unless they renew it. Nothing where no entry waits for that.
  [[nodiscard]] virtual expected<std::optional<double>> seconds_to_a_free_claim() {
    return std::optional<double>();
  }
  /// More than these one server should not have in work at once: where several share a lake, what one that is
  /// killed had in work waits for its claim to end, and then behind what the others have.
  [[nodiscard]] virtual std::size_t most_in_work() { return std::numeric_limits<std::size_t>::max(); }
  /// Gives taken entries back unmarked.
  [[nodiscard]] virtual expected<void> release(std::span<const entry_id> ids) = 0;
  /// The sealed bytes, in the order of `ids`. An item is corrupt or not_found where the file is broken or
  /// missing in the lake (bad data); the whole call is unavailable when the lake is down.
  [[nodiscard]] virtual expected<std::vector<expected<std::string>>> read_files(
      std::span<const entry_id> ids) = 0;
  /// Marks and forgets that they were taken. Marking an entry a second time replaces the mark and mends the
  /// books. Records that a mark does not count are set aside. Unknown ids (dropped meanwhile) are passed
  /// over. The file of a processed entry goes with the mark, unless lines of it were set aside or the home
  /// keeps archived files. Not synced on its own: a mark that a power failure loses is made again, with the
  /// same documents.
  [[nodiscard]] virtual expected<void> mark(std::span<const entry_mark> marks) = 0;

  [[nodiscard]] virtual expected<lake_books> books() = 0;
  [[nodiscard]] virtual expected<std::optional<entry_report>> find(const entry_id& id) = 0;
  /// Entries set aside (`is_set_aside`), in order of id after `after`; only quarantined ones, or all kinds.
  /// Their marks have no refs and the first `listed_lines` bad lines only: `find` has all.
  [[nodiscard]] virtual expected<std::vector<entry_report>> set_aside(const entry_id& after,
                                                                      std::size_t limit,
                                                                      bool quarantined_only) = 0;
  /// Makes entries set aside eligible again (`quarantine retry`); of one with lines set aside all lines are
  /// tried again, and the good ones are known by then. All or none. Errors also: not_found (no such entry),
  /// conflict (it is not set aside).
  [[nodiscard]] virtual expected<void> retry(std::span<const entry_id> ids) = 0;
  /// Removes entries set aside for good (`quarantine drop`); the books keep them as set aside. All or none.
  /// Errors as for `retry`.
  [[nodiscard]] virtual expected<void> drop(std::span<const entry_id> ids) = 0;

  /// All entries, in whatever state, in order of id after `after`. One whose row is damaged is shown as bad
  /// data with the reason.
  [[nodiscard]] virtual expected<std::vector<entry_report>> entries(const entry_id& after,
                                                                    std::size_t limit) = 0;
  /// Which of these were adopted before, by their `origin_of`.
  [[nodiscard]] virtual expected<std::vector<bool>> adopted(std::span<const hash256> origins) = 0;
  /// Takes entries of another lake over as they are, marks and books included, under ids of its own that come
  /// in this order. Those that were adopted before are passed over, so that doing it again doubles nothing.
  /// Durable on return.
  [[nodiscard]] virtual expected<void> adopt(std::span<const kept_entry> entries) = 0;

  /// Compares what a home keeps for itself, lists and sums, with the rest, from one consistent look.
  /// Nothing to do where it keeps nothing of the kind. Errors also: cancelled (the listener's wish).
  [[nodiscard]] virtual expected<void> check(const check_listener& listener) {
    (void)listener;
    return {};
  }
};

}  // namespace cybexd::store
