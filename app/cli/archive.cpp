// `archive once` and `status`.
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "app/cli/functions.hpp"
#include "app/cli/numbers.hpp"
#include "app/cli/with_backend.hpp"

namespace cybexd::app::cli {
namespace {

double number_of(const tahoe::value& v, std::string_view key) {
  const auto* found = v.find(key);
  double room = 0;
  const auto* number = found ? found->number(room) : nullptr;
  return number ? *number : 0;
}

/// Shows on a terminal how far the archive line has come, as long as it lives.
class line_watch {
 public:
  explicit line_watch(const backend& to) {
    if (::isatty(STDERR_FILENO) == 1) thread_ = std::thread([this, ask = to.status_beside()] { show(ask); });
  }
  line_watch(const line_watch&) = delete;
  line_watch& operator=(const line_watch&) = delete;
  ~line_watch() {
    {
      const std::lock_guard guard(mutex_);
      done_ = true;
    }
    ends_.notify_all();
    if (thread_.joinable()) thread_.join();
  }

 private:
  void show(const std::function<expected<tahoe::value>()>& ask) {
    progress shown("archive once");
    std::optional<std::uint64_t> before, refused_before;
    for (std::unique_lock guard(mutex_); !done_; ends_.wait_for(guard, std::chrono::milliseconds(500))) {
      const auto state = ask();
      const auto* lake = state ? state->find("lake") : nullptr;
      if (lake == nullptr) continue;
      const auto count = [lake](const char* key) {
        return static_cast<std::uint64_t>(integer_of(*lake, key));
      };
      const auto refused = count("set_aside"), over = count("archived") + count("known") + refused;
      before = before.value_or(over);
      refused_before = refused_before.value_or(refused);
      const auto moved = over - std::min(*before, over);
      shown.at(moved, moved + count("pending"), refused - std::min(*refused_before, refused));
    }
  }

  std::mutex mutex_;
  std::condition_variable ends_;
  bool done_ = false;
  std::thread thread_;
};

std::string summary_text(const tahoe::value& s) {
  std::string text;
  for (const auto& [key, name] : {std::pair{"archived", "archived"},
                                  {"known", "already known"},
                                  {"not_supported", "not supported"},
                                  {"errors", "errors"},
                                  {"bad_data", "bad data"},
                                  {"quarantined", "quarantined"},
                                  {"filtered", "filtered"}}) {
    text += name + std::string(16 - std::string_view(name).size(), ' ') + shown(s, key) + "\n";
  }
  return text + "seconds         " + std::to_string(number_of(s, "seconds")) + "\nrecords/second  " +
         std::to_string(static_cast<std::int64_t>(number_of(s, "records_per_second")));
}

std::string status_text(const tahoe::value& s) {
  const tahoe::value none;
  const auto part = [&](std::string_view key) -> const tahoe::value& {
    const auto* found = s.find(key);
    return found ? *found : none;
  };
  const auto& lake = part("lake");
  const auto& line = part("line");
  std::string text = shown(s, "running") == "true"
                         ? "server:       up for " + span_text(number_of(s, "uptime_seconds")) +
                               ", version " + text_of(s, "version") + "\n"
                         : "server:       not running\n";
  text += "lake:         " + shown(lake, "accepted") + " records accepted, " + shown(lake, "archived") +
          " archived, " + shown(lake, "known") + " known, " + shown(lake, "set_aside") + " set aside, " +
          shown(lake, "pending") + " pending\n";
  text += "oldest:       " +
          (part("oldest_waiting_seconds").is_null()
               ? std::string("nothing waits")
               : "waits for " + span_text(number_of(s, "oldest_waiting_seconds"))) +
          "\n";
  text += "filters:      " + shown(s, "unfiltered") + " records to filter\n";
  text += "quarantine:   " + shown(lake, "quarantined_entries") + " entries\n";
  if (!line.is_null()) {
    text += "line:         " + shown(line, "credit_in_use") + " of " + shown(line, "credit_limit") +
            " credits in use, next round in " + span_text(number_of(line, "next_round_seconds")) + " after " +
            shown(line, "backoff_failures") + " without success\n";
    if (const auto trouble = text_of(line, "trouble"); !trouble.empty())
      text += "waiting for:  " + trouble + "\n";
  }
  if (s.find("rates"))
    text += "rate:         " +
            std::to_string(static_cast<std::int64_t>(number_of(part("rates"), "records_per_second"))) +
            " records a second\n";
  return text + "store:        " + size_text(integer_of(s, "store_bytes"));
}

}  // namespace

int archive_once(const invocation& call) {
  return with_backend(call, [&](backend& to) -> int {
    const auto done = [&] {
      const line_watch watching(to);
      return to.call("archive_once", tahoe::object{{"force", call.has("force")}}, std::chrono::hours(24));
    }();
    if (!done) return tell(call, done.error());
    const int told = answer(call, *done, summary_text(*done));
    if (told != cli::done || shown(*done, "completed") == "true") return told;
    invocation plain = call;
    plain.json = false;  // the summary was the one document
    return tell(plain, {failure::unavailable, text_of(*done, "reason")});
  });
}

int status(const invocation& call) {
  return with_backend(call, [&](backend& to) -> int {
    const auto done = to.call("status", tahoe::object{});
    if (!done) return tell(call, done.error());
    return answer(call, *done, status_text(*done));
  });
}

}  // namespace cybexd::app::cli
