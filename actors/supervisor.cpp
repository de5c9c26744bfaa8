#include "actors/supervisor.hpp"

#include <future>

#include "actors/analyst.hpp"
#include "actors/archive_work.hpp"
#include "actors/decryptor.hpp"
#include "actors/lake_writer.hpp"
#include "actors/line_metrics.hpp"
#include "actors/parser.hpp"

namespace cybexd::actors {

std::string readiness::waits_for() const {
  const std::lock_guard lock(guard_);
  return what_;
}

void readiness::set(std::string what) {
  const std::lock_guard lock(guard_);
  what_ = std::move(what);
}

namespace {

constexpr auto pause_before_replacing = std::chrono::seconds(1);
constexpr auto look_every = std::chrono::seconds(1);

/// Ticks of the supervisor: what each generation means.
enum : std::uint64_t { look = 0, replace_intake, replace_poller, replace_catch_up, stop_deadline };

class supervisor_state {
 public:
  using pointer = messages::supervisor_actor::stateful_pointer<supervisor_state>;
  supervisor_state() = default;
  static inline const char* name = "supervisor";

  void start(pointer self, line_options options, line_partners partners, std::shared_ptr<readiness> ready) {
    self_ = self;
    options_ = std::move(options);
    partners_ = std::move(partners);
    ready_ = std::move(ready);
    start_pools();
    start_catch_up();
    start_poller();
    start_intake();
    ready_->set({});
    tick({look});
  }

  void tick(messages::tick what) {
    if (what.generation == stop_deadline) return finish_stop(false, "the deadline passed");
    if (stopping_) return;
    switch (what.generation) {
      case replace_intake:
        return start_intake();
      case replace_poller:
        return start_poller();
      case replace_catch_up:
        return start_catch_up();
      default:
        return look_after_it();
    }
  }

  void down(const caf::actor_addr& who) {
    if (stopping_) return;
    const auto again = [this](const char* what, std::uint64_t tick) {
      log(log_level::error, name, std::string(what) + " ended and is replaced");
      partners_.metrics->actor(what).restarted();
      act::tell_after(self_, pause_before_replacing, messages::supervisor_actor{self_}, messages::tick{tick});
    };
    if (who == intake_.address()) again("intake", replace_intake);
    if (who == poller_.address()) again("cache_poller", replace_poller);
    if (who == catch_up_.address()) again("filter_catch_up", replace_catch_up);
  }

  void submit(messages::submit& what) {
    if (stopping_) return (*what.reply)(fail(failure::overloaded, "the server is stopping"));
    act::post(intake_, std::move(what));
  }

  void stop(messages::stop& how) {
    stops_.push_back(how.reply);
    if (std::exchange(stopping_, true)) return;
    ready_->set("the server to stop");
    const caf::timespan deadline = how.deadline;
    act::tell_after(self_, deadline, messages::supervisor_actor{self_}, messages::tick{stop_deadline});
    drain(intake_, "intake", deadline, [this, deadline] {
      drain(poller_, "cache_poller", deadline, [this, deadline] {
        drain(catch_up_, "filter_catch_up", deadline, [this] { finish_stop(true, {}); });
      });
    });
  }

  [[nodiscard]] const messages::cache_poller_actor& poller() const { return poller_; }

