// `archive once` and `status`.
#include <algorithm>
#include <memory>

#include "app/cli/functions.hpp"
#include "app/cli/numbers.hpp"
#include "app/cli/watch.hpp"
#include "app/cli/with_backend.hpp"

namespace cybexd::app::cli {
namespace {

double number_of(const tahoe::value& v, std::string_view key) {
  const auto* found = v.find(key);
  double room = 0;
  const auto* number = found ? found->number(room) : nullptr;
  return number ? *number : 0;
}

/// How far the archive line has come since this was first asked.
watch::question line_progress(const backend& to) {
  struct start {
    std::optional<std::uint64_t> over, refused;
  };
  return [ask = to.call_beside(), before = std::make_shared<start>()]() -> std::optional<work_seen> {
    const auto state = ask("status", tahoe::object{});
    const auto* lake = state ? state->find("lake") : nullptr;
    if (lake == nullptr || lake->find("error")) return std::nullopt;
    const auto count = [lake](const char* key) { return static_cast<std::uint64_t>(integer_of(*lake, key)); };
    const auto refused = count("set_aside"), over = count("archived") + count("known") + refused;
    before->over = before->over.value_or(over);
    before->refused = before->refused.value_or(refused);
    const auto moved = over - std::min(*before->over, over);
    return work_seen{"", moved, moved + count("pending"), refused - std::min(*before->refused, refused)};
  };
}

std::string summary_text(const tahoe::value& s) {
  std::string text;
  for (const auto& [key, name] : {std::pair{"archived", "archived"},
                                  {"known", "already known"},
                                  {"not_supported", "not supported"},
                                  {"errors", "errors"},
                                  {"bad_data", "bad data"},
                                  {"quarantined", "quarantined"},
                                  {"filtered", "filtered"},
                                  {"unusable", "not usable"}}) {
    text += name + std::string(16 - std::string_view(name).size(), ' ') + shown(s, key) + "\n";
  }
  return text + "seconds         " + std::to_string(number_of(s, "seconds")) + "\nrecords/second  " +
         std::to_string(static_cast<std::int64_t>(number_of(s, "records_per_second")));
}

std::string lake_text(const tahoe::value& lake, const tahoe::value& oldest) {
  double room = 0;
  const auto* waits = oldest.number(room);
  return "lake:         " + shown(lake, "accepted") + " records accepted, " + shown(lake, "archived") +
         " archived, " + shown(lake, "known") + " known, " + shown(lake, "set_aside") + " set aside, " +
         shown(lake, "pending") +
         " pending\noldest:       " + (waits ? "waits for " + span_text(*waits) : "nothing waits") +
         "\nquarantine:   " + shown(lake, "quarantined_entries") + " entries\n";
}

/// The backoff counts rounds that found nothing as it counts those that failed; a person minds only the
/// latter.
std::string rounds_before(const tahoe::value& line) {
  const auto rounds = integer_of(line, "backoff_failures");
  if (rounds == 0) return {};
  const bool failed = !text_of(line, "trouble").empty();
  return (rounds == 1 ? ", the last one " : ", the last " + std::to_string(rounds) + " ") +
         (failed ? "did not succeed" : "found nothing to do");
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
  if (const auto away = text_of(lake, "error"); !away.empty())
    text += "lake:         cannot be read: " + away + "\n";
  else
    text += lake_text(lake, part("oldest_waiting_seconds"));
  const auto away = text_of(part("unfiltered"), "error");
  text += "filters:      " +
          (away.empty() ? shown(s, "unfiltered") + " records to filter" : "cannot be told: " + away) + "\n";
  if (integer_of(s, "unusable") != 0)
    text += "not usable:   " + shown(s, "unusable") +
            " records since the start are archived, but in no report: their filter could not use them\n";
  if (const auto lost = text_of(line, "error"); !lost.empty()) {
    text += "line:         " + lost + "\n";
  } else if (!line.is_null()) {
    text += "line:         " + shown(line, "credit_in_use") + " of " + shown(line, "credit_limit") +
            " credits in use, next round in " + span_text(number_of(line, "next_round_seconds")) +
            rounds_before(line) + "\n";
    if (const auto trouble = text_of(line, "trouble"); !trouble.empty())
      text += "waiting for:  " + trouble + "\n";
  }
  if (s.find("rates"))
    text += "rate:         " +
            std::to_string(static_cast<std::int64_t>(number_of(part("rates"), "records_per_second"))) +
            " records a second\n";
  if (s.find("store_bytes")) text += "store:        " + size_text(integer_of(s, "store_bytes"));
  return text;
}

}  // namespace

int archive_once(const invocation& call) {
  return with_backend(call, [&](backend& to) -> int {
    const auto done = [&] {
      const watch watching("archive once", line_progress(to));
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
