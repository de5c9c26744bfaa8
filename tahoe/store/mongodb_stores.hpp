#pragma once
// The four stores on MongoDB, each in a place of its own. Internal to tahoe/store/ and its tests.
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "tahoe/store/notices.hpp"
#include "tahoe/store/stores.hpp"

namespace cybexd::store {

/// What every store of a server is given besides its place. Never null.
struct store_ties {
  std::shared_ptr<notices> say = std::make_shared<notices>();
  /// As in `stores`: store, seconds, items of every durable write.
  std::shared_ptr<std::function<void(std::string_view, double, std::size_t)>> on_commit =
      std::make_shared<std::function<void(std::string_view, double, std::size_t)>>();

  void committed(std::string_view store, std::chrono::steady_clock::time_point began,
                 std::size_t items) const {
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    if (*on_commit) (*on_commit)(store, took.count(), items);
  }
};

struct mongodb_lake_options {
  /// How long an entry stays with a server that does not renew its claim.
  std::chrono::milliseconds claim{60'000};
  bool keep_archived_files = false;  ///< Of files that our own intake put; others' are always kept.
  std::function<double()> now;       ///< For tests: in place of the database's clock, Unix seconds.
  std::chrono::seconds settled_after{
      600};  ///< Entries younger than this are read for every look at the books.
};

// Each touches no network: what the database must have (indexes) is made before the first call that needs it.
// Errors: bad_input (the URL).
[[nodiscard]] expected<std::shared_ptr<cache_lake>> make_mongodb_lake(
    const mongodb_place& place, const store_ties& ties, const mongodb_lake_options& options = {});
[[nodiscard]] expected<std::shared_ptr<archive_store>> make_mongodb_archive(const mongodb_place& place,
                                                                            const store_ties& ties);
[[nodiscard]] expected<std::shared_ptr<report_store>> make_mongodb_reports(const mongodb_place& place,
                                                                           const store_ties& ties);
[[nodiscard]] expected<std::shared_ptr<identity_store>> make_mongodb_identity(const mongodb_place& place,
                                                                              const store_ties& ties);

}  // namespace cybexd::store
