#pragma once
// INTERNAL to the supervisor: what it knows and does. Public is supervisor.hpp.
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "actors/line_metrics.hpp"
#include "actors/query_side.hpp"
#include "actors/supervisor.hpp"

namespace cybexd::actors {

/// That the line's filters read.
[[nodiscard]] std::vector<std::string> sub_types_of(const line_options& options);

class supervisor_state {
 public:
  using pointer = messages::supervisor_actor::stateful_pointer<supervisor_state>;
  supervisor_state() = default;
  supervisor_state(const supervisor_state&) = delete;
  supervisor_state& operator=(const supervisor_state&) = delete;
  /// Answers those who wait for an actor that ends with it.
  ~supervisor_state();
  static inline const char* name = "supervisor";

  void start(pointer self, line_setup setup, line_source again, std::shared_ptr<readiness> ready,
             std::shared_ptr<filtered_sub_types> filtered);
  void tick(std::uint64_t what);
  void down(const caf::actor_addr& who);
  void submit(messages::submit& what);
  void ask(messages::ask_query& query);
  void abandon(messages::abandon asker);
  void nudge();
  void archive_once(messages::archive_once wish,
                    caf::typed_response_promise<messages::archive_summary> promise);
  [[nodiscard]] caf::result<messages::line_status> get_status();
  void catch_up(caf::typed_response_promise<messages::caught_up> promise);
  void renew(messages::renew& how);
  void stop(messages::stop& how);

 private:
  /// Its ticks: what each generation means.
  enum : std::uint64_t {
    look,
    store_is_back,
    replace_intake,
    replace_poller,
    replace_catch_up,
    replace_queries,
    replace_looks,
    stop_deadline
  };
  /// Who waits for the filter catch-up, which is asked again when it was replaced. An actor that dies leaves
  /// promises unanswered, so the supervisor keeps them.
  struct catch_up_asker {
    caf::typed_response_promise<messages::caught_up> promise;
    int tries = 0;
  };

  // supervisor_start.cpp
  void start_lake_writer();
  void start_line();
  void start_pools();
  void start_catch_up();
  void start_poller();
  void start_intake();
  void start_queries();
  void start_looks();
  template <class Handle>
  void own(std::string_view role, const Handle& child);
  template <class Handle>
  void watch(std::string_view role, const Handle& child);
  void end(std::string_view role);

  // supervisor_state.cpp
  void replace_later(std::uint64_t what, const char* who);
  void look_after_it();
  void try_at_once();
  void tick_after(caf::timespan time, std::uint64_t what);
  void catch_up_for(std::uint64_t asker);
  void caught_up(std::uint64_t asker, const messages::caught_up& answer);
  void catch_up_again();
  void archived_once(std::uint64_t asker, const messages::archive_summary& answer);
  void poller_is_gone(const char* why);
  template <class Handle>
  void drain(const Handle& child, const char* who, caf::timespan deadline, std::function<void()> next);
  void start_line_anew();
  void begin_renewal();
  void finish_renewal();
  void one_side_stopped();
  void finish_stop(bool clean, const std::string& why);

  pointer self_{};
  line_options options_;
  line_partners partners_;
  line_source again_;
  std::shared_ptr<readiness> ready_;
  std::shared_ptr<filtered_sub_types> filtered_;
  messages::decryptor_actor decryptors_;
  messages::parser_actor parsers_;
  messages::analyst_actor analysts_;
  messages::lake_writer_actor lake_writer_;
  messages::filter_catch_up_actor catch_up_;
  messages::cache_poller_actor poller_;
  messages::intake_actor intake_;
  query_side queries_;  // empty handles where no queries are answered
  std::set<caf::actor_addr> looks_;
  /// By role, how each child is ended that is to end with the supervisor.
  std::shared_ptr<std::map<std::string, std::function<void()>, std::less<>>> endings_;
  std::set<std::uint64_t> missing_;  // ticks of those that have died and are not replaced yet
  std::uint64_t last_asker_ = 0;
  std::map<std::uint64_t, catch_up_asker> catching_up_;
  std::map<std::uint64_t, caf::typed_response_promise<messages::archive_summary>> archiving_once_;
  std::vector<messages::renew> waiting_renewals_, renewing_;
  bool stopping_ = false;
  int sides_running_ = 0;  // while stopping: archive line, query side
  std::string left_;
  std::vector<messages::reply_handle<messages::drained>> stops_;
};

}  // namespace cybexd::actors
