#pragma once
// The archive: TAHOE documents under their hash, with the index that reports ask.
#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "crypto/error.hpp"
#include "tahoe/document.hpp"
#include "tahoe/filters/filter.hpp"
#include "tahoe/store/check_listener.hpp"

namespace cybexd::store {

using tahoe::category;
using tahoe::document;
using tahoe::hash256;

/// What a filter made of a raw record for one organisation.
struct filter_result {
  std::string filter_id;
  tahoe::filters::product product;
  double first_run = 0;  ///< Kept with the raw record where the product asks for it.
};

/// All that one record causes: one atomic write (on MongoDB in an order that makes a stop in between
/// harmless). `raw` names sub_type, data, organisation and time zone.
/// The store knows whether the record is there already, for this organisation, with this filter run: what was
/// done is not done again (a sighting's second product is dropped, a second organisation is added to
/// `_cybexd_orgs`).
struct record_write {
  document raw;
  std::optional<filter_result> filtered;  ///< Nothing where no filter reads the sub_type.
};

struct record_result {
  hash256 raw;
  bool known = false;  ///< The same record of the same organisation was there already.
};

/// A raw record whose filter has not run for an organisation.
struct unfiltered_record {
  document raw;
  std::string orgid, timezone;
};

enum class context_filter : std::uint8_t { all, benign, malicious, unknown };

/// Organisations whose events the asker may see. Nothing is visible by default.
struct visibility {
  bool everything = false;  ///< For the server's own use and tests.
  std::vector<std::string> orgids;
};

struct event_filter {
  double from = -std::numeric_limits<double>::infinity();  ///< Inclusive, Unix seconds.
  double to = std::numeric_limits<double>::infinity();     ///< Inclusive.
  std::optional<tahoe::category> category;
  context_filter context = context_filter::all;
  visibility who;
};

struct event_position {
  hash256 hash;
  double timestamp = 0;
};

/// A number for a document, good within one view only. Never stored outside, never shown.
using node = std::uint64_t;

struct event_facts {
  node id = 0;
  double timestamp = 0;
  tahoe::category category = tahoe::category::unknown;
  std::vector<node> attributes;  ///< The attributes in the event's `_ref`.
};

/// Two looks of the same version show the same events with the same category.
struct archive_version {
  std::uint64_t documents = 0;  ///< Grows with every document.
  std::uint64_t edits = 0;      ///< Grows with every change of an event that was there.

  bool operator==(const archive_version&) const = default;
};

/// A consistent look at the archive: writes that come later do not show (on MongoDB for a minute, where the
/// server has transactions; else each question sees what is there then). Cheap to make; hold it for one
/// report only. One thread at a time.
class archive_view {
 public:
  virtual ~archive_view() = default;

  [[nodiscard]] virtual expected<std::optional<document>> get(const hash256& hash) = 0;
  /// Documents that are there, in the order asked for.
  [[nodiscard]] virtual expected<std::vector<document>> get_many(std::span<const hash256> hashes) = 0;

  /// The number of events that hold the attribute and pass. Reads no document, and rows bounded by the
  /// buckets of the range; on MongoDB it is one command, which walks an index over the range.
  [[nodiscard]] virtual expected<std::uint64_t> count(const hash256& attribute,
                                                      const event_filter& filter) = 0;
  /// The events that hold the attribute and pass, newest first, then by ascending hash; skips `offset` by the
  /// buckets.
  [[nodiscard]] virtual expected<std::vector<event_position>> page(const hash256& attribute,
                                                                   const event_filter& filter,
                                                                   std::uint64_t offset,
                                                                   std::size_t limit) = 0;

  /// No question of this look needs to be answered after that; a home that is a round trip away ends it
  /// there. Errors then also: timed_out.
  virtual void end_by(std::chrono::steady_clock::time_point deadline) { (void)deadline; }
  /// So many steps from events to their sessions, and to those sessions' events, will be asked for: a home
  /// that is a round trip away may read ahead. Changes no answer.
  virtual void will_follow(int steps) { (void)steps; }
  /// Sessions that hold any of the events: ascending, each once.
  [[nodiscard]] virtual expected<std::vector<hash256>> sessions_of(std::span<const hash256> events) = 0;
  /// The events of any of the sessions that pass `from`, `to` and `who` (category and context do not count
  /// here): newest first, then by ascending hash, each once.
  [[nodiscard]] virtual expected<std::vector<event_position>> events_of_sessions(
      std::span<const hash256> sessions, const event_filter& filter) = 0;

