// Parses the command line, runs the command, ends with its exit status.
#include <sys/stat.h>

#include <csignal>
#include <cstdio>
#include <exception>

#include "app/cli/command.hpp"

int main(int count, char** words) {
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
