#pragma once
// What a batch of records means for a collection, before anything is sent: `archive_rules.hpp` applied to
// what was read of the raw records that are stored already. Internal to tahoe/store/ and its tests. Pure.
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "tahoe/store/archive_store.hpp"
#include "tahoe/store/mongodb_archive_changes.hpp"

namespace cybexd::store::mongodb_archive {

struct stored_raw {
  document d;             ///< Without its data.
  bool made_now = false;  ///< By this very write, so it does not count as known.
  bool doubled = false;   ///< It stands there more than once.
};
using stored_raws = std::unordered_map<hash256, stored_raw>;
/// Documents that the database would not let grow, with the reason. What makes or changes one is of no use.
using refusals = std::unordered_map<hash256, std::string>;

struct planned_part {
  hash256 hash;
  bson stored;
  std::optional<document> event;  ///< Of an event: for merging.
};

struct planned_session {
  document session;  ///< With the widest times.
  std::vector<hash256> members;
};

struct planned_raw {
  document d;  ///< As it will be.
  bool stored = false;
  bool doubled = false;
  const tahoe::value* data = nullptr;
  std::vector<change> changes;       ///< Of a stored one.
  std::vector<std::size_t> records;  ///< Indexes of those that mean it.
};

/// A record whose product depends on when a filter first ran for its organisation, and that is not known yet.
struct unclaimed {
  std::size_t record = 0;
  double first_run = 0;
};

struct archive_plan {
  std::vector<record_result> results;
  std::vector<planned_part> parts;  ///< Attributes, objects and events, children first, each once.
  std::vector<planned_session> sessions;
  std::vector<planned_raw> raws;
  /// To be claimed, and the plan made again, before anything else is written.
  std::vector<unclaimed> claims;
};

/// `records` must outlive the plan. Errors: too_large, bad_input: a raw document that MongoDB cannot hold.
[[nodiscard]] expected<archive_plan> make_plan(std::span<const record_write> records,
                                               const stored_raws& stored, const refusals& refused);

}  // namespace cybexd::store::mongodb_archive
