#include "app/cli/watch.hpp"

#include <unistd.h>

#include "app/cli/output.hpp"
#include "app/signals.hpp"
#include "crypto/random.hpp"

namespace cybexd::app::cli {

watch::watch(std::string name, question ask) {
  if (::isatty(STDERR_FILENO) != 1) return;
  thread_ = std::thread([this, name = std::move(name), ask = std::move(ask)] { show(name, ask); });
}

watch::~watch() {
  {
    const std::lock_guard guard(mutex_);
    done_ = true;
  }
  ends_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void watch::show(const std::string& name, const question& ask) {
  constexpr std::chrono::milliseconds between{500};
  progress_of_parts shown(name);
  for (bool last = false; !last;) {
    {
      std::unique_lock guard(mutex_);
      last = ends_.wait_for(guard, between, [this] { return done_; });
    }
    if (const auto seen = ask()) shown.at(seen->what, seen->done, seen->total, seen->errors);
  }
}

namespace {

/// Ends an operation for a signal, as long as it lives.
class signal_watch {
 public:
  /// `give_up` answers whether the operation knows; one that has not begun yet is told again.
  explicit signal_watch(std::function<bool()> give_up)
      : thread_([give_up = std::move(give_up)](const std::stop_token& over) {
          constexpr std::chrono::milliseconds a_moment(50);
          bool told = false;
          for (int signals = 0; !over.stop_requested();) {
            if (next_signal(a_moment) && ++signals > 1) ::_exit(failed);
            if (signals > 0 && !told) told = give_up();
          }
        }) {}

 private:
  std::jthread thread_;
};

}  // namespace

expected<tahoe::value> call_watched(backend& to, std::string_view operation,
                                    std::chrono::milliseconds within) {
  // A signal that came while the stores were waited for: what is quick would be done before it is heard.
  if (next_signal(std::chrono::milliseconds(0)))
    return fail(failure::cancelled, "it was told to end before it was done");
  const auto name = crypto::random_word(24);
  const watch watching(std::string(operation), [ask = to.call_beside(), name]() -> std::optional<work_seen> {
    const auto state = ask("progress", tahoe::object{{"task", name}});
    if (!state) return std::nullopt;
    const auto count = [&](const char* key) { return static_cast<std::uint64_t>(integer_of(*state, key)); };
    return work_seen{text_of(*state, "what"), count("done"), count("total"), count("errors")};
  });
  const signal_watch listening([ask = to.call_beside(), name] {
    return ask("cancel", tahoe::object{{"task", name}}).has_value();
  });
  return to.call(operation, tahoe::object{{"task", name}}, within);
}

}  // namespace cybexd::app::cli
