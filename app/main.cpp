// Parses the command line, runs the command, ends with its exit status.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <exception>
#include <string_view>

#include "app/cli/command.hpp"

namespace {

// The MongoDB driver keeps counters, which nobody reads here, in a file of /dev/shm that it makes before
// `main`. A process that is killed leaves it behind, and the next one with its number warned on standard
// error, whatever it was for.
[[gnu::no_sanitize("address", "undefined")]] void remove_counters() {
  constexpr std::string_view place = "/dev/shm/mongoc-";
  std::array<char, 64> path{};
  const auto number = std::copy(place.begin(), place.end(), path.begin());
  std::to_chars(number, path.end() - 1, ::getpid());
  ::unlink(path.data());
}
[[gnu::no_sanitize("address", "undefined")]] void remove_what_another_left(int, char**, char**) {
  remove_counters();
}
// The functions of this array run before those of all libraries.
[[gnu::section(".preinit_array"), gnu::used]] void (*const first_of_all)(int, char**,
                                                                         char**) = &remove_what_another_left;

}  // namespace

int main(int count, char** words) {
  remove_counters();
  ::umask(077);                   // what we write is nobody else's business unless it is said
  std::signal(SIGXFSZ, SIG_IGN);  // a limit on the size of files is an error of the write, as a full disk is
  std::signal(SIGPIPE, SIG_IGN);  // a reader that goes away is an error of the write, not our end
  try {
    return cybexd::app::cli::run(count, words);
  } catch (const std::exception& problem) {
    std::fprintf(stderr,
                 "cybexd: %s\nThis is a fault of cybexd itself: please report it with this message.\n",
                 problem.what());
    return cybexd::app::cli::failed;
  }
}
