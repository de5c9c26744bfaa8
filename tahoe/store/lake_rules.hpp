#pragma once
// Rules that every home of the lake keeps alike. Internal to tahoe/store/.
#include <cstdint>
#include <optional>
#include <string>

#include "tahoe/store/cache_lake.hpp"

namespace cybexd::store {

/// 16 hexadecimal digits, ascending with arrival, and back; nothing for other text.
[[nodiscard]] entry_id to_entry_id(std::uint64_t number);
[[nodiscard]] std::optional<std::uint64_t> entry_number(const entry_id& id);

/// Whether its file is of no more use, where archived files are not kept.
[[nodiscard]] bool is_done_with(const entry_mark& mark);

/// As a list shows it: what can be much is left out.
[[nodiscard]] entry_report listed(entry_report whole);

/// The mark with counts that add up to the entry's records: what is missing counts as set aside. A mark that
/// counts more than the entry was accepted with keeps its counts; the caller then accepts the difference.
[[nodiscard]] entry_mark balanced(entry_mark mark, std::uint64_t records);
/// The mark of an entry that is taken over; nothing while it waits.
[[nodiscard]] std::optional<entry_mark> adopted_mark(const entry_report& report);
[[nodiscard]] inline std::uint64_t counted(const entry_mark& mark) {
  return mark.archived + mark.known + mark.set_aside;
}

}  // namespace cybexd::store
