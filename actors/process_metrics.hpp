#pragma once
// What Prometheus clients say about their process, read from /proc.
#include <string>
#include <utility>
#include <vector>

namespace cybexd::actors {

/// `process_cpu_seconds_total`, `process_resident_memory_bytes`, `process_virtual_memory_bytes`,
/// `process_open_fds`, `process_max_fds`, `process_start_time_seconds`, `process_threads`. Those that cannot
/// be read are left out.
[[nodiscard]] std::vector<std::pair<std::string, double>> process_metrics();

}  // namespace cybexd::actors
