#include "actors/supervisor.hpp"

#include <future>

#include "actors/line_metrics.hpp"
#include "actors/supervisor_state.hpp"

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

messages::supervisor_actor::behavior_type supervisor(supervisor_state::pointer self,
                                                     const line_options& options,
                                                     const line_partners& partners,
                                                     const std::shared_ptr<readiness>& ready) {
  const auto meter = partners.metrics->actor(supervisor_state::name);
  behave(self, meter);
  act::on_down(self, [self](caf::down_msg& down) { act::st(self).down(down.source); });
  act::st(self).start(self, options, partners, ready);
  return {metered(self, meter, "submit", [self](messages::submit& what) { act::st(self).submit(what); }),
          metered(self, meter, "ask_query", [self](messages::ask_query& query) { act::st(self).ask(query); }),
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
          metered(self, meter, "tick", [self](messages::tick tick) { act::st(self).tick(tick.generation); })};
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
