#include "app/operations/all.hpp"
#include "app/operations/arguments.hpp"
#include "app/operations/tasks.hpp"
#include "tahoe/store/archive_fingerprint.hpp"

namespace cybexd::app::operations {

expected<tahoe::value> digest(engine& on, const tahoe::value& input) {
  const auto work = on.tasks()->begin(text_or(input, "task", ""));
  auto& archive = *on.stores().archive;
  const auto total = archive.size();
  if (!total) return fail(total.error());
  const auto made = store::fingerprint_of(
      archive, [&](std::uint64_t documents) { return work->at("documents", documents, *total); });
  if (const auto whole = work->goes_on(); !whole) return fail(whole.error());
  if (!made) return fail(made.error());
  return made->to_value();
}

}  // namespace cybexd::app::operations
