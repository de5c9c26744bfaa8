#include "tahoe/store/archive_fingerprint.hpp"

namespace cybexd::store {

expected<tahoe::fingerprint> fingerprint_of(archive_store& archive,
                                            const std::function<void(std::uint64_t documents)>& seen) {
  tahoe::fingerprint_maker maker;
  std::uint64_t documents = 0;
  expected<void> added;
  const auto read = archive.each([&](const tahoe::document& d) {
    added = maker.add(d);
    seen(++documents);
    return added.has_value();
  });
  if (!read) return fail(read.error());
  if (!added) return fail(added.error());
  return maker.finish();
}

}  // namespace cybexd::store
