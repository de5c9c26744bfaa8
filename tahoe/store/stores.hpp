#pragma once
// The four stores of a server, opened together. The one factory.
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "tahoe/store/archive_store.hpp"
#include "tahoe/store/cache_lake.hpp"
#include "tahoe/store/committer.hpp"
#include "tahoe/store/identity_store.hpp"
#include "tahoe/store/notices.hpp"
#include "tahoe/store/report_store.hpp"

namespace cybexd::store {

struct stores {
  std::shared_ptr<cache_lake> lake;
  std::shared_ptr<archive_store> archive;
  std::shared_ptr<report_store> reports;
  std::shared_ptr<identity_store> identity;
  std::shared_ptr<committer> commit;

  /// Numbers a home offers about itself, for metrics: name (`rocksdb_...`), value.
  std::function<std::vector<std::pair<std::string, double>>()> statistics;
  /// A consistent copy of the running home in a directory that does not exist yet, as a home of its own
  /// (`backup`). Errors: conflict (the directory is there), unavailable, bad_input (a home in memory has
  /// none).
  std::function<expected<void>(const std::string& directory)> backup;
  /// Whether writing goes on only after the home is closed and opened anew, now that its disk works again.
  /// Cheap; empty: never.
  std::function<bool()> needs_new_open;
  /// The process stops: what a database is asked may still be answered until the deadline, sooner given up
  /// where it is silent; from then on every call to it is `unavailable` at once, those under way too. Returns
  /// at once; empty where no store is on a database.
  std::function<void(std::chrono::steady_clock::time_point)> end_by;
  std::function<bool()> gave_up;  ///< Whether that has come to pass.
  /// The disk of the embedded home was too full to open it for writing: until a new open it can only be read.
  bool opened_without_room = false;
  /// Empty, or which database cannot be used now, as far as is known without asking it, or that the embedded
  /// home can only be read. Waits for nothing; empty where neither can be.
  std::function<std::string()> trouble;
  /// Told of every durable write: store, seconds, items. May be called from any thread. Set it before use.
  std::shared_ptr<std::function<void(std::string_view, double, std::size_t)>> on_commit;
  /// What the stores have to tell the operator besides answers, e.g. the indexes they made.
  std::shared_ptr<notices> say = std::make_shared<notices>();
};

/// Of the embedded home. Compared on open; a home of another version is refused. Raise it with every change
/// of a stored layout.
inline constexpr std::uint64_t home_format_version = 2;

/// What opening a home may be told; units in the names.
struct embedded_options {
  std::string directory;                 ///< `data_dir`/store; made if absent.
  std::size_t cache_bytes = 128u << 20;  ///< Block cache and memtables together.
  bool keep_archived_files = false;      ///< Keep the envelopes of archived entries (doubles the disk).
  bool read_only = false;                ///< Nothing in the directory is changed; a write is an error.
};

/// Where a store lives on MongoDB.
struct mongodb_place {
  std::string url;  ///< May hold a password; it is never in an error's text.
  std::string db, coll;
  bool read_only = false;  ///< Nothing is made there before it is read, no index either.
};

/// Each store by itself: on MongoDB where it has a place, else in the embedded home.
struct store_places {
  std::optional<mongodb_place> cache, archive, report, identity;
  /// How long an entry of a lake on MongoDB stays with a server that does not answer any more.
  std::chrono::milliseconds claim{60'000};
  embedded_options embedded;
};

/// Whether the driver takes the URL; no network is touched. Errors: bad_input, without the URL's secrets.
[[nodiscard]] expected<void> check_mongodb_url(const std::string& url);

/// Opens every store where it lives. A MongoDB that is away is no error: its stores are unavailable until it
/// comes. Errors: bad_input (a URL), and those of `open_embedded`.
[[nodiscard]] expected<stores> open_stores(const store_places& places);

/// Errors: unavailable (locked by another process, disk), corrupt (format version, damaged files), each
/// naming the directory; not_found (it is to be read only and holds no store).
[[nodiscard]] expected<stores> open_embedded(const embedded_options& options);
/// Everything in memory, for tests: the simplest code that is right.
[[nodiscard]] stores make_memory();

}  // namespace cybexd::store
