#pragma once
// What a piece of work cost: by the clock, by the processor, and what held it up meanwhile.
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <string>
#include <thread>
#include <vector>

#include "tahoe/value.hpp"

namespace cybexd::bench {

struct cost {
  double clock_ms = 0, processor_ms = 0;
  long blocks = 0;  ///< Read from the disk, not from memory.
  double rows = 0;

  /// Something else on the machine had the processor meanwhile: a slice of the scheduler is 4 ms.
  [[nodiscard]] bool held_up() const { return blocks == 0 && clock_ms - processor_ms > 1; }
};

/// So many that the 99th percentile says how busy the machine is, and nothing of the work.
inline bool disturbed(const std::vector<cost>& all) {
  const auto held_up = std::count_if(all.begin(), all.end(), [](const cost& c) { return c.held_up(); });
  return static_cast<std::size_t>(held_up) * 200 > all.size();
}

/// Of this thread, from its making to `stop`.
class stopwatch {
 public:
  stopwatch() : usage_(used()), processor_(processor()), begin_(std::chrono::steady_clock::now()) {}

  [[nodiscard]] cost stop(std::uint64_t rows) const {
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin_;
    const auto now = used();
    return {took.count(), processor() - processor_, now.ru_inblock - usage_.ru_inblock,
            static_cast<double>(rows)};
  }

 private:
  static rusage used() {
    rusage out{};
    ::getrusage(RUSAGE_THREAD, &out);
    return out;
  }
  static double processor() {
    timespec t{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) * 1e3 + static_cast<double>(t.tv_nsec) / 1e6;
  }

  rusage usage_;
  double processor_;
  std::chrono::steady_clock::time_point begin_;
};

/// Waits until this process does nothing any more on its own: a store that was just built and opened puts its
/// files in order first. A minute at most; answers how many seconds it took.
inline double settle() {
  const auto begin = std::chrono::steady_clock::now();
  const auto seconds = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  };
  for (int quiet = 0; quiet < 3 && seconds() < 60;) {
    const auto before = std::clock();
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    const bool idle = std::clock() - before < CLOCKS_PER_SEC / 100;
    quiet = idle ? quiet + 1 : 0;
  }
  return seconds();
}

/// Median, 99th percentile and most of many costs, for a table and as JSON. They are of the last of `rounds`.
inline tahoe::value summed_up(const std::string& name, const std::vector<cost>& all, int rounds) {
  const auto at = [&](auto member, std::size_t percent) {
    std::vector<double> sorted;
    for (const auto& one : all) sorted.push_back(static_cast<double>(one.*member));
    std::sort(sorted.begin(), sorted.end());
    return sorted[std::min(sorted.size() - 1, sorted.size() * percent / 100)];
  };
  const auto count = [&](auto holds) {
    return static_cast<std::int64_t>(std::count_if(all.begin(), all.end(), holds));
  };
  const auto held_up = count([](const cost& c) { return c.held_up(); });
  const auto from_disk = count([](const cost& c) { return c.blocks > 0; });
  std::fprintf(stderr,
               "%-50s p50 %9.3f  p99 %9.3f  most %9.3f ms  processor %9.3f %9.3f ms  rows %7.0f %7.0f  "
               "held up %lld, disk %lld, rounds %d\n",
               name.c_str(), at(&cost::clock_ms, 50), at(&cost::clock_ms, 99), at(&cost::clock_ms, 100),
               at(&cost::processor_ms, 50), at(&cost::processor_ms, 99), at(&cost::rows, 50),
               at(&cost::rows, 100), static_cast<long long>(held_up), static_cast<long long>(from_disk),
               rounds);
  return tahoe::object{{"name", name},
                       {"reports", static_cast<std::int64_t>(all.size())},
                       {"p50", at(&cost::clock_ms, 50)},
                       {"p99", at(&cost::clock_ms, 99)},
                       {"most", at(&cost::clock_ms, 100)},
                       {"processor p50", at(&cost::processor_ms, 50)},
                       {"processor p99", at(&cost::processor_ms, 99)},
                       {"rows p50", at(&cost::rows, 50)},
                       {"rows most", at(&cost::rows, 100)},
                       {"held up", held_up},
                       {"from disk", from_disk},
                       {"rounds", rounds}};
}

}  // namespace cybexd::bench
