// How a writer puts sessions: made where they are absent; else they gain the events and, where that changes
// anything, the times.
//
// A session that may refuse what joins it, being nearly as large as MongoDB keeps or no list where others
// join it, is asked before anything else of its records is written, and only the database's answer counts: a
// record that it refuses leaves nothing but its raw document. All others come after their events, so that
// nobody sees a session with an event that is not there.
#include <algorithm>
#include <utility>

#include "tahoe/store/archive_rules.hpp"
#include "tahoe/store/mongodb_archive_documents.hpp"
#include "tahoe/store/mongodb_archive_writer.hpp"

namespace cybexd::store::mongodb_archive {
namespace {

/// Each time at least one of those who change the same session has done it.
constexpr int most_passes = 20;

/// A session has room below that: what is left is more than all servers together add at a time.
constexpr std::int64_t roomy = 14 << 20;

bson has_room() {
  const auto is_list = bson().add("$isArray", "$_ref");
  const auto size = bson().add("$bsonSize", "$$ROOT");
  const auto small = bson().add("$lt", bson_list().push(size).push(roomy));
  return bson().add("$and", bson_list().push(is_list).push(small));
}

/// What stands there as a time. Null says nothing, as in the documents of other modules.
std::optional<tahoe::value> time_in(const tahoe::value& fields, std::string_view name) {
  const auto* there = fields.find(name);
  if (there == nullptr || there->is_null()) return std::nullopt;
  return *there;
}

}  // namespace

expected<void> writer::ask_sessions(const archive_plan& plan) {
  std::vector<const document*> all;
  for (const auto& planned : plan.sessions) all.push_back(&planned.session);
  if (all.empty()) return {};
  auto read = read_times(all);
  if (!read) return fail(read.error());
  times_ = std::move(*read);
  std::vector<const document*> asked;
  for (const auto* session : all)
    if (doubtful_.contains(session->hash)) asked.push_back(session);
  if (asked.empty()) return {};
  if (auto widened = widen_times(asked, {}); !widened) return widened;
  auto joined = join_sessions(plan, {}, {}, true);
  if (!joined) return fail(joined.error());
  return {};
}

expected<void> writer::put_sessions(const archive_plan& plan, std::vector<change> changes,
                                    std::vector<hash256> of) {
  auto met = join_sessions(plan, std::move(changes), std::move(of), false);
  if (!met) return fail(met.error());
  return widen_times(std::move(*met), std::exchange(times_, {}));
}

/// The doubtful ones, or all others; those that were there already. One that cannot be written is refused.
expected<std::vector<const document*>> writer::join_sessions(const archive_plan& plan,
                                                             std::vector<change> changes,
                                                             std::vector<hash256> of, bool doubtful) {
  std::vector<std::pair<std::size_t, const document*>> joining;
  for (const auto& planned : plan.sessions) {
    const auto& hash = planned.session.hash;
    if (doubtful_.contains(hash) != doubtful || refused_.contains(hash)) continue;
    auto join = join_session(planned.session, planned.members);
    if (!join) {
      refused_.emplace(hash,
                       "the document " + crypto::to_hex(hash) + " cannot be written: " + join.error().text);
      continue;
    }
    joining.emplace_back(changes.size(), &planned.session);
    changes.push_back(std::move(*join));
    of.push_back(hash);
  }
  auto done = send(changes, "archive: merge events and sessions");
  if (!done) return fail(done.error());
  if (auto known = refuse(*done, of); !known) return fail(known.error());
  std::vector<const document*> met;
  for (const auto& [at, session] : joining)
    if (!done->made[at]) met.push_back(session);
  return met;
}

/// `stored`: as they were read, where they were.
expected<void> writer::widen_times(std::vector<const document*> sessions, times_by_hash stored) {
  for (int pass = 0; pass < most_passes; ++pass) {
    std::erase_if(sessions, [&](const auto* session) { return refused_.contains(session->hash); });
    if (sessions.empty()) return {};
    const bool known = pass == 0 && std::all_of(sessions.begin(), sessions.end(), [&](const auto* session) {
                         return stored.contains(session->hash);
                       });
    if (!known) {
      auto read = read_times(sessions);
      if (!read) return fail(read.error());
      stored = std::move(*read);
    }
    std::vector<change> changes;
    std::vector<hash256> hashes;
    for (const auto* session : sessions) {
      const auto there = stored.find(session->hash);
      if (there == stored.end()) continue;
      auto widest = there->second.times;
      if (!archive_rules::merge_times(widest, *session)) continue;
      auto change = set_times(there->second.as_stored.view(), there->second.of_first, widest);
      if (!change) return fail(change.error());
      changes.push_back(std::move(*change));
      hashes.push_back(session->hash);
    }
    auto done = send(changes, "archive: write times of sessions");
    if (!done) return fail(done.error());
    if (auto known_now = refuse(*done, hashes); !known_now) return known_now;
    if (done->matched == changes.size()) return {};
  }
  return fail(failure::unavailable,
              "archive: write times of sessions: other servers change the same ones; try again");
}

/// A session whose times cannot be read keeps them, and is left out here. Notes which are doubtful.
expected<writer::times_by_hash> writer::read_times(std::span<const document* const> sessions) {
  std::vector<hash256> hashes;
  for (const auto* session : sessions) hashes.push_back(session->hash);
  archive_rules::normalise(hashes);
  find_options how;
  how.projection.add("_id", 0).add("_hash", 1).add("start_time", 1).add("end_time", 1).add("duration", 1);
  how.projection.add(archive_rules::own_times_field, 1).add("has_room", has_room());
  how.batch = 10'000;
  times_by_hash all;
  const auto filter = by_hashes(hashes);
  auto found = documents_.find(filter, how, "archive: read times of sessions", [&](const bson_view& stored) {
    const auto hash = hash_of(stored);
    if (hash && stored.find("has_room").boolean() == false) doubtful_.insert(*hash);
    const auto fields = stored.to_value();
    if (!hash || !fields) return true;
    document times;
    times.start_time = time_in(*fields, "start_time");
    times.end_time = time_in(*fields, "end_time");
    times.duration = time_in(*fields, "duration");
    if (const auto* own = fields->find(archive_rules::own_times_field))
      archive_rules::set_own_times(times, *own);
    const auto [known, fresh] = all.try_emplace(*hash);
    archive_rules::merge_times(known->second.times, times);
    if (fresh) known->second.as_stored = bson(stored);
    if (fresh) known->second.of_first = known->second.times;
    return true;
  });
  if (!found) return fail(found.error());
  return all;
}

}  // namespace cybexd::store::mongodb_archive
