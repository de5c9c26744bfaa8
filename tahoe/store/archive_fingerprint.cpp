#include "tahoe/store/archive_fingerprint.hpp"

namespace cybexd::store {

expected<tahoe::fingerprint> fingerprint_of(archive_store& archive,
                                            const std::function<bool(std::uint64_t documents)>& seen) {
  tahoe::fingerprint_maker maker;
  std::uint64_t documents = 0;
  expected<void> added;
  const auto read = archive.each([&](const tahoe::document& d) {
    added = maker.add(d);
    if (added && !seen(++documents)) added = fail(failure::cancelled, "the fingerprint was given up");
    return added.has_value();
  });
  if (!read) return fail(read.error());
  if (!added) return fail(added.error());
  return maker.finish();
}

}  // namespace cybexd::store
