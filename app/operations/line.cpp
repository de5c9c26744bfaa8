// What needs the running actors: rounds, reports, the state of things.
#include <condition_variable>
#include <filesystem>

#include "app/operations/all.hpp"
#include "app/operations/arguments.hpp"

namespace cybexd::app::operations {
namespace {

constexpr auto once_deadline = std::chrono::hours(24);
constexpr auto status_deadline = std::chrono::seconds(5);
constexpr std::size_t most_queries = 1000;
constexpr auto report_margin = std::chrono::seconds(40);  // beyond its deadline: a lost worker, a slow disk

/// One line of a batch as a query. `user` is a hash or an e-mail address; one that nobody has is passed on as
/// it is, since a report for it is failed, not refused.
expected<messages::query_request> query_of(engine& on, const tahoe::value& line) {
  messages::query_request query;
  const auto type = text(line, "type"), user = text(line, "user");
  if (!type) return fail(type.error());
  if (!user) return fail(user.error());
  query.type = *type;
  const auto known = on.accounts().find_user(*user);
  if (!known) return fail(known.error());
  query.user = *known ? crypto::to_hex((*known)->hash) : *user;
  const auto* data = line.find("data");
  if (!data) return fail(failure::bad_input, "data: was missing; may be the query");
  query.data = *data;
  if (const auto* now = line.find("now"); now && !now->is_null()) {
    query.now = number(line, "now");
    if (!query.now)
      return fail(failure::bad_input,
                  "now: was " + std::string(kind_of(*now)) + "; may be a number, Unix seconds");
  }
  query.redo = true;
  return query;
}

tahoe::value as_value(const messages::query_answer& answer) {
  using outcome = messages::query_answer::outcome;
  const char* status = answer.status == outcome::ready    ? "ready"
                       : answer.status == outcome::failed ? "failed"
                                                          : "processing";
  tahoe::object out{{"status", status}};
  out.emplace_back("report",
                   answer.status == outcome::processing ? tahoe::value() : tahoe::to_value(answer.report));
  return out;
}

/// Answers that arrive in any order, from any thread.
class gathered_answers {
 public:
  explicit gathered_answers(std::size_t count) : answers_(count) {}

  /// One more is asked, when fewer than `most` are being made. False: that took too long.
  [[nodiscard]] bool begin(std::size_t most, std::chrono::milliseconds within) {
    std::unique_lock guard(mutex_);
    if (!less_.wait_for(guard, within, [&] { return open_ < most; })) return false;
    ++open_;
    return true;
  }

  void put(std::size_t at, tahoe::value answer) {
    const std::lock_guard guard(mutex_);
    answers_[at] = std::move(answer);
    --open_;
    less_.notify_all();
  }

  /// All of them, when none is being made any more.
  std::optional<tahoe::array> wait(std::chrono::milliseconds within) {
    std::unique_lock guard(mutex_);
    if (!less_.wait_for(guard, within, [&] { return open_ == 0; })) return std::nullopt;
    return std::move(answers_);
  }

