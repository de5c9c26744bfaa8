// How a writer puts sessions: made where they are absent; else they gain the events and, where that changes
// anything, the times.
#include <algorithm>

#include "tahoe/store/archive_rules.hpp"
#include "tahoe/store/mongodb_archive_documents.hpp"
#include "tahoe/store/mongodb_archive_writer.hpp"

namespace cybexd::store::mongodb_archive {
namespace {

/// Each time at least one of those who change the same session has done it.
constexpr int most_passes = 20;

/// What stands there as a time. Null says nothing, as in the documents of other modules.
std::optional<tahoe::value> time_in(const tahoe::value& fields, std::string_view name) {
  const auto* there = fields.find(name);
  if (there == nullptr || there->is_null()) return std::nullopt;
  return *there;
}

}  // namespace

expected<void> writer::put_sessions(const archive_plan& plan, std::vector<change> changes,
                                    std::vector<hash256> of) {
  const auto first = changes.size();
  for (const auto& planned : plan.sessions) {
    auto join = join_session(planned.session, planned.members);
    if (!join) return fail(join.error());
    changes.push_back(std::move(*join));
    of.push_back(planned.session.hash);
  }
  auto done = send(changes, "archive: merge events and sessions");
  if (!done) return fail(done.error());
  if (auto known = refuse(*done, of); !known) return known;
  std::vector<const document*> met;
  for (std::size_t i = 0; i < plan.sessions.size(); ++i)
    if (!done->made[first + i]) met.push_back(&plan.sessions[i].session);
  return widen_times(std::move(met));
}

expected<void> writer::widen_times(std::vector<const document*> sessions) {
  for (int pass = 0; pass < most_passes; ++pass) {
    std::erase_if(sessions, [&](const auto* session) { return refused_.contains(session->hash); });
    if (sessions.empty()) return {};
    auto stored = read_times(sessions);
    if (!stored) return fail(stored.error());
    std::vector<change> changes;
    std::vector<hash256> hashes;
    for (const auto* session : sessions) {
      const auto there = stored->find(session->hash);
      if (there == stored->end()) continue;
      auto widest = there->second.times;
      if (!archive_rules::merge_times(widest, *session)) continue;
      auto change = set_times(there->second.as_stored.view(), there->second.of_first, widest);
      if (!change) return fail(change.error());
      changes.push_back(std::move(*change));
      hashes.push_back(session->hash);
    }
    auto done = send(changes, "archive: write times of sessions");
    if (!done) return fail(done.error());
    if (auto known = refuse(*done, hashes); !known) return known;
    if (done->matched == changes.size()) return {};
  }
  return fail(failure::unavailable,
              "archive: write times of sessions: other servers change the same ones; try again");
}

/// A session whose times cannot be read keeps them, and is left out here.
expected<std::unordered_map<hash256, writer::stored_times>> writer::read_times(
    std::span<const document* const> sessions) {
  std::vector<hash256> hashes;
  for (const auto* session : sessions) hashes.push_back(session->hash);
  archive_rules::normalise(hashes);
  find_options how;
  how.projection.add("_id", 0).add("_hash", 1).add("start_time", 1).add("end_time", 1).add("duration", 1);
  how.projection.add(archive_rules::own_times_field, 1);
  how.batch = 10'000;
  std::unordered_map<hash256, stored_times> all;
  const auto filter = by_hashes(hashes);
  auto found = documents_.find(filter, how, "archive: read times of sessions", [&](const bson_view& stored) {
    const auto hash = hash_of(stored);
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
