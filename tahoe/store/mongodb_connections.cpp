#include "tahoe/store/mongodb_connections.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <charconv>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <vector>

namespace cybexd::store {
namespace {

using name_call = int (*)(int, sockaddr*, socklen_t*);

/// One end of a socket as a place; nothing where it has none, or is no socket.
std::optional<std::string> place_of(int socket, name_call ask) {
  sockaddr_storage name{};
  socklen_t size = sizeof name;
  if (ask(socket, reinterpret_cast<sockaddr*>(&name), &size) != 0) return std::nullopt;
  if (name.ss_family == AF_INET)
    return std::to_string(ntohs(reinterpret_cast<const sockaddr_in*>(&name)->sin_port));
  if (name.ss_family == AF_INET6)
    return std::to_string(ntohs(reinterpret_cast<const sockaddr_in6*>(&name)->sin6_port));
  if (name.ss_family != AF_UNIX || size <= offsetof(sockaddr_un, sun_path)) return std::nullopt;
  return std::string(reinterpret_cast<const sockaddr_un*>(&name)->sun_path);
}

bool listens(int socket) {
  int yes = 0;
  socklen_t size = sizeof yes;
  return ::getsockopt(socket, SOL_SOCKET, SO_ACCEPTCONN, &yes, &size) == 0 && yes != 0;
}

std::vector<int> descriptors() {
  std::vector<int> all;
  std::error_code problem;  // without /proc nothing is cut, and the driver's own deadlines hold
  for (std::filesystem::directory_iterator one("/proc/self/fd", problem), end; !problem && one != end;
       one.increment(problem)) {
    const auto name = one->path().filename().string();
    int number = -1;
    if (std::from_chars(name.data(), name.data() + name.size(), number).ec == std::errc())
      all.push_back(number);
  }
  return all;
}

}  // namespace

void cut_connections(const server_places& to) {
  const auto all = descriptors();
  server_places our_own;  // a connection that was accepted there is not one that was made
  for (const int one : all)
    if (listens(one))
      if (auto place = place_of(one, ::getsockname)) our_own.insert(std::move(*place));
  for (const int one : all) {
    const auto there = place_of(one, ::getpeername);
    if (!there || !to.contains(*there)) continue;
    const auto here = place_of(one, ::getsockname);
    if (!here || !our_own.contains(*here)) ::shutdown(one, SHUT_RDWR);
  }
}

}  // namespace cybexd::store