 private:
  std::mutex mutex_;
  std::condition_variable less_;
  tahoe::array answers_;
  std::size_t open_ = 0;
};

tahoe::value error_value(const error& e) {
  return tahoe::object{{"error", e.text}, {"kind", std::int64_t{static_cast<std::uint8_t>(e.kind)}}};
}

std::int64_t bytes_in(const std::string& folder) {
  std::error_code problem;
  std::int64_t bytes = 0;
  for (auto at = std::filesystem::recursive_directory_iterator(folder, problem);
       !problem && at != std::filesystem::recursive_directory_iterator(); at.increment(problem)) {
    std::error_code ignored;
    if (at->is_regular_file(ignored)) bytes += static_cast<std::int64_t>(at->file_size(ignored));
  }
  return bytes;
}

tahoe::value line_value(const messages::line_status& line) {
  return tahoe::object{{"credit_in_use", whole(line.credit_in_use)},
                       {"credit_limit", whole(line.credit_limit)},
                       {"credit_bytes_in_use", whole(line.credit_bytes_in_use)},
                       {"rounds", whole(line.rounds)},
                       {"backoff_failures", whole(line.failures)},
                       {"next_round_seconds", line.next_round_seconds},
                       {"trouble", line.trouble}};
}

}  // namespace

expected<tahoe::value> archive_once(engine& on, const tahoe::value& input) {
  const auto line = on.actors();
  if (!line) return fail(line.error());
  const auto done = (*line)->once(boolean(input, "force"), once_deadline);
  if (!done) return fail(done.error());
  return tahoe::object{
      {"completed", done->completed},
      {"reason", done->reason},
      {"archived", whole(done->archived)},
      {"known", whole(done->known)},
      {"not_supported", whole(done->not_supported)},
      {"errors", whole(done->errors)},
      {"bad_data", whole(done->bad_data)},
      {"quarantined", whole(done->quarantined)},
      {"filtered", whole(done->filtered)},
      {"seconds", done->seconds},
      {"records_per_second",
       done->seconds > 0 ? static_cast<double>(done->archived + done->known) / done->seconds : 0.0}};
}

expected<tahoe::value> report(engine& on, const tahoe::value& input) {
  const auto list = items(input, "queries");
  if (!list) return fail(list.error());
  if ((*list)->size() > most_queries)
    return fail(failure::too_large, "queries: more than " + std::to_string(most_queries));
  const auto line = on.actors();
  if (!line) return fail(line.error());
  const auto values = on.values();
  // The time that a report waits for a worker counts against its deadline, so a batch must not be its own
  // queue.
  const std::size_t at_once = 2 * values->report.workers;
  const std::chrono::milliseconds patience = values->report.deadline + report_margin;
  const auto too_late = fail(failure::timed_out, "the reports were not ready in time");
  const auto answers = std::make_shared<gathered_answers>((*list)->size());
  for (std::size_t i = 0; i < (*list)->size(); ++i) {
    if (!answers->begin(at_once, patience + report_margin)) return too_late;
    auto query = query_of(on, (**list)[i]);
    if (!query) {
      answers->put(i, error_value(query.error()));
      continue;
    }
    (*line)->ask(std::move(*query), patience, [answers, i](expected<messages::query_answer> answer) {
      answers->put(i, answer ? as_value(*answer) : error_value(answer.error()));
    });
  }
  auto all = answers->wait(patience + report_margin);
  if (!all) return too_late;
  return tahoe::object{{"answers", std::move(*all)}};
}

expected<tahoe::value> status(engine& on, const tahoe::value&) {
  const auto books = on.stores().lake->books();
  if (!books) return fail(books.error());
  const auto unfiltered = on.stores().archive->unfiltered_count();
  if (!unfiltered) return fail(unfiltered.error());
  tahoe::object out{{"running", on.serving}, {"version", CYBEXD_VERSION}};
  if (on.serving) {
    const auto up = std::chrono::steady_clock::now() - on.started();
    out.emplace_back("uptime_seconds", std::chrono::duration<double>(up).count());
  }
  if (on.serving) out.emplace_back("rates", tahoe::object{{"records_per_second", on.rate.load()}});
  out.emplace_back("lake", tahoe::object{{"accepted", whole(books->accepted)},
                                         {"archived", whole(books->archived)},
                                         {"known", whole(books->known)},
                                         {"set_aside", whole(books->set_aside)},
                                         {"pending", whole(books->pending)},
                                         {"waiting_entries", whole(books->waiting_entries)},
                                         {"quarantined_entries", whole(books->quarantined_entries)}});
  out.emplace_back("oldest_waiting_seconds",
                   books->oldest_eligible ? tahoe::value(std::max(0.0, unix_now() - *books->oldest_eligible))
                                          : tahoe::value());
  out.emplace_back("unfiltered", whole(*unfiltered));
  out.emplace_back("store_bytes", bytes_in(on.values()->data_dir.path + "/store"));
  if (const auto line = on.actors_if_running()) {
    const auto state = line->status(status_deadline);
    out.emplace_back("line", state ? line_value(*state) : error_value(state.error()));
  }
  return out;
}

}  // namespace cybexd::app::operations
