// The copy that a backup is made of. The server makes it inside its own folder, by hard links: that takes a
// moment, needs no room and no rights elsewhere. The command copies it away at its leisure.
#include <filesystem>

#include "app/directory_lock.hpp"
#include "app/operations/all.hpp"
#include "app/operations/arguments.hpp"
#include "app/operations/tasks.hpp"

namespace cybexd::app::operations {

expected<tahoe::value> checkpoint(engine& on, const tahoe::value& input) {
  const auto values = on.values();
  const auto embedded = embedded_stores(*values);
  if (embedded.empty()) return fail(failure::bad_input, "backup: no store of this configuration is embedded");
  const auto& data = values->data_dir.path;
  const auto directory = data + "/checkpoint";
  // A caller that was killed leaves its call to the server, where it may meet that of the next backup.
  const std::lock_guard alone(on.checkpoint_guard);
  if (const auto holder = directory_lock::last_backup(data); integer(input, "process").value_or(0) != holder)
    return fail(failure::cancelled,
                "backup: given up, since process " + std::to_string(holder) + " makes one by now");
  if (const auto wanted = on.tasks()->begin("")->goes_on(); !wanted) return fail(wanted.error());
  std::error_code problem;
  std::filesystem::remove_all(directory, problem);
  if (problem) return fail(failure::unavailable, directory + " cannot be removed: " + problem.message());
  if (auto made = on.stores().backup(directory); !made) return fail(made.error());
  return tahoe::object{{"directory", directory}, {"stores", tahoe::array(embedded.begin(), embedded.end())}};
}

}  // namespace cybexd::app::operations
