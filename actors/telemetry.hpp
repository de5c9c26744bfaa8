#pragma once
// The server's metrics, by the names and labels of its documentation, in Prometheus' text format.
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace prometheus {
class Counter;
class Gauge;
class Histogram;
}  // namespace prometheus

namespace cybexd::actors {

/// Things that only grow. Labels, in order, in the comment.
enum class counter : std::uint8_t {
  archive_entries,    ///< outcome: archived, known, not_supported, error, bad_data
  archive_bytes,      ///< Bytes of records that were archived.
  filter_records,     ///< filter, outcome: used, unusable
  actor_messages,     ///< actor, message
  actor_failures,     ///< actor
  actor_restarts,     ///< actor
  reports,            ///< type, status
  replies,            ///< outcome
  http_requests,      ///< route, status
  envelope_failures,  ///< reason: too_short, wrapped_key, session_key, tag, not_utf8
};

/// Things that go up and down.
enum class gauge : std::uint8_t {
  lake_entries,  ///< state: accepted, archived, known, set_aside, pending
  filter_pending,
  actor_mailbox,  ///< actor
  credit_in_use,
  credit_limit,
  credit_bytes,
  backoff_failures,  ///< of
  backoff_next,      ///< of; seconds
  oldest_eligible,   ///< Seconds.
  store_up,          ///< store
  report_queue,      ///< type
  http_in_flight,
  quarantine,
  build_info,  ///< version
};

/// Things whose distribution counts.
enum class histogram : std::uint8_t {
  actor_handling,  ///< actor; seconds
  store_commit,    ///< store; seconds
  store_batch,     ///< store; items
  report_seconds,  ///< type
  report_wait,     ///< type; seconds
  http_request,    ///< route; seconds
};

/// Counts the messages of one kind that one actor (or all workers of one pool) handles. Cheap to copy, thread
/// safe.
class message_meter {
 public:
  /// One message was handled in so many seconds; `failed` when its handler threw. Costs about 100 ns.
  void record(double seconds, bool failed) const;

 private:
  friend class actor_meter;
  prometheus::Counter* handled_ = nullptr;
  prometheus::Counter* failures_ = nullptr;
  prometheus::Histogram* handling_ = nullptr;
};

class telemetry;

/// The metrics of one actor. Cheap to copy, thread safe, good as long as its telemetry.
class actor_meter {
 public:
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] message_meter message(std::string_view kind) const;
  /// How many messages wait, as the actor itself sees it.
  void mailbox(std::size_t waiting) const;
  void restarted() const;
  void failed() const;

 private:
  friend class telemetry;
  std::string name_;
  telemetry* owner_ = nullptr;
  prometheus::Gauge* mailbox_ = nullptr;
  prometheus::Counter* restarts_ = nullptr;
  prometheus::Counter* failures_ = nullptr;
};

/// All metrics of one server. Thread safe.
class telemetry {
 public:
  using labels = std::initializer_list<std::string_view>;
  using statistics = std::vector<std::pair<std::string, double>>;

  explicit telemetry(std::string_view version);
  telemetry(const telemetry&) = delete;
  telemetry& operator=(const telemetry&) = delete;
  ~telemetry();

  /// Label values in the order given beside the enumerators, as many as there are. About 1 µs.
  void add(counter which, labels values, double by = 1);
  void set(gauge which, labels values, double to);
  void shift(gauge which, labels values, double by);
  void observe(histogram which, labels values, double what);
  /// There from now on, with nothing observed.
  void offer(histogram which, labels values);
  /// All that tells of reports of a type: a page without it would read as "no data" until the first one.
  void offer_reports(std::string_view type);
  /// What a counter has come to.
  [[nodiscard]] double value(counter which, labels values) const;

  [[nodiscard]] actor_meter actor(std::string_view name);

  /// Called at every scrape, one scrape at a time: sets the gauges that are read rather than kept. Who
  /// scrapes waits for it. Callbacks live as long as this does, or until `forget_sources`.
  void on_scrape(std::function<void(telemetry&)> source);
  /// For such a source: a sentence for people, as a comment at the end of this scrape.
  void remark(const std::string& sentence);
  /// Numbers that a store offers about itself, under names of its own.
  void set_statistics(std::function<statistics()> source);
  /// Drops all callbacks: before what they read is closed. Waits for a scrape that is going on.
  void forget_sources();

  /// Everything in Prometheus' text format, version 0.0.4.
  [[nodiscard]] std::string render();

 private:
  friend class actor_meter;
  struct impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace cybexd::actors
