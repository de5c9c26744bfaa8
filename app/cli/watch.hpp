#pragma once
// Shows on a terminal how far an operation has come that another thread waits for.
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "app/cli/backend.hpp"

namespace cybexd::app::cli {

struct work_seen {
  std::string what;  ///< What is counted; may be empty.
  std::uint64_t done = 0;
  std::uint64_t total = 0;  ///< 0: not known.
  std::uint64_t errors = 0;
};

/// Asks twice a second, and once more when it ends, and shows the answer, as long as it lives. Does nothing
/// where standard error is no terminal.
class watch {
 public:
  using question = std::function<std::optional<work_seen>()>;
  watch(std::string name, question ask);
  watch(const watch&) = delete;
  watch& operator=(const watch&) = delete;
  ~watch();

 private:
  void show(const std::string& name, const question& ask);

  std::mutex mutex_;
  std::condition_variable ends_;
  bool done_ = false;
  std::thread thread_;
};

/// Calls an operation that counts its work under a name (`progress`), and shows it meanwhile. Where signals
/// are held (`hold_signals_that_are_heard`, before anything is opened), one of them ends the operation,
/// wherever it runs, with `cancelled`, and a second one this process.
[[nodiscard]] expected<tahoe::value> call_watched(backend& to, std::string_view operation,
                                                  std::chrono::milliseconds within);

}  // namespace cybexd::app::cli
