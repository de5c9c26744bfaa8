// What needs the running actors: rounds, reports, the state of things.
#include <algorithm>
#include <condition_variable>
#include <filesystem>

#include "app/operations/all.hpp"
#include "app/operations/arguments.hpp"
#include "tahoe/filters/filter.hpp"
#include "tahoe/json.hpp"

namespace cybexd::app::operations {
namespace {

constexpr auto once_deadline = std::chrono::hours(24);
constexpr auto status_deadline = std::chrono::seconds(2);
constexpr std::size_t most_queries = 1000;
constexpr std::int64_t most_answer_bytes = 64 << 20;      // far from what a server's answer may have
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
  /// `most_bytes`: of all of them as JSON.
  explicit gathered_answers(std::size_t most_bytes) : most_bytes_(most_bytes) {}

  enum class next : std::uint8_t { may_be_asked, would_be_too_much, takes_too_long };
  /// Whether one more may be asked; waits till fewer than `most` are being made.
  [[nodiscard]] next begin(std::size_t most, std::chrono::milliseconds within) {
    std::unique_lock guard(mutex_);
    if (!less_.wait_for(guard, within, [&] { return open_ < most; })) return next::takes_too_long;
    if (bytes_ >= most_bytes_) return next::would_be_too_much;
    ++open_;
    answers_.emplace_back();
    return next::may_be_asked;
  }

  /// The answer to the one that was begun as number `at`.
  void put(std::size_t at, tahoe::value answer) {
    const auto size = tahoe::to_json(answer).size();
    const std::lock_guard guard(mutex_);
    answers_[at] = {std::move(answer), size};
    bytes_ += size;
    --open_;
    less_.notify_all();
  }

  /// The first ones, as many as are not too much, but one at least; when none is being made any more.
  std::optional<tahoe::array> wait(std::chrono::milliseconds within) {
    std::unique_lock guard(mutex_);
    if (!less_.wait_for(guard, within, [&] { return open_ == 0; })) return std::nullopt;
    tahoe::array first;
    std::size_t bytes = 0;
    for (auto& [answer, size] : answers_) {
      bytes += size;
      if (!first.empty() && bytes > most_bytes_) break;
      first.push_back(std::move(answer));
    }
    return first;
  }

 private:
  const std::size_t most_bytes_;
  std::mutex mutex_;
  std::condition_variable less_;
  std::vector<std::pair<tahoe::value, std::size_t>> answers_;
  std::size_t open_ = 0, bytes_ = 0;
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

tahoe::value books_value(const store::lake_books& books) {
  return tahoe::object{{"accepted", whole(books.accepted)},
                       {"archived", whole(books.archived)},
                       {"known", whole(books.known)},
                       {"set_aside", whole(books.set_aside)},
                       {"pending", whole(books.pending)},
                       {"waiting_entries", whole(books.waiting_entries)},
                       {"quarantined_entries", whole(books.quarantined_entries)}};
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
  const auto unusable_before = (*line)->unusable_records();
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
      {"unusable", whole((*line)->unusable_records() - unusable_before)},
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
  // Whoever waits for a report has patience from the asking on, so a batch must not be its own queue.
  const std::size_t at_once = 2 * values->report.workers;
  const std::chrono::milliseconds patience = values->report.deadline + report_margin;
  const auto too_late = fail(failure::timed_out, "the reports were not ready in time");
  const auto most_bytes = integer(input, "bytes").value_or(most_answer_bytes);
  const auto answers = std::make_shared<gathered_answers>(
      static_cast<std::size_t>(std::clamp<std::int64_t>(most_bytes, 1, most_answer_bytes)));
  for (std::size_t i = 0; i < (*list)->size(); ++i) {
    const auto more = answers->begin(at_once, patience + report_margin);
    if (more == gathered_answers::next::takes_too_long) return too_late;
    if (more == gathered_answers::next::would_be_too_much) break;
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
  // A store that is away is what many ask this for: the rest is told all the same.
  const auto running = on.actors_if_running();
  const auto books = running ? running->books() : on.stores().lake->books();
  const auto unfiltered =
      running
          ? running->unfiltered()
          : on.stores().archive->unfiltered_count(tahoe::filters::sub_types_of(on.values()->archive.filters));
  tahoe::object out{{"running", on.serving}, {"version", CYBEXD_VERSION}};
  if (on.serving) {
    const auto up = std::chrono::steady_clock::now() - on.started();
    out.emplace_back("uptime_seconds", std::chrono::duration<double>(up).count());
    out.emplace_back("rates", tahoe::object{{"records_per_second", on.rate.load()}});
  }
  out.emplace_back("lake", books ? books_value(*books) : error_value(books.error()));
  out.emplace_back("oldest_waiting_seconds",
                   books && books->oldest_eligible
                       ? tahoe::value(std::max(0.0, unix_now() - *books->oldest_eligible))
                       : tahoe::value());
  out.emplace_back("unfiltered",
                   unfiltered ? tahoe::value(whole(*unfiltered)) : error_value(unfiltered.error()));
  if (const auto values = on.values(); !embedded_stores(*values).empty())
    out.emplace_back("store_bytes", bytes_in(values->data_dir.path + "/store"));
  if (running) {
    out.emplace_back("unusable", whole(running->unusable_records()));
    const auto state = running->status(status_deadline);
    out.emplace_back("line", state ? line_value(*state) : error_value(state.error()));
  }
  return out;
}

}  // namespace cybexd::app::operations