  // The graph of events and attributes, for ranks.
  [[nodiscard]] virtual expected<std::optional<node>> event_node(const hash256& event,
                                                                 const visibility& who) = 0;
  [[nodiscard]] virtual expected<std::optional<event_facts>> facts(node event, const visibility& who) = 0;
  /// How many visits `events_of` makes with a visitor that does not stop it.
  [[nodiscard]] virtual expected<std::uint64_t> reach(std::span<const node> attributes,
                                                      const visibility& who) = 0;
  /// Visits every visible event that holds any of the attributes until `visit` says false. One that holds
  /// several may be visited for each of them.
  [[nodiscard]] virtual expected<void> events_of(std::span<const node> attributes, const visibility& who,
                                                 const std::function<bool(const event_facts&)>& visit) = 0;
  /// Visits every visible event of the archive, in ascending order of nodes, in one sequential read.
  [[nodiscard]] virtual expected<void> all_events(const visibility& who,
                                                  const std::function<bool(const event_facts&)>& visit) = 0;

  /// Nothing where a home cannot tell: then nothing made from one look may be used for another.
  [[nodiscard]] virtual expected<std::optional<archive_version>> version() { return std::nullopt; }
  /// About how many events there are; to choose a way by, never to answer by.
  [[nodiscard]] virtual std::uint64_t about_events() const { return 1'000'000; }

  /// Index and document rows read through this view so far: what tests guard instead of times.
  [[nodiscard]] virtual std::uint64_t rows_read() const = 0;

  // The same for one.
  [[nodiscard]] expected<std::vector<hash256>> sessions_of(const hash256& event) {
    return sessions_of(std::span<const hash256>(&event, 1));
  }
  [[nodiscard]] expected<std::vector<event_position>> events_of_session(const hash256& session,
                                                                        const event_filter& filter) {
    return events_of_sessions(std::span<const hash256>(&session, 1), filter);
  }
  [[nodiscard]] expected<std::uint64_t> degree(node attribute, const visibility& who) {
    return reach(std::span<const node>(&attribute, 1), who);
  }
  [[nodiscard]] expected<void> events_of(node attribute, const visibility& who,
                                         const std::function<bool(const event_facts&)>& visit) {
    return events_of(std::span<const node>(&attribute, 1), who, visit);
  }
};

struct import_result {
  bool stored = false;           ///< False: it was there already.
  std::optional<error> refused;  ///< E.g. a reference to a document that is neither stored nor in this batch.
};

/// Errors of every call: unavailable (down, disk full; try again), corrupt. Nothing was written then; on
/// MongoDB part of it may be, and the same call again completes that and doubles nothing. Thread safe; writes
/// are serialised, but for those of several servers.
class archive_store {
 public:
  virtual ~archive_store() = default;

  /// Durable on return, all or none of the batch (see above for MongoDB).
  [[nodiscard]] virtual expected<std::vector<record_result>> write(std::span<const record_write> records) = 0;

  /// Documents as they are, put if absent, and indexed (events, sessions with their members). Parents may
  /// come before children within a batch and across batches: references to documents that are not there yet
  /// are kept and mended when those arrive.
  [[nodiscard]] virtual expected<std::vector<import_result>> import(std::span<const document> documents) = 0;

  /// Documents of another archive, as they are (`migrate`): like `import`, and a document that is there gains
  /// what the other one knows more: an event the graver category and contexts, a session its events and
  /// times, a raw record its organisations, filters that ran and references.
  [[nodiscard]] virtual expected<std::vector<import_result>> adopt(std::span<const document> documents) = 0;

  /// Raw records of these sub_types that have not been filtered yet for some organisation, in a stable order
  /// after `after`: about `limit`, or fewer where they are large, and none only where there are none.
  [[nodiscard]] virtual expected<std::vector<unfiltered_record>> unfiltered(
      std::span<const std::string> sub_types, const std::optional<hash256>& after, std::size_t limit) = 0;
  /// How many `unfiltered` would list of these sub_types in all.
  [[nodiscard]] virtual expected<std::uint64_t> unfiltered_count(std::span<const std::string> sub_types) = 0;

  /// sub_types of the raw documents that are there.
  [[nodiscard]] virtual expected<std::vector<std::string>> raw_sub_types() = 0;

  [[nodiscard]] virtual expected<std::unique_ptr<archive_view>> view() = 0;
  [[nodiscard]] virtual expected<std::optional<document>> get(const hash256& hash) = 0;
  /// Every document, in the order of hashes, until `visit` says false; from one consistent look, but on
  /// MongoDB, where a walk takes long: there what comes meanwhile may be among them.
  [[nodiscard]] virtual expected<void> each(const std::function<bool(const document&)>& visit) = 0;

  /// How many documents there are; may be a little off where exactness costs a walk. For progress.
  [[nodiscard]] virtual expected<std::uint64_t> size() = 0;

  /// Compares the index with the documents, from one consistent look (on MongoDB lists hashes that stand
  /// there twice, which walks as `each`). Nothing to do where a home has no index of its own making. Errors
  /// also: cancelled (`seen` said no; MongoDB's walk does not ask it).
  [[nodiscard]] virtual expected<void> check_index(const check_listener& listener) {
    (void)listener;
    return {};
  }
};

}  // namespace cybexd::store
