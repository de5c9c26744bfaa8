#include "app/socket_path.hpp"

#include <fcntl.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>

namespace cybexd::app {

expected<socket_path> socket_path::of(const std::string& path) {
  constexpr std::size_t longest = sizeof(sockaddr_un::sun_path) - 1;
  if (path.size() <= longest) return socket_path(path);
  const auto slash = path.rfind('/');
  const auto folder = slash == std::string::npos ? std::string(".") : path.substr(0, slash + 1);
  descriptor open(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!open)
    return fail(failure::unavailable, "the folder " + folder + " cannot be opened: " + std::strerror(errno));
  auto name = "/proc/self/fd/" + std::to_string(open.get()) + "/" + path.substr(slash + 1);
  if (name.size() > longest)
    return fail(failure::bad_input, "the name of the socket is too long: " + path.substr(slash + 1));
  return socket_path(std::move(name), std::move(open));
}

}  // namespace cybexd::app
