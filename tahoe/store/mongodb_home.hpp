#pragma once
// A MongoDB server (or replica set) as the stores see it: connections, deadlines, errors, counts. Internal to
// tahoe/store/ and its tests.
//
// How a store is written on it (`mongodb_lake.cpp` is an example):
//
//   auto home = mongodb_home::open({.url = place.url});        // no network yet; one for each URL
//   mongodb_collection docs(*home, place.db, place.coll);      // mongodb_collection.hpp
//   auto found = docs.find_all(bson().add("_hash", hex), {}, "archive: get");
//   bulk_write ops;                                            // unordered, majority; group by kind
//   ops.update_one(bson().add("_hash", hex), bson().add("$setOnInsert", doc), upsert::yes);
//   auto done = docs.write(std::move(ops), "archive: write");  // duplicate keys: done->duplicates
//
// - Opening touches no network: a database that is away at start is a database that is away. What must be
//   done before the first use (indexes) goes into a `once_ready`, which tries again until it has worked.
// - Every call has a deadline (selection, connection, answer, the server's own work) and answers
//   `unavailable` when the database is away, not primary, too slow, or could not confirm a write. Then
//   nothing is known about the write: do it again, so write it in such a way that this is harmless.
// - `what` begins with the store's name and a colon; error texts begin with it and never hold a password.
// - Writes wait for the majority, reads ask the primary for what the majority has.
// - Round trips are counted: `home->counts()` before and after.
// - Tests: `tests/fixtures/mongodb_server.hpp` (`mongodb_home_of_its_own`), suites named `..._mongodb`.
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "crypto/error.hpp"
#include "tahoe/store/mongodb_bson.hpp"
#include "tahoe/store/notices.hpp"

struct _bson_error_t;
struct _mongoc_client_t;
struct _mongoc_client_session_t;

