#include "actors/supervisor.hpp"

#include <future>

#include "actors/line_metrics.hpp"
#include "actors/supervisor_state.hpp"

namespace cybexd::actors {

namespace {

messages::supervisor_actor::behavior_type supervisor(supervisor_state::pointer self, const line_setup& setup,
                                                     const line_source& again,
                                                     const std::shared_ptr<readiness>& ready,
                                                     const std::shared_ptr<filtered_sub_types>& filtered) {
  const auto meter = setup.partners.metrics->actor(supervisor_state::name);
  behave(self, meter);
  self->attach_functor([ready] { ready->end(); });  // first: nobody else would tell of it
  act::on_down(self, [self](caf::down_msg& down) { act::st(self).down(down.source); });
  act::st(self).start(self, setup, again, ready, filtered);
  return {metered(self, meter, "submit", [self](messages::submit& what) { act::st(self).submit(what); }),
          metered(self, meter, "ask_query", [self](messages::ask_query& query) { act::st(self).ask(query); }),
          metered(self, meter, "abandon", [self](messages::abandon asker) { act::st(self).abandon(asker); }),
          metered(self, meter, "nudge", [self](messages::nudge) { act::st(self).nudge(); }),
          metered(self, meter, "archive_once",
                  [self](messages::archive_once wish) -> caf::result<messages::archive_summary> {
                    auto promise = self->make_response_promise<messages::archive_summary>();
                    act::st(self).archive_once(wish, promise);
                    return promise;
                  }),
          metered(self, meter, "get_status",
                  [self](messages::get_status) -> caf::result<messages::line_status> {
                    return act::st(self).get_status();
                  }),
          metered(self, meter, "catch_up",
                  [self](messages::catch_up) -> caf::result<messages::caught_up> {
                    auto promise = self->make_response_promise<messages::caught_up>();
                    act::st(self).catch_up(promise);
                    return promise;
                  }),
          metered(self, meter, "renew", [self](messages::renew& how) { act::st(self).renew(how); }),
          metered(self, meter, "stop", [self](messages::stop& how) { act::st(self).stop(how); }),
          metered(self, meter, "tick", [self](messages::tick tick) { act::st(self).tick(tick.generation); })};
}

}  // namespace

caf::actor_system_config& tuned(caf::actor_system_config& config) {
  act::tune(config, 2, 50);
  return config;
}

line start_line(caf::actor_system& system, line_setup setup, line_source again) {
  auto ready = std::make_shared<readiness>();
  auto filtered = std::make_shared<filtered_sub_types>();
  filtered->set(sub_types_of(setup.options));
  auto figures =
      connect_metrics(*setup.partners.metrics, setup.partners.stores, setup.partners.now, filtered);
  auto handle = system.spawn(supervisor, std::move(setup), std::move(again), ready, std::move(filtered));
  return {std::move(handle), std::move(ready), std::move(figures)};
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
