#pragma once
// The fingerprint of what an archive store holds now.
#include <functional>

#include "tahoe/fingerprint.hpp"
#include "tahoe/store/archive_store.hpp"

namespace cybexd::store {

/// Reads every document once; `seen` is told after each how many that were. Errors: of the store, and of
/// `fingerprint_maker`.
[[nodiscard]] expected<tahoe::fingerprint> fingerprint_of(
    archive_store& archive, const std::function<void(std::uint64_t documents)>& seen);

}  // namespace cybexd::store
