#pragma once
// Unix sockets in folders whose paths are long.
#include <string>

#include "app/files.hpp"

namespace cybexd::app {

/// A name for the socket at a path that fits into an address, which holds no more than 107 bytes: the path
/// itself, or one through the folder, which is open as long as this lives. Bind or connect before it ends.
class socket_path {
 public:
  /// Errors: bad_input (the name without its folders is too long), unavailable (the folder cannot be opened).
  [[nodiscard]] static expected<socket_path> of(const std::string& path);

  [[nodiscard]] const std::string& short_name() const { return name_; }

 private:
  explicit socket_path(std::string name, descriptor folder = descriptor())
      : folder_(std::move(folder)), name_(std::move(name)) {}
  descriptor folder_;
  std::string name_;
};

}  // namespace cybexd::app
