#include "app/wiring.hpp"

#include <caf/all.hpp>
#include <utility>

#include "app/identity_side.hpp"
#include "app/spawn_line.hpp"
#include "messages/actors.hpp"
#include "tahoe/filters/filter.hpp"

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
  std::optional<actors::line> archiving, answering;  ///< In a server one and the same.
  bool stopped = false;

  /// The supervisor of a side; started where it is not there yet.
  expected<messages::supervisor_actor> running(std::optional<actors::line> parts::*side, sides which) {
    const std::lock_guard guard(mutex);
    auto& there = this->*side;
    if (there) return there->supervisor;
    if (stopped) return fail(failure::unavailable, "the server is stopping");
    auto made = spawn_line(system, over, metrics, which);
    if (!made) return fail(made.error());
    if (which.archives) archiving = *made;
    if (which.answers) answering = *made;
    return made->supervisor;
  }
  /// Nothing before the archive line has been started.
  [[nodiscard]] std::shared_ptr<actors::store_figures> figures() const {
    const std::lock_guard guard(mutex);
    return archiving ? archiving->figures : nullptr;
  }
  expected<messages::supervisor_actor> running_line() { return running(&parts::archiving, {true, false}); }
  expected<messages::supervisor_actor> running_desk() { return running(&parts::answering, {false, true}); }

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
  stop(quick);
  parts_->metrics.forget_sources();
}

expected<void> actor_host::start_all() {
  const auto both = parts_->running(&parts::archiving, {true, true});
  return both ? expected<void>{} : fail(both.error());
}

void actor_host::renew_line(std::chrono::milliseconds within,
                            std::function<void(expected<messages::drained>)> done) {
  const auto line = parts_->running_line();
  if (!line) return done(fail(line.error()));
  act::post(*line, messages::renew{
                       within, std::make_shared<messages::reply_once<messages::drained>>(std::move(done))});
}

void actor_host::nudge() {
  const std::lock_guard guard(parts_->mutex);
  if (parts_->archiving) act::post(parts_->archiving->supervisor, messages::nudge{});
}

void actor_host::catch_up() {
  const std::lock_guard guard(parts_->mutex);
  if (parts_->archiving) act::post(parts_->archiving->supervisor, messages::catch_up{});
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

expected<store::lake_books> actor_host::books() {
  const auto figures = parts_->figures();
  return figures ? figures->books() : parts_->over.stores().lake->books();
}

expected<std::uint64_t> actor_host::unfiltered() {
  if (const auto figures = parts_->figures()) return figures->unfiltered();
  const auto values = parts_->over.values();
  return parts_->over.stores().archive->unfiltered_count(
      tahoe::filters::sub_types_of(values->archive.filters));
}

std::uint64_t actor_host::unusable_records() {
  double sum = 0;
  for (const auto& filter : tahoe::filters::all())
    sum += metrics().value(actors::counter::filter_records, {filter.name, "unusable"});
  return static_cast<std::uint64_t>(sum);
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

void actor_host::abandon(std::uint64_t asker) {
  const std::lock_guard guard(parts_->mutex);
  if (parts_->answering) act::post(parts_->answering->supervisor, messages::abandon{asker});
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
  if (!parts_->archiving || !parts_->answering) return "the actors to start";
  return parts_->archiving->ready->waits_for();
}

bool actor_host::ended() const {
  const std::lock_guard guard(parts_->mutex);
  const auto gone = [](const std::optional<actors::line>& side) { return side && side->ready->ended(); };
  return gone(parts_->archiving) || gone(parts_->answering);
}

actors::telemetry& actor_host::metrics() { return parts_->metrics; }

std::string actor_host::stop(std::chrono::milliseconds within) {
  std::optional<actors::line> archiving, answering;
  {
    const std::lock_guard guard(parts_->mutex);
    parts_->stopped = true;
    archiving = std::exchange(parts_->archiving, std::nullopt);
    answering = std::exchange(parts_->answering, std::nullopt);
  }
  std::string left;
  if (archiving) left = actors::stop_line(archiving->supervisor, within).left;
  const bool same = archiving && answering && archiving->supervisor == answering->supervisor;
  if (answering && !same) left += actors::stop_line(answering->supervisor, within).left;
  return left;
}

expected<std::shared_ptr<running_actors>> start_actors(engine& over) {
  return std::make_shared<actor_host>(over);
}

}  // namespace cybexd::app
