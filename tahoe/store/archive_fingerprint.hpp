#pragma once
// The fingerprint of what an archive store holds now.
#include <functional>

#include "tahoe/fingerprint.hpp"
#include "tahoe/store/archive_store.hpp"

namespace cybexd::store {

/// Reads every document once; `seen` is told after each how many that were, and says whether to go on.
/// Errors: of the store, of `fingerprint_maker`, and cancelled.
[[nodiscard]] expected<tahoe::fingerprint> fingerprint_of(
    archive_store& archive, const std::function<bool(std::uint64_t documents)>& seen);

}  // namespace cybexd::store
