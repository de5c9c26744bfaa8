#include "app/operations/all.hpp"
#include "tahoe/fingerprint.hpp"

namespace cybexd::app::operations {

expected<tahoe::value> digest(engine& on, const tahoe::value&) {
  tahoe::fingerprint_maker maker;
  expected<void> added;
  const auto read = on.stores().archive->each([&](const tahoe::document& d) {
    added = maker.add(d);
    return added.has_value();
  });
  if (!read) return fail(read.error());
  if (!added) return fail(added.error());
  const auto made = maker.finish();
  if (!made) return fail(made.error());
  return made->to_value();
}

}  // namespace cybexd::app::operations
