#pragma once
// INTERNAL to the supervisor: what it knows and does. Public is supervisor.hpp.
#include <memory>
#include <string>
#include <vector>

#include "actors/query_side.hpp"
#include "actors/supervisor.hpp"

namespace cybexd::actors {

class supervisor_state {
 public:
  using pointer = messages::supervisor_actor::stateful_pointer<supervisor_state>;
  supervisor_state() = default;
  static inline const char* name = "supervisor";

  void start(pointer self, line_options options, line_partners partners, std::shared_ptr<readiness> ready);
  void tick(std::uint64_t what);
  void down(const caf::actor_addr& who);
  void submit(messages::submit& what);
  void ask(messages::ask_query& query);
  void stop(messages::stop& how);
  [[nodiscard]] const messages::cache_poller_actor& poller() const { return poller_; }

 private:
  void start_pools();
  void start_catch_up();
  void start_poller();
  void start_intake();
  void start_queries();
  void look_after_it();
  void look_again();
  void tick_after(caf::timespan time, std::uint64_t what);
  template <class Handle>
  void watch(const Handle& child);
  template <class Handle>
  void drain(const Handle& child, const char* who, caf::timespan deadline, std::function<void()> next);
  void one_side_stopped();
  void finish_stop(bool clean, const std::string& why);

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
  query_side queries_;  // empty handles where no queries are answered
  bool stopping_ = false, replacing_queries_ = false;
  int sides_running_ = 0;  // while stopping: archive line, query side
  std::string left_;
  std::vector<messages::reply_handle<messages::drained>> stops_;
};

}  // namespace cybexd::actors
