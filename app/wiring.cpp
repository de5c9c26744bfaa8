#include "app/wiring.hpp"

#include <caf/all.hpp>

#include "app/identity_side.hpp"
#include "app/spawn_line.hpp"
#include "app/spawn_queries.hpp"
#include "messages/actors.hpp"

namespace cybexd::app {
namespace {

constexpr auto quick = std::chrono::seconds(10);

error actor_error(const caf::error& e, std::string_view what) {
  const bool late = e == caf::sec::request_timeout;
  return {late ? failure::timed_out : failure::unavailable,
          std::string(what) + (late ? " did not answer in time" : " is not there")};
}

}  // namespace

// Order matters: what is declared first is destroyed last.
struct actor_host::parts {
  explicit parts(engine& o)
      : over(o),
        metrics(CYBEXD_VERSION),
        system(actors::tuned(config)),
        identities(system, o.shared_accounts(), metrics) {}

  engine& over;
  actors::telemetry metrics;
  caf::actor_system_config config;
  caf::actor_system system;
  identity_side identities;
  mutable std::mutex mutex;
  std::optional<actors::line> line;
  std::optional<actors::query_side> queries;
  bool stopped = false;

  expected<messages::supervisor_actor> running_line() {
    const std::lock_guard guard(mutex);
    if (line) return line->supervisor;
    if (stopped) return fail(failure::unavailable, "the server is stopping");
    auto made = spawn_line(system, over, metrics);
    if (!made) return fail(made.error());
    line = std::move(*made);
    return line->supervisor;
  }

  expected<messages::query_desk_actor> running_desk() {
    const std::lock_guard guard(mutex);
    if (queries) return queries->desk;
    if (stopped) return fail(failure::unavailable, "the server is stopping");
    auto made = spawn_queries(system, over, metrics);
    if (!made) return fail(made.error());
    queries = std::move(*made);
    return queries->desk;
  }

  /// Asks an actor and waits. For threads that are no actors.
  template <class Answer, class Handle, class Question>
  expected<Answer> wait_for(const Handle& whom, Question question, std::chrono::milliseconds within,
                            std::string_view what) {
    caf::scoped_actor self{system};
    expected<Answer> got = fail(failure::internal, "nobody answered");
    act::ask(self.ptr(), whom, caf::timespan(within), std::move(question))
        .receive([&](Answer& answer) { got = std::move(answer); },
                 [&](caf::error& e) { got = fail(actor_error(e, what)); });
    return got;
  }
};

actor_host::actor_host(engine& over) : parts_(std::make_unique<parts>(over)) {}

actor_host::~actor_host() {
  stop_identities(quick);
  stop_queries(quick);
  stop_line(quick);
  parts_->metrics.forget_sources();
}

expected<void> actor_host::start_all() {
  if (auto line = parts_->running_line(); !line) return fail(line.error());
  if (auto desk = parts_->running_desk(); !desk) return fail(desk.error());
  return {};
}

expected<void> actor_host::restart_line(std::chrono::milliseconds within) {
  if (auto fit = check_line_keys(parts_->over); !fit) return fit;
  std::optional<actors::line> old;
  {
    const std::lock_guard guard(parts_->mutex);
    old = parts_->line;
  }
  if (old) static_cast<void>(actors::stop_line(old->supervisor, within));
  {
    const std::lock_guard guard(parts_->mutex);
    parts_->line.reset();
    if (parts_->stopped) return {};
  }
  auto fresh = parts_->running_line();
  return fresh ? expected<void>{} : fail(fresh.error());
}

void actor_host::nudge() {
  const std::lock_guard guard(parts_->mutex);
  if (parts_->line) act::post(parts_->line->supervisor, messages::nudge{});
}

expected<messages::archive_summary> actor_host::once(bool force, std::chrono::milliseconds within) {
  const auto line = parts_->running_line();
  if (!line) return fail(line.error());
  return parts_->wait_for<messages::archive_summary>(*line, messages::archive_once{force}, within,
                                                     "the archive line");
}

expected<messages::line_status> actor_host::status(std::chrono::milliseconds within) {
  const auto line = parts_->running_line();
  if (!line) return fail(line.error());
  return parts_->wait_for<messages::line_status>(*line, messages::get_status{}, within, "the archive line");
}

void actor_host::ask(messages::query_request query, std::chrono::milliseconds patience,
                     std::function<void(expected<messages::query_answer>)> callback) {
  messages::ask_query question;
  question.what = std::make_shared<const messages::query_request>(std::move(query));
  question.patience = patience;
  question.reply = std::make_shared<messages::reply_once<messages::query_answer>>(std::move(callback));
  ask(std::move(question));
}

void actor_host::ask(messages::ask_query query) {
  const auto desk = parts_->running_desk();
  if (!desk) return (*query.reply)(fail(desk.error()));
  act::post(*desk, std::move(query));
}

void actor_host::ask(messages::ask_identity what) { parts_->identities.ask(std::move(what)); }

std::string actor_host::stop_identities(std::chrono::milliseconds within) {
  return parts_->identities.stop(within);
}

void actor_host::submit(messages::submit what) {
  const auto line = parts_->running_line();
  if (!line) return (*what.reply)(fail(line.error()));
  act::post(*line, std::move(what));
}

std::string actor_host::waits_for() const {
  const std::lock_guard guard(parts_->mutex);
  if (parts_->stopped) return "the server to stop";
  if (!parts_->line || !parts_->queries) return "the actors to start";
  return parts_->line->ready->waits_for();
}

actors::telemetry& actor_host::metrics() { return parts_->metrics; }

std::string actor_host::stop_queries(std::chrono::milliseconds within) {
  std::optional<actors::query_side> old;
  {
    const std::lock_guard guard(parts_->mutex);
    parts_->stopped = true;
    old = std::exchange(parts_->queries, std::nullopt);
  }
  if (!old) return {};
  std::string left;
  const auto drain = [&](const auto& whom, std::string_view name) {
    const auto answer = parts_->template wait_for<messages::drained>(whom, messages::drain{}, within, name);
    if (answer && answer->clean) return;
    left += answer ? answer->left : answer.error().text;
    if (!answer) caf::anon_send_exit(whom, caf::exit_reason::kill);
  };
  drain(old->poller, "the query poller");
  drain(old->desk, "the query desk");
  return left;
}

std::string actor_host::stop_line(std::chrono::milliseconds within) {
  std::optional<actors::line> old;
  {
    const std::lock_guard guard(parts_->mutex);
    parts_->stopped = true;
    old = std::exchange(parts_->line, std::nullopt);
  }
  if (!old) return {};
  const auto answer = actors::stop_line(old->supervisor, within);
  return answer.clean ? std::string{} : answer.left;
}

expected<std::shared_ptr<running_actors>> start_actors(engine& over) {
  return std::make_shared<actor_host>(over);
}

}  // namespace cybexd::app
