#pragma once
// What may be taken up again of that which was set aside.
#include <optional>
#include <span>
#include <vector>

#include "crypto/keys.hpp"
#include "tahoe/store/cache_lake.hpp"

namespace cybexd::actors {

/// Whether a retry of this entry can leave it no worse than it stands. An upload of which some lines are
/// archived is left as it is where its envelope does not open with this key, as after a change of keys: all
/// of it would be set aside, though records of it stay in the archive. Reads the file of such an entry.
/// Errors: unavailable.
[[nodiscard]] expected<bool> may_be_retried(store::cache_lake& lake, const crypto::private_key& key,
                                            const store::entry_report& entry);

/// Those of a page that may be retried; says of the others in the log that they stay. Without a key: all.
[[nodiscard]] expected<std::vector<store::entry_id>> worth_a_retry(
    store::cache_lake& lake, const std::optional<crypto::private_key>& key,
    std::span<const store::entry_report> page);

}  // namespace cybexd::actors
