// `report`: one report, or one for each line of a file.
#include <unistd.h>

#include <cstdio>
#include <optional>
#include <string_view>

#include "app/cli/functions.hpp"
#include "app/cli/input.hpp"
#include "app/cli/numbers.hpp"
#include "app/cli/with_backend.hpp"
#include "crypto/envelope.hpp"
#include "report/render.hpp"
#include "tahoe/json.hpp"

namespace cybexd::app::cli {
namespace {

constexpr std::size_t batch = 100;
constexpr std::size_t longest_line = 16u << 20;
constexpr auto answer_time = std::chrono::hours(2);

/// An answer as it is printed: an error stands in the place of the report that it cost.
tahoe::value shown_answer(const tahoe::value& answered) {
  if (!answered.find("error")) return answered;
  return tahoe::object{
      {"status", "failed"}, {"report", tahoe::value()}, {"error", text_of(answered, "error")}};
}

/// Sends the queries of a batch in groups and prints the answers line for line.
class batch_run {
 public:
  explicit batch_run(backend& to) : to_(to) {}

  expected<void> add(std::string_view line) {
    if (!crypto::is_utf8(line)) return refuse("the line is not UTF-8");
    auto query = tahoe::parse_json(line);
    if (!query) return refuse(query.error().text);
    if (!query->get_if<tahoe::object>())
      return refuse("a line is an object {\"type\", \"data\", \"user\", \"now\"}");
    return put(std::move(*query), {});
  }

  /// A line that cannot be read keeps its place: the server answers an empty query with an error, and ours
  /// is the better one.
  expected<void> refuse(std::string why) { return put(tahoe::object{}, std::move(why)); }

  expected<void> flush() {
    while (!queries_.empty()) {
      auto done = to_.call("report", tahoe::object{{"queries", queries_}}, answer_time);
      if (!done) return fail(done.error());
      const auto& answers = *done->find("answers")->get_if<tahoe::array>();
      if (answers.empty() || answers.size() > queries_.size())
        return fail(failure::internal, "the server answered " + std::to_string(answers.size()) + " of " +
                                           std::to_string(queries_.size()) + " queries");
      if (auto printed = print(answers); !printed) return printed;
      // Large reports come in several answers.
      const auto answered = static_cast<std::ptrdiff_t>(answers.size());
      queries_.erase(queries_.begin(), queries_.begin() + answered);
      unreadable_.erase(unreadable_.begin(), unreadable_.begin() + answered);
      progress_.at(done_ += answers.size(), 0, errors);
    }
    return {};
  }

  std::uint64_t errors = 0;

 private:
  expected<void> put(tahoe::value query, std::string unreadable) {
    queries_.push_back(std::move(query));
    unreadable_.push_back(std::move(unreadable));
    return queries_.size() >= batch ? flush() : expected<void>{};
  }

  expected<void> print(const tahoe::array& answers) {
    for (std::size_t i = 0; i < answers.size(); ++i) {
      auto shown = shown_answer(answers[i]);
      if (!unreadable_[i].empty()) shown.set("error", unreadable_[i]);
      if (shown.find("error")) ++errors;
      const auto text = tahoe::to_json(shown) + "\n";
      if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size())
        return fail(failure::unavailable, "standard output cannot be written");
    }
    return {};
  }

  backend& to_;
  progress progress_{"report"};
  tahoe::array queries_;
  std::vector<std::string> unreadable_;
  std::uint64_t done_ = 0;
};

int run_batch(const invocation& call, backend& to) {
  const auto files = open_inputs({call.text("batch")});
  if (!files) return tell(call, files.error());
  line_reader lines(files->front().number(), longest_line);
  batch_run all(to);
  std::string line;
  while (true) {
    const auto got = lines.next(line);
    if (got == line_reader::outcome::end) break;
    if (got == line_reader::outcome::broken)
      return tell(call, {failure::unavailable, files->front().name + " cannot be read"});
    const auto added =
        got == line_reader::outcome::line ? all.add(line) : all.refuse("the line is longer than 16 MiB");
    if (!added) return tell(call, added.error());
  }
  if (auto last = all.flush(); !last) return tell(call, last.error());
  if (std::fflush(stdout) != 0)
    return tell(call, {failure::unavailable, "standard output cannot be written"});
  return all.errors == 0 ? done : failed;
}

/// A report as a graph. One that failed cannot be drawn, so its reason is an error here.
int draw(const invocation& call, const tahoe::value& answered) {
  const auto& made = *answered.find("report");
  if (made.is_null()) return tell(call, {failure::timed_out, "the report is not ready yet"});
  if (text_of(answered, "status") == "failed")
    return tell(call, {failure::bad_input, "the report failed: " + text_of(made, "data")});
  const auto drawn = report::render_dot(made);
  return drawn ? answer(call, answered, *drawn) : tell(call, drawn.error());
}

/// What a person on a terminal reads.
std::string for_people(const tahoe::value& answered) {
  const auto& made = *answered.find("report");
  if (made.is_null()) return "processing: ask again later\n";
  return (text_of(answered, "status") == "failed" ? "failed: " : "") + report::render_table(made);
}

int run_one(const invocation& call, backend& to, const tahoe::value& query) {
  const auto done = to.call("report", tahoe::object{{"queries", tahoe::array{query}}}, answer_time);
  if (!done) return tell(call, done.error());
  const auto& answered = done->find("answers")->get_if<tahoe::array>()->front();
  if (answered.find("error"))
    return tell(call, {static_cast<failure>(integer_of(answered, "kind")), text_of(answered, "error")});
  if (call.has("dot")) return draw(call, answered);
  return answer(call, answered,
                ::isatty(STDOUT_FILENO) == 1 ? for_people(answered) : tahoe::to_json(answered));
}

/// What is wrong about a call with --dot; sets what a graph needs.
std::optional<std::string_view> wrong_for_dot(const invocation& call, tahoe::value& data) {
  if (call.json) return "--dot and --json: only one of them";
  if (call.text("type") != "related") return "--dot draws related reports only";
  if (data.get_if<tahoe::object>()) data.set("summary_graph", true);
  return std::nullopt;
}

}  // namespace

int report(const invocation& call) {
  if (call.has("batch")) {
    if (call.has("type") || call.has("as") || call.has("now") || call.has("dot"))
      return tell_usage(call, "--batch takes type, query, user and now from the lines of its file");
    return with_backend(call, [&](backend& to) { return run_batch(call, to); });
  }
  if (!call.has("type") || !call.has("query") || !call.has("as"))
    return tell_usage(call, "needs TYPE, JSON and --as USER, or --batch FILE");
  auto data = tahoe::parse_json(call.text("query"));
  if (!data) return tell_usage(call, "JSON: " + data.error().text);
  if (call.has("dot"))
    if (const auto wrong = wrong_for_dot(call, *data)) return tell_usage(call, *wrong);
  tahoe::object query{{"type", call.text("type")}, {"data", std::move(*data)}, {"user", call.text("as")}};
  if (call.has("now")) {
    const auto now = real_number(call.text("now"));
    if (!now)
      return tell_usage(call, "--now: was \"" + call.text("now") + "\"; may be a number, Unix seconds");
    query.emplace_back("now", *now);
  }
  return with_backend(call, [&](backend& to) { return run_one(call, to, query); });
}

}  // namespace cybexd::app::cli