 private:
  void start_pools() {
    auto& metrics = *partners_.metrics;
    auto& system = self_->system();
    // Room for all that the poller and the catch-up may have on their way at once.
    const pool_options pool{
        .name = {}, .workers = options_.workers, .queue = options_.poller.line.units + 16};
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

  template <class Handle>
  void watch(const Handle& child) {
    act::watch(self_, child);
    take_along(self_, child);
  }

  void start_catch_up() {
    catch_up_options options;
    for (const auto& filter : tahoe::filters::all())
      if (options_.filters.contains(filter.name)) options.sub_types.emplace_back(filter.sub_type);
    options.backoff = options_.poller.backoff;
    options.seed = options_.poller.seed + 1;
    catch_up_ = spawn_filter_catch_up(self_->system(), std::move(options), partners_.stores.archive,
                                      analysts_, *partners_.metrics);
    watch(catch_up_);
  }

  void start_poller() {
    poller_partners with;
    with.lake = partners_.stores.lake;
    with.archive = partners_.stores.archive;
    with.decryptors = decryptors_;
    with.parsers = parsers_;
    with.analysts = analysts_;
    with.make_writer = [&system = self_->system(), options = options_.writer,
                        commit = partners_.stores.commit, metrics = partners_.metrics] {
      return spawn_archive_writer(system, options, commit, *metrics);
    };
    with.catch_up = catch_up_;
    poller_ = spawn_cache_poller(self_->system(), options_.poller, std::move(with), *partners_.metrics);
    watch(poller_);
  }

  void start_intake() {
    intake_partners with;
    with.who = partners_.who;
    with.key = partners_.public_key;
    with.lake_writer = lake_writer_;
    with.now = partners_.now;
    with.arrived = [supervisor = messages::supervisor_actor{self_}] {
      act::post(supervisor, messages::nudge{});
    };
    intake_ = spawn_intake(self_->system(), options_.intake, std::move(with), *partners_.metrics);
    watch(intake_);
  }

  /// Keeps `ready` true to what the poller says, every second.
  void look_after_it() {
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
  void look_again() {
    act::tell_after(self_, look_every, messages::supervisor_actor{self_}, messages::tick{look});
  }

  template <class Handle, class Next>
  void drain(const Handle& child, const char* who, caf::timespan deadline, Next next) {
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

  void finish_stop(bool clean, const std::string& why) {
    messages::drained answer;
    answer.clean = clean && left_.empty();
    answer.left = left_ + why;
    for (const auto& reply : std::exchange(stops_, {})) (*reply)(answer);
    self_->quit();  // takes all children along
  }

  pointer self_{};
  line_options options_;
  line_partners partners_;
  std::shared_ptr<readiness> ready_;
  messages::decryptor_actor decryptors_;
  messages::parser_actor parsers_;
  messages::analyst_actor analysts_;
  messages::lake_writer_actor lake_writer_;
  messages::filter_catch_up_actor catch_up_;
  messages::cache_poller_actor poller_;
  messages::intake_actor intake_;
  bool stopping_ = false;
  std::string left_;
  std::vector<messages::reply_handle<messages::drained>> stops_;
};

messages::supervisor_actor::behavior_type supervisor(supervisor_state::pointer self,
                                                     const line_options& options,
                                                     const line_partners& partners,
                                                     const std::shared_ptr<readiness>& ready) {
  const auto meter = partners.metrics->actor(supervisor_state::name);
  behave(self, meter);
  act::on_down(self, [self](caf::down_msg& down) { act::st(self).down(down.source); });
  act::st(self).start(self, options, partners, ready);
  return {metered(self, meter, "submit", [self](messages::submit& what) { act::st(self).submit(what); }),
          metered(self, meter, "ask_query",
                  [](const messages::ask_query& query) {
                    (*query.reply)(fail(failure::unavailable, "this server answers no queries"));
                  }),
          metered(self, meter, "nudge",
                  [self](messages::nudge nudge) { act::post(act::st(self).poller(), nudge); }),
          metered(self, meter, "archive_once",
                  [self](messages::archive_once& wish) -> caf::result<messages::archive_summary> {
                    return act::pass_on(self, act::st(self).poller(), std::move(wish));
                  }),
          metered(self, meter, "get_status",
                  [self](messages::get_status wish) -> caf::result<messages::line_status> {
                    return act::pass_on(self, act::st(self).poller(), wish);
                  }),
          metered(self, meter, "stop", [self](messages::stop& how) { act::st(self).stop(how); }),
          metered(self, meter, "tick", [self](messages::tick tick) { act::st(self).tick(tick); })};
}

}  // namespace

caf::actor_system_config& tuned(caf::actor_system_config& config) {
  act::tune(config, 2, 50);
  return config;
}

line start_line(caf::actor_system& system, line_options options, line_partners partners) {
  auto ready = std::make_shared<readiness>();
  connect_metrics(*partners.metrics, partners.stores, partners.now);
  auto handle = system.spawn(supervisor, std::move(options), std::move(partners), ready);
  return {std::move(handle), std::move(ready)};
}

std::set<std::string, std::less<>> all_filters() {
  std::set<std::string, std::less<>> names;
  for (const auto& filter : tahoe::filters::all()) names.emplace(filter.name);
  return names;
}

messages::drained stop_line(const messages::supervisor_actor& supervisor,
                            std::chrono::milliseconds deadline) {
  const auto stopped = std::make_shared<std::promise<messages::drained>>();
  auto future = stopped->get_future();
  const auto reply = [stopped](expected<messages::drained> answer) {
    stopped->set_value(answer ? std::move(*answer) : messages::drained{false, answer.error().text});
  };
  act::post(supervisor,
            messages::stop{deadline, std::make_shared<messages::reply_once<messages::drained>>(reply)});
  if (future.wait_for(deadline + std::chrono::seconds(1)) == std::future_status::ready) return future.get();
  return {false, "the supervisor did not answer"};
}

}  // namespace cybexd::actors
