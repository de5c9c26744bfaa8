#include "actors/process_metrics.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

namespace cybexd::actors {

namespace {

// Fields of /proc/self/stat after the command, which stands in parentheses and may hold blanks; proc(5)
// counts them from 3.
struct stat_fields {
  double user_ticks = 0, system_ticks = 0, threads = 0, start_ticks = 0, virtual_bytes = 0,
         resident_pages = 0;
};

std::optional<stat_fields> read_stat() {
  std::ifstream file("/proc/self/stat");
  std::string line;
  if (!std::getline(file, line)) return std::nullopt;
  const auto end = line.rfind(')');
  if (end == std::string::npos) return std::nullopt;
  std::istringstream rest(line.substr(end + 1));
  stat_fields fields;
  std::string word;
  for (int number = 3; number <= 24 && rest >> word; ++number) {
    double* const into = number == 14   ? &fields.user_ticks
                         : number == 15 ? &fields.system_ticks
                         : number == 20 ? &fields.threads
                         : number == 22 ? &fields.start_ticks
                         : number == 23 ? &fields.virtual_bytes
                         : number == 24 ? &fields.resident_pages
                                        : nullptr;
    if (into != nullptr) std::istringstream(word) >> *into;
  }
  return fields;
}

std::optional<double> boot_time() {
  std::ifstream file("/proc/stat");
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("btime ")) continue;
    double seconds = 0;
    std::istringstream(line.substr(6)) >> seconds;
    return seconds;
  }
  return std::nullopt;
}

}  // namespace

std::vector<std::pair<std::string, double>> process_metrics() {
  std::vector<std::pair<std::string, double>> result;
  if (const auto fields = read_stat()) {
    const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
    const auto page = static_cast<double>(::sysconf(_SC_PAGESIZE));
    result.emplace_back("process_cpu_seconds_total", (fields->user_ticks + fields->system_ticks) / ticks);
    result.emplace_back("process_resident_memory_bytes", fields->resident_pages * page);
    result.emplace_back("process_virtual_memory_bytes", fields->virtual_bytes);
    result.emplace_back("process_threads", fields->threads);
    if (const auto boot = boot_time())
      result.emplace_back("process_start_time_seconds", *boot + fields->start_ticks / ticks);
  }
  std::error_code problem;
  double open = 0;
  for (std::filesystem::directory_iterator i("/proc/self/fd", problem), end; !problem && i != end;
       i.increment(problem))
    ++open;
  if (!problem) result.emplace_back("process_open_fds", open);
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0)
    result.emplace_back("process_max_fds", static_cast<double>(limit.rlim_cur));
  if (::getrlimit(RLIMIT_AS, &limit) == 0)
    result.emplace_back("process_virtual_memory_max_bytes",
                        limit.rlim_cur == RLIM_INFINITY ? -1 : static_cast<double>(limit.rlim_cur));
  return result;
}

}  // namespace cybexd::actors
