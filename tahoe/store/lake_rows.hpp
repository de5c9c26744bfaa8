#pragma once
// The rows of the embedded lake. Internal to tahoe/store/.
//
//   lake_entries  number 'e'  -> entry          (number: 8 bytes, ascending with arrival)
//                 number 'm'  -> mark           (absent while the entry waits)
//   lake_waiting  number      -> nothing
//   lake_aside    number      -> state, 8 bytes; quarantined also where only a line is
//   lake_files    number      -> envelope
//   lake_meta     "books"     -> sums, see lake_sums; "last" -> the highest number that a dropped entry had;
//                 "tried" -> nothing, written to see whether writing works
//                 'o' 16 bytes of `origin_of` -> number; entries adopted from another lake
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tahoe/store/cache_lake.hpp"

namespace cybexd::store {

[[nodiscard]] std::string entry_key(std::uint64_t number);
[[nodiscard]] std::string mark_key(std::uint64_t number);
/// The key of an entry in the other families.
[[nodiscard]] std::string number_key(std::uint64_t number);
/// Where an adopted entry is noted.
[[nodiscard]] std::string origin_key(const hash256& origin);

[[nodiscard]] std::string to_row(const lake_entry& e);
/// `numbers`: the archive's own numbers of `m.refs`, ascending, where it is of the same home; they are stored
/// in the place of the hashes, a byte or two each instead of 32. Empty: the hashes are stored.
[[nodiscard]] std::string to_row(const entry_mark& m, std::span<const std::uint64_t> numbers = {});
/// The row of `lake_aside` of a mark that is set aside.
[[nodiscard]] std::string aside_row(const entry_mark& m);
/// Errors: corrupt, naming the entry.
[[nodiscard]] expected<lake_entry> entry_from_row(std::uint64_t number, std::string_view row);
/// A mark as stored: where `numbers` is not empty, `mark.refs` is, and the archive knows the hashes.
struct stored_mark {
  entry_mark mark;
  std::vector<std::uint64_t> numbers;
};
[[nodiscard]] expected<stored_mark> mark_from_row(std::uint64_t number, std::string_view row);

/// The books as they are stored, or a change to them: merged by addition.
struct lake_sums {
  std::int64_t accepted = 0, archived = 0, known = 0, set_aside = 0, waiting_entries = 0,
               quarantined_entries = 0;

  /// What an entry of so many records adds while it is as the mark says; no mark: it waits.
  void add(std::uint64_t records, const std::optional<entry_mark>& mark, int times);
  [[nodiscard]] bool zero() const { return *this == lake_sums{}; }
  bool operator==(const lake_sums&) const = default;
};
[[nodiscard]] std::string to_row(const lake_sums& s);
[[nodiscard]] expected<lake_sums> sums_from_row(std::string_view row);

}  // namespace cybexd::store
