#include "app/signals.hpp"

#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "app/files.hpp"

namespace cybexd::app {
namespace {

constexpr std::array signals{SIGTERM, SIGINT, SIGHUP};

sigset_t held() {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int number : signals) ::sigaddset(&set, number);
  return set;
}

}  // namespace

void hold_signals() {
  const auto set = held();
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

void hold_signals_that_are_heard() {
  auto set = held();
  for (const int number : signals) {
    struct sigaction before {};
    if (::sigaction(number, nullptr, &before) == 0 && before.sa_handler == SIG_IGN) ::sigdelset(&set, number);
  }
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

std::optional<signal_kind> next_signal(std::chrono::milliseconds within) {
  const auto set = held();
  timespec wait{};
  wait.tv_sec = within.count() / 1000;
  wait.tv_nsec = (within.count() % 1000) * 1'000'000;
  const int number = ::sigtimedwait(&set, nullptr, &wait);
  if (number == SIGHUP) return signal_kind::reload;
  if (number == SIGTERM || number == SIGINT) return signal_kind::stop;
  return std::nullopt;
}

void tell_systemd(const std::string& state) {
  const char* path = std::getenv("NOTIFY_SOCKET");
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  if (!path || (path[0] != '/' && path[0] != '@') || std::strlen(path) >= sizeof to.sun_path) return;
  std::memcpy(to.sun_path, path, std::strlen(path));
  if (path[0] == '@') to.sun_path[0] = '\0';  // the abstract name space
  const descriptor socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) return;
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + std::strlen(path));
  // Nobody to tell it to if this fails: systemd then ends us after its own deadline, and says so.
  static_cast<void>(::sendto(socket.get(), state.data(), state.size(), MSG_NOSIGNAL,
                             reinterpret_cast<const sockaddr*>(&to), size));
}

void tell_systemd_of_reload() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  const auto microseconds = static_cast<std::int64_t>(now.tv_sec) * 1'000'000 + now.tv_nsec / 1000;
  tell_systemd("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(microseconds));
}

std::optional<std::chrono::milliseconds> systemd_watchdog() {
  const char* usec = std::getenv("WATCHDOG_USEC");
  const char* pid = std::getenv("WATCHDOG_PID");
  if (!usec || (pid && std::to_string(::getpid()) != pid)) return std::nullopt;
  std::uint64_t microseconds = 0;
  const auto end = usec + std::strlen(usec);
  if (std::from_chars(usec, end, microseconds).ptr != end || microseconds < 1000) return std::nullopt;
  return std::chrono::milliseconds(microseconds / 1000);
}

}  // namespace cybexd::app
