#pragma once
// The files that a command reads, all opened before the first is read, so that a wrong name costs nothing.
#include <string>
#include <vector>

#include "app/files.hpp"

namespace cybexd::app::cli {

struct input_file {
  std::string name;  ///< As it was given; "standard input" for `-`.
  descriptor file;   ///< Empty for standard input.
  [[nodiscard]] int number() const { return file ? file.get() : 0; }
  /// The name without its folders.
  [[nodiscard]] std::string short_name() const { return name.substr(name.rfind('/') + 1); }
};

/// Errors: not_found, unavailable, bad_input (standard input named twice, a folder).
[[nodiscard]] expected<std::vector<input_file>> open_inputs(const std::vector<std::string>& names);

}  // namespace cybexd::app::cli
