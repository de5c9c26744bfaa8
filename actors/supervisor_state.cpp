#include "actors/supervisor_state.hpp"

namespace cybexd::actors {

namespace {

constexpr auto pause_before_replacing = std::chrono::seconds(1);
constexpr auto look_every = std::chrono::seconds(1);
constexpr caf::timespan longest_work = std::chrono::hours(24);  // as long as an operator's command waits
constexpr int catch_up_tries = 3;
constexpr auto poller_has_ended = "the cache poller has ended; ask again";

error not_this_process(const char* what) {
  return {failure::unavailable, std::string("this process ") + what};
}

}  // namespace

supervisor_state::~supervisor_state() {
  poller_is_gone(poller_has_ended);
  for (auto& [asker, what] : catching_up_)
    what.promise.deliver(messages::caught_up{false, "it has ended", 0});
}

void supervisor_state::tick(std::uint64_t what) {
  if (what == stop_deadline) return finish_stop(false, "the deadline passed");
  if (stopping_) return;
  if (what == look) return look_after_it();
  if (what == store_is_back) return try_at_once();
  if (missing_.erase(what) == 0) return;  // replaced already, by a renewal
  switch (what) {
    case replace_intake:
      end("lake_writer");
      start_lake_writer();
      return start_intake();
    case replace_poller:
      return start_line_anew();
    case replace_catch_up:
      return start_catch_up();
    case replace_looks:
      return start_looks();
    default:
      return start_queries();
  }
}

void supervisor_state::tick_after(caf::timespan time, std::uint64_t what) {
  act::tell_after(self_, time, messages::supervisor_actor{self_}, messages::tick{what});
}

void supervisor_state::replace_later(std::uint64_t what, const char* who) {
  if (!missing_.insert(what).second) return;
  if (what == replace_intake) ready_->set(readiness::part::intake, "the intake to be replaced");
  if (what == replace_queries) ready_->set(readiness::part::queries, "the query desk to be replaced");
  log(log_level::error, name, std::string(who) + " ended and is replaced");
  partners_.metrics->actor(who).restarted();
  tick_after(pause_before_replacing, what);
}

void supervisor_state::down(const caf::actor_addr& who) {
  if (stopping_) return;
  if (options_.archives) {
    if (who == intake_.address()) return replace_later(replace_intake, "intake");
    if (who == poller_.address()) poller_is_gone(poller_has_ended);
    if (who == poller_.address() && renewing_.empty()) return replace_later(replace_poller, "cache_poller");
    if (who == catch_up_.address() && renewing_.empty())
      return replace_later(replace_catch_up, "filter_catch_up");
  }
  if (looks_.contains(who)) return replace_later(replace_looks, "store_look");
  if (!options_.queries || missing_.contains(replace_queries)) return;
  const bool desk = who == queries_.desk.address();
  if (!desk && who != queries_.poller.address()) return;
  // Desk and poller know each other: both are replaced together.
  end("query_desk");
  end("query_poller");
  replace_later(replace_queries, desk ? "query_desk" : "query_poller");
}

void supervisor_state::submit(messages::submit& what) {
  if (!options_.archives) return (*what.reply)(fail(not_this_process("takes no records")));
  if (stopping_) return (*what.reply)(fail(failure::overloaded, "the server is stopping"));
  if (missing_.contains(replace_intake))
    return (*what.reply)(fail(failure::overloaded, "the intake is being replaced"));
  act::post(intake_, std::move(what));
}

void supervisor_state::ask(messages::ask_query& query) {
  if (!options_.queries) return (*query.reply)(fail(not_this_process("answers no queries")));
  if (stopping_) return (*query.reply)(fail(failure::overloaded, "the server is stopping"));
  if (missing_.contains(replace_queries))
    return (*query.reply)(fail(failure::overloaded, "the query desk is being replaced"));
  act::post(queries_.desk, std::move(query));
}

void supervisor_state::abandon(messages::abandon asker) {
  if (options_.queries) act::post(queries_.desk, asker);
}

void supervisor_state::nudge() {
  if (options_.archives) act::post(poller_, messages::nudge{});
}

void supervisor_state::try_at_once() {
  if (!options_.archives) return;
  nudge();
  act::post(catch_up_, messages::nudge{});
}

caf::result<messages::line_status> supervisor_state::get_status() {
  if (!options_.archives) return caf::make_error(caf::sec::request_receiver_down);
  return act::pass_on(self_, poller_, messages::get_status{});
}

void supervisor_state::archive_once(messages::archive_once wish,
                                    caf::typed_response_promise<messages::archive_summary> promise) {
  const auto asker = ++last_asker_;
  archiving_once_.emplace(asker, std::move(promise));
  if (!options_.archives) return poller_is_gone("this process archives nothing");
  act::ask(self_, poller_, longest_work, wish)
      .then([this, asker](const messages::archive_summary& answer) { archived_once(asker, answer); },
            [this, asker](caf::error& e) {
              messages::archive_summary failed;
              failed.reason = "the cache poller: " + error_text(self_, e);
              archived_once(asker, failed);
            });
}

void supervisor_state::archived_once(std::uint64_t asker, const messages::archive_summary& answer) {
  if (auto found = archiving_once_.extract(asker); !found.empty()) found.mapped().deliver(answer);
}

void supervisor_state::poller_is_gone(const char* why) {
  messages::archive_summary failed;
  failed.reason = why;
  for (auto& [asker, promise] : std::exchange(archiving_once_, {})) promise.deliver(failed);
}

void supervisor_state::catch_up(caf::typed_response_promise<messages::caught_up> promise) {
  const auto asker = ++last_asker_;
  catching_up_[asker].promise = std::move(promise);
  catch_up_for(asker);
}

void supervisor_state::catch_up_for(std::uint64_t asker) {
  ++catching_up_.at(asker).tries;
  act::ask(self_, catch_up_, longest_work, messages::catch_up{})
      .then([this, asker](const messages::caught_up& answer) { caught_up(asker, answer); },
            [this, asker](caf::error& e) {
              // One that has died is replaced, and then asked again.
              if (e == caf::sec::request_timeout) caught_up(asker, {false, "it took too long", 0});
            });
}

void supervisor_state::caught_up(std::uint64_t asker, const messages::caught_up& answer) {
  if (auto found = catching_up_.extract(asker); !found.empty()) found.mapped().promise.deliver(answer);
}

void supervisor_state::catch_up_again() {
  std::vector<std::uint64_t> askers;
  for (const auto& [asker, what] : catching_up_) askers.push_back(asker);
  for (const auto asker : askers) {
    if (catching_up_.at(asker).tries < catch_up_tries)
      catch_up_for(asker);
    else
      caught_up(asker, {false, "the filter catch-up has died again and again", 0});
  }
}

/// Keeps `ready` true to what the poller says, every second; and to what is known of the databases, for the
/// poller says nothing while it waits for one that is silent.
void supervisor_state::look_after_it() {
  if (const auto& trouble = partners_.stores.trouble) ready_->set(readiness::part::databases, trouble());
  act::ask(self_, poller_, look_every, messages::get_status{})
      .then(
          [this](const messages::line_status& status) {
            ready_->set(readiness::part::line, status.trouble);
            tick_after(look_every, look);
          },
          [this](caf::error&) {
            // It may only be busy with a long write; a dead one is replaced by `down`.
            tick_after(look_every, look);
          });
}

template <class Handle>
void supervisor_state::drain(const Handle& child, const char* who, caf::timespan deadline,
                             std::function<void()> next) {
  act::ask(self_, child, deadline, messages::drain{})
      .then(
          [this, next](const messages::drained& answer) {
            if (!answer.clean) left_ += answer.left + ". ";
            next();
          },
          [this, who, next](caf::error& e) {
            // One that is gone already has given back what it had.
            if (e != caf::sec::request_receiver_down)
              left_ += std::string(who) + ": " + error_text(self_, e) + ". ";
            next();
          });
}

void supervisor_state::renew(messages::renew& how) {
  if (stopping_) return (*how.reply)(fail(failure::overloaded, "the server is stopping"));
  waiting_renewals_.push_back(std::move(how));
  if (renewing_.empty()) begin_renewal();
}

/// The new intake takes what comes while the old one ends, and the lake keeps it until the new line is there.
/// The query side goes on as it is.
void supervisor_state::begin_renewal() {
  renewing_ = std::exchange(waiting_renewals_, {});
  auto fresh = again_ ? again_() : expected<line_setup>(fail(not_this_process("reads no settings again")));
  if (!fresh) {
    for (const auto& asked : std::exchange(renewing_, {})) (*asked.reply)(fail(fresh.error()));
    return;
  }
  fresh->options.queries = std::move(options_.queries);
  fresh->options.archives = options_.archives;
  options_ = std::move(fresh->options);
  partners_ = std::move(fresh->partners);
  if (!options_.archives) return finish_renewal();
  const caf::timespan deadline = renewing_.front().deadline;
  const auto running = std::make_shared<int>(2);
  const auto one_ended = [this, running] {
    if (--*running == 0) finish_renewal();
  };
  own("intake before", intake_);
  drain(intake_, "intake", deadline, one_ended);
  missing_.erase(replace_intake);
  start_intake();
  drain(poller_, "cache_poller", deadline,
        [=, this] { drain(catch_up_, "filter_catch_up", deadline, one_ended); });
}

void supervisor_state::finish_renewal() {
  if (stopping_) return;  // which has answered
  if (options_.archives) {
    end("intake before");
    start_line_anew();
  }
  const messages::drained answer{left_.empty(), std::exchange(left_, {})};
  for (const auto& asked : std::exchange(renewing_, {})) (*asked.reply)(answer);
  if (!waiting_renewals_.empty()) begin_renewal();
}

/// The poller and the catch-up with the pools that they work with, which may be what has ended.
void supervisor_state::start_line_anew() {
  for (const auto* role : {"poller", "catch_up", "decryptors", "parsers", "analysts"}) end(role);
  missing_.erase(replace_poller);
  missing_.erase(replace_catch_up);
  start_line();
}

/// Nothing new first; then what is under way, archive line and queries side by side.
void supervisor_state::stop(messages::stop& how) {
  stops_.push_back(how.reply);
  if (std::exchange(stopping_, true)) return;
  ready_->set(readiness::part::whole, "the server to stop");
  for (auto* waiting : {&renewing_, &waiting_renewals_})
    for (const auto& asked : std::exchange(*waiting, {}))
      (*asked.reply)(fail(failure::overloaded, "the server is stopping"));
  const caf::timespan deadline = how.deadline;
  tick_after(deadline, stop_deadline);
  sides_running_ = (options_.archives ? 1 : 0) + (options_.queries ? 1 : 0);
  if (options_.archives) {
    drain(intake_, "intake", deadline, [this, deadline] {
      drain(poller_, "cache_poller", deadline, [this, deadline] {
        drain(catch_up_, "filter_catch_up", deadline, [this] { one_side_stopped(); });
      });
    });
  }
  if (!options_.queries) return;
  drain(queries_.poller, "query_poller", deadline,
        [this, deadline] { drain(queries_.desk, "query_desk", deadline, [this] { one_side_stopped(); }); });
}

void supervisor_state::one_side_stopped() {
  if (--sides_running_ == 0) finish_stop(true, {});
}

void supervisor_state::finish_stop(bool clean, const std::string& why) {
  messages::drained answer;
  answer.clean = clean && left_.empty();
  answer.left = left_ + why;
  for (const auto& reply : std::exchange(stops_, {})) (*reply)(answer);
  self_->quit();  // takes all children along
}

}  // namespace cybexd::actors