namespace cybexd::store {

struct mongodb_options {
  std::string url;                           ///< `mongodb://` or `mongodb+srv://`. May hold a password.
  unsigned connections = 32;                 ///< At most, unless the URL says less.
  std::chrono::milliseconds select{5'000};   ///< Finding a server that can be used, and a free connection.
  std::chrono::milliseconds connect{5'000};  ///< These hold unless the URL names its own.
  std::chrono::milliseconds answer{30'000};  ///< Silence of the server during a command.
  std::chrono::milliseconds work{20'000};    ///< The server's own limit for a command or for the majority.
  bool at_most = false;                      ///< The times hold also where the URL names longer ones.
  bool patient = false;  ///< `answer` holds whatever the URL names: for what may take hours.
  /// How often a server is looked at, and so how soon one that is back is used again (the driver's own: 10
  /// s).
  std::chrono::milliseconds look{1'000};
};

/// What MongoDB or its driver said, as our error. unavailable: network, no server, not primary, time-outs,
/// write concern, and all that may pass; conflict: duplicate key; too_large: over MongoDB's limit. The one
/// place that translates.
[[nodiscard]] error to_error(const struct _bson_error_t& problem, std::string_view what);
/// What a question of a report comes to, asked over a look that has lasted for so long: unavailable only
/// where the database is away or another try may help (`transient`: as the server itself says); timed_out
/// where it takes too long (`out_of_time`: the time that was allowed is over); else internal, for it will be
/// refused again.
[[nodiscard]] failure failure_of_question(const struct _bson_error_t& problem, bool transient,
                                          bool out_of_time, std::chrono::seconds lasted);
/// The same for a code that the server names within an answer, e.g. in `writeErrors`.
[[nodiscard]] failure failure_of(std::int32_t server_code);

/// Whether a write is refused again however often it is tried.
[[nodiscard]] inline bool is_for_good(const error& fault) {
  return fault.kind == failure::too_large || fault.kind == failure::bad_input;
}

/// Commands since the home was opened; those that look for servers do not count.
struct mongodb_counts {
  std::uint64_t commands = 0, failed = 0;
  double seconds = 0;  ///< From sending to the answer, added up.
  std::map<std::string, std::uint64_t> by_name;
};

/// A connection that is ours until this goes.
class mongodb_lease {
 public:
  mongodb_lease(mongodb_lease&&) noexcept = default;
  mongodb_lease& operator=(mongodb_lease&&) noexcept = default;
  [[nodiscard]] struct _mongoc_client_t* client() const { return client_.get(); }

 private:
  friend class mongodb_home;
  struct given_back {
    std::shared_ptr<void> pool;
    void operator()(struct _mongoc_client_t* client) const;
  };
  explicit mongodb_lease(std::unique_ptr<struct _mongoc_client_t, given_back> client)
      : client_(std::move(client)) {}
  std::unique_ptr<struct _mongoc_client_t, given_back> client_;
};

/// Thread safe.
class mongodb_home {
 public:
  /// The home of this URL in this process: the same one for equal options while somebody holds it. Errors:
  /// bad_input (not a URL MongoDB's driver takes; the text does not repeat it).
  [[nodiscard]] static expected<std::shared_ptr<mongodb_home>> open(const mongodb_options& options);
  mongodb_home(const mongodb_home&) = delete;
  mongodb_home& operator=(const mongodb_home&) = delete;
  ~mongodb_home();

  /// One of the pool's connections. Errors: unavailable (all are in use; or no server was found in time and
  /// none has been seen since: so that not everybody waits for what one has waited for).
  [[nodiscard]] expected<mongodb_lease> lease(std::string_view what);
  /// `to_error` with the host in the text, and every part of the URL that is secret taken out of it.
  [[nodiscard]] error as_error(const struct _bson_error_t& problem, std::string_view what) const;
  /// Errors: unavailable (the process ends).
  [[nodiscard]] expected<void> still_asks(std::string_view what) const;
  /// One command on a database; the answer. With `writes` it waits for the majority, else it goes as it is
  /// (`hello`, `listIndexes` and their like know no read concern). Errors: as `to_error`.
  [[nodiscard]] expected<bson> command(const std::string& db, const bson& command, bool writes,
                                       std::string_view what);

  /// The process ends: what is asked may still be answered until the deadline, or until the database has been
  /// silent for three of the driver's looks. From then on every call is `unavailable` at once, those under
  /// way too (but one that waits for a server to be found waits on, `select` at most). Returns at once.
  void end_by(std::chrono::steady_clock::time_point deadline);
  /// Empty, or why it cannot be used now, as far as is known without asking it: a server that falls silent
  /// is noticed within some 6 s. Waits for nothing.
  [[nodiscard]] std::string trouble() const;

  /// Hosts as they stand in the URL, for people: "db.example.org:27017". Never a secret.
  [[nodiscard]] const std::string& where() const;
  /// The URL has one host, and does not say that this is one of a replica set: then that host is used alone,
  /// whatever becomes of the set.
  [[nodiscard]] bool names_one_server_only() const;
  [[nodiscard]] const mongodb_options& options() const;
  [[nodiscard]] mongodb_counts counts() const;
  /// For metrics: `mongoc_commands`, `mongoc_commands_failed`, `mongoc_command_seconds`, and
  /// `mongoc_NAME_commands` for each command that was sent.
  [[nodiscard]] std::vector<std::pair<std::string, double>> statistics() const;

 private:
  struct impl;
  explicit mongodb_home(std::unique_ptr<impl> inner);
  std::unique_ptr<impl> impl_;
};

/// One connection with a session that only reads: what is read through it is as of the first read, until it
/// goes. The server keeps that for a minute (`transactionLifetimeLimitSeconds`), and only where there is a
/// replica set. Not thread safe.
class mongodb_session {
 public:
  /// Errors: unavailable.
  [[nodiscard]] static expected<mongodb_session> begin(mongodb_home& home, std::string_view what);

  [[nodiscard]] struct _mongoc_client_t* client() const { return lease_.client(); }
  [[nodiscard]] struct _mongoc_client_session_t* get() const { return session_.get(); }

 private:
  struct ended {
    void operator()(struct _mongoc_client_session_t* session) const;
  };
  mongodb_session(mongodb_lease lease, struct _mongoc_client_session_t* session)
      : lease_(std::move(lease)), session_(session) {}
  mongodb_lease lease_;
  std::unique_ptr<struct _mongoc_client_session_t, ended> session_;
};

/// Something that must have been done once before a store is used, and that needs the database: tried at
/// every call until it has worked. Thread safe; one thread at a time tries, and the others do not wait for it
/// long: an index over what is there may take hours to build. Errors: those of `prepare`; unavailable.
class once_ready {
 public:
  explicit once_ready(std::function<expected<void>()> prepare) : prepare_(std::move(prepare)) {}
  [[nodiscard]] expected<void> operator()();

 private:
  std::timed_mutex mutex_;
  std::atomic<bool> done_ = false;
  std::function<expected<void>()> prepare_;
};

}  // namespace cybexd::store
