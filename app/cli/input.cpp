#include "app/cli/input.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

namespace cybexd::app::cli {

expected<std::vector<input_file>> open_inputs(const std::vector<std::string>& names) {
  std::vector<input_file> files;
  bool standard_input = false;
  for (const auto& name : names) {
    if (name == "-") {
      if (standard_input) return fail(failure::bad_input, "standard input is named twice");
      standard_input = true;
      files.push_back({"standard input", descriptor()});
      continue;
    }
    descriptor file(::open(name.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file)
      return fail(errno == ENOENT ? failure::not_found : failure::unavailable,
                  name + " cannot be opened: " + system_text(errno));
    struct stat about {};
    if (::fstat(file.get(), &about) == 0 && S_ISDIR(about.st_mode))
      return fail(failure::bad_input, name + " is a folder");
    files.push_back({name, std::move(file)});
  }
  return files;
}

}  // namespace cybexd::app::cli
