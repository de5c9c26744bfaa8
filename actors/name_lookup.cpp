#include "actors/name_lookup.hpp"

#include <netdb.h>
#include <sys/socket.h>

#include <condition_variable>
#include <map>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

namespace cybexd::actors {
namespace {

struct free_addresses {
  void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};

std::vector<socket_address> look_up(const std::string& host, std::uint16_t port, int flags) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) return {};
  const std::unique_ptr<addrinfo, free_addresses> addresses(found);
  std::vector<socket_address> out;
  for (const auto* one = addresses.get(); one != nullptr; one = one->ai_next)
    out.push_back({one->ai_family, {reinterpret_cast<const char*>(one->ai_addr), one->ai_addrlen}});
  return out;
}

using name = std::pair<std::string, std::uint16_t>;

struct answer {
  bool known = false;
  std::vector<socket_address> addresses;
};

}  // namespace

std::vector<socket_address> resolve(const std::string& host, std::uint16_t port) {
  return look_up(host, port, 0);
}

/// What the threads hold, so that they may outlive the object.
struct name_lookup::shared {
  resolver by;
  std::size_t most;
  std::mutex guard;
  std::condition_variable changed;
  std::map<name, std::shared_ptr<answer>> running;

  static void run(const std::shared_ptr<shared>& all, const name& whom) {
    std::vector<socket_address> found;
    try {
      found = all->by(whom.first, whom.second);
    } catch (const std::exception&) {  // allowed: no memory; a thread's exception would end the process
    }
    {
      const std::scoped_lock lock(all->guard);
      const auto asked = all->running.extract(whom);
      *asked.mapped() = {true, std::move(found)};
    }
    all->changed.notify_all();
  }
};

name_lookup::name_lookup(resolver by, std::size_t most) : shared_(std::make_shared<shared>()) {
  shared_->by = std::move(by);
  shared_->most = most;
}

std::optional<std::vector<socket_address>> name_lookup::find(const std::string& host, std::uint16_t port,
                                                             std::chrono::steady_clock::time_point deadline) {
  if (auto address = look_up(host, port, AI_NUMERICHOST); !address.empty()) return address;
  const name whom{host, port};
  std::unique_lock lock(shared_->guard);
  auto& running = shared_->running;
  auto found = running.find(whom);
  if (found == running.end()) {
    if (running.size() >= shared_->most) return std::nullopt;
    try {
      std::thread([all = shared_, whom] { shared::run(all, whom); }).detach();
    } catch (const std::system_error&) {  // allowed: std::thread throws where no thread is to be had
      return std::nullopt;
    }
    found = running.emplace(whom, std::make_shared<answer>()).first;  // the thread waits for the lock
  }
  const auto asked = found->second;
  if (!shared_->changed.wait_until(lock, deadline, [&] { return asked->known; })) return std::nullopt;
  return asked->addresses;
}

}  // namespace cybexd::actors
