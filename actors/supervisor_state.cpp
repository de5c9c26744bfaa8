#include "actors/supervisor_state.hpp"

#include "actors/analyst.hpp"
#include "actors/archive_work.hpp"
#include "actors/decryptor.hpp"
#include "actors/lake_writer.hpp"
#include "actors/parser.hpp"

namespace cybexd::actors {

namespace {

constexpr auto pause_before_replacing = std::chrono::seconds(1);
constexpr auto look_every = std::chrono::seconds(1);

/// Ticks of the supervisor: what each generation means.
enum : std::uint64_t {
  look,
  replace_intake,
  replace_poller,
  replace_catch_up,
  replace_queries,
  stop_deadline
};

}  // namespace

void supervisor_state::start(pointer self, line_options options, line_partners partners,
                             std::shared_ptr<readiness> ready) {
  self_ = self;
  options_ = std::move(options);
  partners_ = std::move(partners);
  ready_ = std::move(ready);
  start_pools();
  start_catch_up();
  start_poller();
  start_intake();
  if (options_.queries) start_queries();
  ready_->set({});
  look_after_it();
}

void supervisor_state::tick(std::uint64_t what) {
  if (what == stop_deadline) return finish_stop(false, "the deadline passed");
  if (stopping_) return;
  switch (what) {
    case replace_intake:
      return start_intake();
    case replace_poller:
      return start_poller();
    case replace_catch_up:
      return start_catch_up();
    case replace_queries:
      return start_queries();
    default:
      return look_after_it();
  }
}

void supervisor_state::tick_after(caf::timespan time, std::uint64_t what) {
  act::tell_after(self_, time, messages::supervisor_actor{self_}, messages::tick{what});
}

void supervisor_state::down(const caf::actor_addr& who) {
  if (stopping_) return;
  const auto again = [this](const char* what, std::uint64_t tick) {
    log(log_level::error, name, std::string(what) + " ended and is replaced");
    partners_.metrics->actor(what).restarted();
    tick_after(pause_before_replacing, tick);
  };
  if (who == intake_.address()) return again("intake", replace_intake);
  if (who == poller_.address()) return again("cache_poller", replace_poller);
  if (who == catch_up_.address()) return again("filter_catch_up", replace_catch_up);
  if (!options_.queries) return;
  const bool desk = who == queries_.desk.address();
  if ((!desk && who != queries_.poller.address()) || replacing_queries_) return;
  // Desk and poller know each other: both are replaced together.
  replacing_queries_ = true;
  caf::anon_send_exit(queries_.desk, caf::exit_reason::kill);
  caf::anon_send_exit(queries_.poller, caf::exit_reason::kill);
  again(desk ? "query_desk" : "query_poller", replace_queries);
}

void supervisor_state::submit(messages::submit& what) {
  if (stopping_) return (*what.reply)(fail(failure::overloaded, "the server is stopping"));
  act::post(intake_, std::move(what));
}

void supervisor_state::ask(messages::ask_query& query) {
  if (!options_.queries) return (*query.reply)(fail(failure::unavailable, "this server answers no queries"));
  if (stopping_) return (*query.reply)(fail(failure::overloaded, "the server is stopping"));
  act::post(queries_.desk, std::move(query));
}

template <class Handle>
void supervisor_state::watch(const Handle& child) {
  act::watch(self_, child);
  take_along(self_, child);
}

void supervisor_state::start_pools() {
  auto& metrics = *partners_.metrics;
  auto& system = self_->system();
  // Room for all that the poller and the catch-up may have on their way at once.
  const pool_options pool{.name = {}, .workers = options_.workers, .queue = options_.poller.line.units + 16};
  decryptors_ = spawn_decryptors(
      system, pool,
      [lake = partners_.stores.lake, key = partners_.private_key](const messages::open_files& job) {
        return open_envelopes(*lake, key, job);
      },
      metrics);
  parsers_ = spawn_parsers(
      system, pool,
      [limits = options_.parse](const messages::parse_records& job) { return parse_texts(job, limits); },
      metrics);
  analysts_ = spawn_analysts(
      system, pool,
      [filters = options_.filters, now = partners_.now, &metrics](const messages::filter_records& job) {
        return run_filters(job, filters, now(), metrics);
      },
      metrics);
  lake_writer_ = spawn_lake_writer(system, partners_.stores.lake, metrics);
  take_along(self_, decryptors_);
  take_along(self_, parsers_);
  take_along(self_, analysts_);
  take_along(self_, lake_writer_);
}

void supervisor_state::start_catch_up() {
  catch_up_options options;
  for (const auto& filter : tahoe::filters::all())
    if (options_.filters.contains(filter.name)) options.sub_types.emplace_back(filter.sub_type);
  options.backoff = options_.poller.backoff;
  options.seed = options_.poller.seed + 1;
  catch_up_ = spawn_filter_catch_up(self_->system(), std::move(options), partners_.stores.archive, analysts_,
                                    *partners_.metrics);
  watch(catch_up_);
}

void supervisor_state::start_poller() {
  poller_partners with;
  with.lake = partners_.stores.lake;
  with.archive = partners_.stores.archive;
  with.decryptors = decryptors_;
  with.parsers = parsers_;
  with.analysts = analysts_;
  with.make_writer = [&system = self_->system(), options = options_.writer, commit = partners_.stores.commit,
                      metrics = partners_.metrics] {
    return spawn_archive_writer(system, options, commit, *metrics);
  };
  with.catch_up = catch_up_;
  poller_ = spawn_cache_poller(self_->system(), options_.poller, std::move(with), *partners_.metrics);
  watch(poller_);
}

void supervisor_state::start_intake() {
  intake_partners with;
  with.who = partners_.who;
  with.key = partners_.public_key;
  with.lake_writer = lake_writer_;
  with.now = partners_.now;
  with.arrived = [supervisor = messages::supervisor_actor{self_}] {
    act::post(supervisor, messages::nudge{});
  };
  with.pending = [lake = partners_.stores.lake]() -> std::uint64_t {
    const auto books = lake->books();
    return books ? books->pending : 0;
  };
  intake_ = spawn_intake(self_->system(), options_.intake, std::move(with), *partners_.metrics);
  watch(intake_);
}

void supervisor_state::start_queries() {
  replacing_queries_ = false;
  queries_ = spawn_query_side(self_->system(), partners_.stores, *options_.queries, *partners_.metrics);
  watch(queries_.desk);
  watch(queries_.poller);
}

/// Keeps `ready` true to what the poller says, every second.
void supervisor_state::look_after_it() {
  act::ask(self_, poller_, look_every, messages::get_status{})
      .then(
          [this](const messages::line_status& status) {
            if (!stopping_) ready_->set(status.trouble);
            look_again();
          },
          [this](caf::error&) {
            // It may only be busy with a long write; a dead one is replaced by `down`.
            look_again();
          });
}

void supervisor_state::look_again() { tick_after(look_every, look); }

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
            left_ += std::string(who) + ": " + error_text(self_, e) + ". ";
            next();
          });
}

/// Nothing new first; then what is under way, archive line and queries side by side.
void supervisor_state::stop(messages::stop& how) {
  stops_.push_back(how.reply);
  if (std::exchange(stopping_, true)) return;
  ready_->set("the server to stop");
  const caf::timespan deadline = how.deadline;
  tick_after(deadline, stop_deadline);
  sides_running_ = options_.queries ? 2 : 1;
  drain(intake_, "intake", deadline, [this, deadline] {
    drain(poller_, "cache_poller", deadline, [this, deadline] {
      drain(catch_up_, "filter_catch_up", deadline, [this] { one_side_stopped(); });
    });
  });
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
