// The copy that a backup is made of. The server makes it inside its own folder, by hard links: that takes a
// moment, needs no room and no rights elsewhere. The command copies it away at its leisure.
#include <filesystem>

#include "app/operations/all.hpp"

namespace cybexd::app::operations {

expected<tahoe::value> checkpoint(engine& on, const tahoe::value&) {
  const auto values = on.values();
  const auto embedded = embedded_stores(*values);
  if (embedded.empty()) return fail(failure::bad_input, "backup: no store of this configuration is embedded");
  const auto directory = values->data_dir.path + "/checkpoint";
  std::error_code problem;
  std::filesystem::remove_all(directory, problem);
  if (problem) return fail(failure::unavailable, directory + " cannot be removed: " + problem.message());
  if (auto made = on.stores().backup(directory); !made) return fail(made.error());
  return tahoe::object{{"directory", directory}, {"stores", tahoe::array(embedded.begin(), embedded.end())}};
}

}  // namespace cybexd::app::operations
