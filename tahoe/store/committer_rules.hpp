#pragma once
// What every committer does alike: from works to records, and from the archive's answers to marks. Internal
// to tahoe/store/.
#include <cstddef>
#include <span>
#include <vector>

#include "tahoe/store/committer.hpp"

namespace cybexd::store {

/// How many records each work holds; ask before `records_of`.
[[nodiscard]] std::vector<std::size_t> sizes_of(std::span<const entry_work> batch);
/// Moves all records out, in order.
[[nodiscard]] std::vector<record_write> records_of(std::vector<entry_work>& batch);
/// Moves the marks out with what the archive answered for each work's records. Errors: internal (counts
/// differ).
[[nodiscard]] expected<std::vector<entry_mark>> marks_of(std::vector<entry_work>& batch,
                                                         std::span<const std::size_t> sizes,
                                                         std::span<const record_result> results);
/// The marks of entries that end with this batch.
[[nodiscard]] std::vector<entry_mark> finished(std::span<const entry_work> batch,
                                               std::span<const entry_mark> marks);

}  // namespace cybexd::store
