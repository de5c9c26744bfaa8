#pragma once
// Query desk: validates queries, reuses or takes them, hands them to the workers of their type, has the
// report stored, answers whoever waits (`spec/report.md`, `spec/http.md` /query). Waiting holds no thread,
// only a small record.
#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "actors/query_queue.hpp"
#include "actors/query_records.hpp"
#include "actors/telemetry.hpp"
#include "messages/actors.hpp"
#include "tahoe/store/report_store.hpp"

namespace cybexd::actors {

/// Who a request comes from. Errors: not_allowed (no or bad token), unavailable.
using query_authenticator = std::function<expected<std::string>(const messages::query_request&)>;
/// What a user (hash as hex) may see now; nothing where there is no such user. Errors: unavailable.
using visibility_source =
    std::function<expected<std::optional<store::visibility>>(const std::string& userid)>;

struct query_desk_options {
  std::shared_ptr<store::report_store> store;
  query_authenticator authenticate;
  visibility_source visible_to;
  report::open_function open_envelope;  ///< For encrypted queries of others.
  std::function<double()> now;          ///< Unix seconds.
  query_claims claims;
  std::vector<std::string> types = {"count", "related",
                                    "threatrank"};  ///< Each with a queue and workers of its own.
  std::size_t workers = 2;                          ///< Of each type.
  std::size_t queue = 10'000;                       ///< Queries that may wait for each type.
  std::size_t waiting_bytes = 64u << 20;        ///< Of queries' texts, before more are taken from the store.
  std::chrono::milliseconds deadline{60'000};   ///< For a worker, from beginning a report to its end.
  std::chrono::milliseconds stop_grace{5'000};  ///< For reports in flight when the server stops.
  /// How often claims are renewed, a third of what they last: a query may wait longer for a worker. 0: never.
  std::chrono::milliseconds renew_every{0};
  telemetry* metrics = nullptr;
};

/// The workers of each type (pools), the report writer and the reply sockets that the desk sends to.
struct query_desk_peers {
  std::map<std::string, messages::report_worker_actor> workers;
  messages::report_writer_actor writer;
  messages::reply_socket_actor sockets;
};

class query_desk_state {
 public:
  using pointer = messages::query_desk_actor::stateful_pointer<query_desk_state>;
  query_desk_state() = default;
  query_desk_state(const query_desk_state&) = delete;
  query_desk_state& operator=(const query_desk_state&) = delete;
  /// Nobody waits any more for the reports that are being made.
  ~query_desk_state();
  static inline const char* name = "query_desk";

  void start(pointer self, query_desk_options options, query_desk_peers peers);

  void ask(messages::ask_query& asked);
  messages::queries_taken run(const messages::run_queries& found);
  void lose_patience(const messages::patience_over& over);
  void renew_claims();
  void abandon(messages::abandon asker);
  void drain(caf::typed_response_promise<messages::drained> promise);
  void stop_running();

 private:
  using reply = messages::reply_handle<messages::query_answer>;
  struct waiter {
    reply answer;
    std::uint64_t asker = 0;
  };
  struct job {
    tahoe::document query;
    std::string type;
    std::shared_ptr<messages::report_job> work;
    std::chrono::steady_clock::time_point taken, begun;  ///< `begun`: by a worker.
    std::map<std::uint64_t, waiter> waiters;
    std::vector<messages::ask_query> parked;  ///< The same query of this machine's operator, asked anew.
    bool running = false;
    bool promised = false;   ///< Somebody was told to come back for it, or it is not from an asker at all.
    bool abandoned = false;  ///< Nobody wants it any more.
    bool our_fault = false;  ///< Its report failed for a fault of the server or a store.
  };

  job& add(const std::string& key, job made);
  expected<void> accept(const messages::ask_query& asked);
  expected<void> wait_for_same(job& running, const messages::ask_query& asked);
  expected<bool> take_found(const tahoe::document& found, std::optional<double> claims_end_before);
  void begin(tahoe::document query, std::string type, tahoe::value data, report::asker who, double now,
             const messages::ask_query* asked);
  void fail_found(const tahoe::document& query, report::asker who, const error& why, double now);
  [[nodiscard]] expected<report::asker> asker_now(const std::string& userid) const;
  [[nodiscard]] expected<std::optional<report::asker>> who_lost_sight(const job& job) const;
  void make_again(const std::string& key, report::asker who);
  void pump(const std::string& type);
  void run_job(const std::string& type, const std::string& key);
  void made(const std::string& key, messages::report_made& result);
  void store(const std::string& key, std::shared_ptr<const tahoe::document> report, std::string status);
  void stored(const std::string& key, const std::shared_ptr<const tahoe::document>& report,
              const std::string& status, const messages::report_stored& result);
  void postpone(const std::string& key, const error& answer, const std::string& why);
  void let_go(const job& job, const std::function<expected<void>()>& change);
  void send_away(job& job);
  void put_back(const std::string& key);
  void withdraw(const std::string& key);
  void finish(const std::string& key);
  void tell(const report::reply_socket& socket);
  void end_if_idle();
  [[nodiscard]] std::string queue_of(const std::string& type) const;

  pointer self_{};
  query_desk_options options_;
  query_desk_peers peers_;
  std::map<std::string, job> jobs_;  ///< By the query's hash as hex: those that are ours and not finished.
  std::map<std::string, query_queue> queues_;
  std::size_t waiting_bytes_ = 0;  ///< Of the texts of the jobs' queries.
  std::uint64_t waiters_ = 0;      ///< Numbers them.
  /// Askers that may go away: the query and the number of the waiter.
  std::map<std::uint64_t, std::pair<std::string, std::uint64_t>> askers_;
  /// A store is away, or was a moment ago: nothing that the query poller finds is taken until then.
  std::optional<caf::actor_clock::time_point> outage_until_;
  bool outage_told_ = false;
  std::string stay_told_;  ///< Why queries that were found last stay as they are.
  std::optional<caf::actor_clock::time_point> out_of_reach_until_;  ///< The report store, for claims.
  std::optional<caf::typed_response_promise<messages::drained>> draining_;
};

[[nodiscard]] messages::query_desk_actor::behavior_type query_desk(query_desk_state::pointer self,
                                                                   query_desk_options options,
                                                                   query_desk_peers peers);

}  // namespace cybexd::actors
