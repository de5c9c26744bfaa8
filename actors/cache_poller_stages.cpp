#include "actors/cache_poller.hpp"

namespace cybexd::actors {

namespace {

// Longer than a pool's own deadline for a job: the pool answers first, with the worker's error. Not much
// longer: each question keeps a timer as long, whether it is answered or not.
constexpr caf::timespan answer_deadline = std::chrono::minutes(15);
constexpr caf::timespan catch_up_deadline = std::chrono::hours(24);  // as long as an operator's command waits

}  // namespace

template <class Answer, class Handle, class Question>
void cache_poller_state::ask_stage(const Handle& whom, Question question, std::uint64_t unit,
                                   const char* kind,
                                   void (archive_line::*answered)(std::uint64_t, const Answer&)) {
  const auto meter = answers_.try_emplace(kind, meter_.message(kind)).first->second;
  act::ask(self_, whom, answer_deadline, std::move(question))
      .then(
          [this, unit, meter, answered](const Answer& answer) {
            const message_stopwatch running(meter);
            if (!line_) return;
            committing_.erase(unit);
            ((*line_).*answered)(unit, answer);
            advance();
          },
          [this, unit, kind, meter](caf::error& e) {
            const message_stopwatch running(meter);
            if (!line_) return;
            if (committing_.contains(unit) && e == caf::sec::request_receiver_down) {
              unread_.insert(unit);  // until the next writer is there
              return;
            }
            committing_.erase(unit);
            // A receiver that is not there, or has no room, says nothing about the work; what a worker died
            // of does.
            if (e == caf::sec::request_receiver_down)
              line_->unavailable(unit, std::string(kind) + ": the actor has no room, or is being replaced");
            else
              line_->lost(unit, error_text(self_, e));
            advance();
          });
}

line_stages cache_poller_state::stages() {
  line_stages stages;
  stages.open = [this](std::uint64_t unit, messages::open_files question) {
    ask_stage(partners_.decryptors, std::move(question), unit, "files_opened", &archive_line::opened);
  };
  stages.parse = [this](std::uint64_t unit, messages::parse_records question) {
    ask_stage(partners_.parsers, std::move(question), unit, "records_parsed", &archive_line::parsed);
  };
  stages.filter = [this](std::uint64_t unit, messages::filter_records question) {
    ask_stage(partners_.analysts, std::move(question), unit, "records_filtered", &archive_line::filtered);
  };
  stages.commit = [this](std::uint64_t unit, messages::commit_work question) {
    committing_.insert(unit);
    ask_stage(writer_, std::move(question), unit, "work_committed", &archive_line::committed);
  };
  stages.sub_type_of = [this](const std::string& typetag) { return sub_type_of(typetag); };
  stages.left = [this](std::uint64_t id, bool archived) {
    const auto at = rounds_.find(id);
    if (at == rounds_.end()) return;
    --at->second.outstanding;
    at->second.archived |= archived;
  };
  stages.refused = [this](const store::entry_id& id) { keep_apart(id); };
  return stages;
}

/// The archive may know by now what the table does not; asked once a round, for it may be slow to say that it
/// is away.
expected<std::string> cache_poller_state::sub_type_of(const std::string& typetag) {
  if (auto sub_type = typetags_.sub_type_of(typetag)) return std::move(*sub_type);
  if (!typetags_asked_) {
    const auto archived = partners_.archive->raw_sub_types();
    if (archived) typetags_.add_archived(*archived);
    typetags_asked_ = archived ? expected<void>() : expected<void>(fail(archived.error()));
  }
  if (const auto& asked = *typetags_asked_; !asked)
    return fail(asked.error().kind,
                "whether the archive knows the typetag `" + typetag + "`: " + asked.error().text);
  return typetags_.sub_type_of(typetag).value_or(std::string());
}

void cache_poller_state::new_writer() {
  writer_ = partners_.make_writer();
  act::watch(self_, writer_);
  take_along(self_, writer_);
}

void cache_poller_state::down(const caf::down_msg& who) {
  if (who.source == writer_.address()) return replace_writer(who.reason);
  const auto& with = partners_;
  if (who.source == with.decryptors.address() || who.source == with.parsers.address() ||
      who.source == with.analysts.address())
    end_with(self_, name, who);
}

void cache_poller_state::replace_writer(const caf::error& why) {
  metrics_->actor("archive_writer").restarted();
  new_writer();
  if (!line_) return;
  // What it had begun is not answered any more, and any of it may have been the cause: each is tried alone. A
  // late answer finds no unit of that number.
  const auto reason = error_text(self_, why);
  const auto unread = std::exchange(unread_, {});
  for (const auto unit : std::exchange(committing_, {})) {
    if (unread.contains(unit))
      line_->not_begun(unit);
    else
      line_->lost(unit, reason);
  }
  advance();
}

std::string cache_poller_state::trouble() const {
  return lake_trouble_.empty() ? line_->trouble() : "the cache data lake: " + lake_trouble_;
}

void cache_poller_state::once(bool force, caf::typed_response_promise<messages::archive_summary> promise) {
  if (draining_) {
    messages::archive_summary stopping;
    stopping.reason = "the server stops";
    promise.deliver(std::move(stopping));
    return;
  }
  if (!once_) once_.emplace(once_run{{}, self_->clock().now(), line_->counts(), false});
  once_->askers.push_back(std::move(promise));
  if (force) sweep_ = true;
  if (!taking_ || sweep_) {
    if (taking_) end_taking(false);
    start_round();
  }
  advance();
}

/// All rounds are over: is there anything left to do?
void cache_poller_state::once_step() {
  if (in_trouble()) return finish_once(false, trouble());
  if (once_->catching_up) return;
  if (!exhausted_ || line_->entries() != 0 || sweep_) {
    again_ = true;
    return;
  }
  once_->catching_up = true;
  act::ask(self_, partners_.catch_up, catch_up_deadline, messages::catch_up{})
      .then([this](const messages::caught_up& answer) { caught_up(answer); },
            [this](caf::error& e) {
              caught_up({false, error_text(self_, e), 0});
            });
}

void cache_poller_state::caught_up(const messages::caught_up& answer) {
  if (!line_) return;
  if (once_) {
    once_->filtered += answer.filtered;
    once_->catching_up = false;
    // Somebody who joined meanwhile may have put more into the lake.
    const bool through = rounds_.empty() && exhausted_ && line_->entries() == 0 && !sweep_;
    if (through || !answer.completed) finish_once(answer.completed, answer.reason);
  }
  advance();
}

void cache_poller_state::finish_once(bool completed, const std::string& reason) {
  const auto run = std::move(*once_);
  once_.reset();
  const auto& now = line_->counts();
  messages::archive_summary summary;
  summary.completed = completed;
  summary.reason = reason;
  summary.archived = now.archived - run.before.archived;
  summary.known = now.known - run.before.known;
  summary.not_supported = now.not_supported - run.before.not_supported;
  summary.errors = now.errors - run.before.errors;
  summary.bad_data = now.bad_data - run.before.bad_data;
  summary.quarantined = now.quarantined - run.before.quarantined;
  summary.filtered = run.filtered;
  summary.seconds = std::chrono::duration<double>(self_->clock().now() - run.started).count();
  for (auto promise : run.askers) promise.deliver(summary);
}

void cache_poller_state::drain(caf::typed_response_promise<messages::drained> promise) {
  draining_ = std::move(promise);
  line_->stop();
  taking_.reset();
  advance();
}

bool cache_poller_state::finish_drain() {
  if (line_->units_on_their_way() != 0) return false;
  if (once_) finish_once(false, "the server stops");
  messages::drained answer;
  if (const auto problem = give_back()) {
    answer.clean = false;
    answer.left = "entries stay taken until the restart: " + problem->text;
  }
  draining_->deliver(std::move(answer));
  self_->quit();
  return true;
}

/// Given back at once it would be taken at once, and cost workers again without a pause.
void cache_poller_state::keep_apart(const store::entry_id& id) {
  const std::chrono::duration<double> pause = options_.backoff.cap;
  const auto now = self_->clock().now();
  refused_.push_back({now + std::chrono::duration_cast<caf::timespan>(pause), id});
  const auto most = options_.window_entries;
  if (refused_.size() > most) refused_[refused_.size() - most - 1].free_at = now;
  log(log_level::error, name,
      "entry " + id + " stays waiting, and is tried again in " +
          std::to_string(static_cast<std::uint64_t>(pause.count())) + " s, or after a restart");
}

/// What the lake cannot take back stays for the next round.
void cache_poller_state::free_what_was_refused() {
  std::vector<store::entry_id> due;
  for (const auto& one : refused_)
    if (one.free_at <= self_->clock().now()) due.push_back(one.id);
  if (due.empty()) return;
  if (auto done = partners_.lake->release(due); !done)
    return log(log_level::warning, name, "could not give entries back: " + done.error().text);
  refused_.erase(refused_.begin(), refused_.begin() + static_cast<std::ptrdiff_t>(due.size()));
}

std::optional<error> cache_poller_state::give_back() {
  if (!line_) return std::nullopt;
  auto ids = line_->remaining();
  for (auto& one : std::exchange(refused_, {})) ids.push_back(std::move(one.id));
  line_.reset();
  if (ids.empty()) return std::nullopt;
  auto released = partners_.lake->release(ids);
  return released ? std::nullopt : std::optional(std::move(released.error()));
}

}  // namespace cybexd::actors
