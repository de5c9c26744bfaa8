// Sessions and their events, as a look sees them.
#include <algorithm>
#include <utility>

#include "tahoe/store/archive_rules.hpp"
#include "tahoe/store/mongodb_archive_documents.hpp"
#include "tahoe/store/mongodb_archive_questions.hpp"
#include "tahoe/store/mongodb_archive_view.hpp"

namespace cybexd::store::mongodb_archive {
namespace {

using tahoe::itype;

/// So many members are read at any time, with their documents, since what follows asks for both.
constexpr std::size_t hashes_at_once = 5'000, members_read_whole = 5'000, members_held_at_most = 200'000;

bool same_people(const visibility& a, const visibility& b) {
  return a.everything == b.everything && a.orgids == b.orgids;
}

/// References of sessions that are not the sessions' own parts.
std::vector<hash256> possible_members(const std::unordered_map<hash256, document>& sessions) {
  std::vector<hash256> members;
  for (const auto& [hash, session] : sessions)
    for (const auto& ref : session.ref)
      if (!std::binary_search(session.cref.begin(), session.cref.end(), ref)) members.push_back(ref);
  archive_rules::normalise(members);
  return members;
}

void sort_once(std::vector<event_position>& events) {
  std::sort(events.begin(), events.end(), [](const auto& a, const auto& b) {
    return a.timestamp != b.timestamp ? a.timestamp > b.timestamp : a.hash < b.hash;
  });
  const auto same = [](const auto& a, const auto& b) { return a.hash == b.hash; };
  events.erase(std::unique(events.begin(), events.end(), same), events.end());
}

}  // namespace

expected<std::vector<hash256>> view::sessions_of(std::span<const hash256> events) {
  std::vector<hash256> asked, doubtful, sessions;
  for (const auto& hash : events) (events_.contains(hash) ? asked : doubtful).push_back(hash);
  if (!doubtful.empty()) {
    auto kinds = kinds_of(doubtful);
    if (!kinds) return fail(kinds.error());
    for (const auto& [hash, kind] : *kinds)
      if (kind == itype::event) asked.push_back(hash);
  }
  archive_rules::normalise(asked);
  std::erase_if(asked, [&](const hash256& event) {
    const auto known = sessions_of_.find(event);
    if (known == sessions_of_.end()) return false;
    sessions.insert(sessions.end(), known->second.begin(), known->second.end());
    return true;
  });
  const auto found = read_sessions(asked);
  if (!found) return fail(found.error());
  for (const auto& [hash, session] : *found) sessions.push_back(hash);
  archive_rules::normalise(sessions);
  return sessions;
}

expected<view::documents_by_hash> view::read_sessions(std::span<const hash256> events) {
  documents_by_hash sessions;
  for (std::size_t at = 0; at < events.size(); at += hashes_at_once) {
    const auto some = events.subspan(at, std::min(hashes_at_once, events.size() - at));
    auto found = read(sessions_with_any(some), {}, "archive: sessions");
    if (!found) return found;
    sessions.merge(*found);
  }
  return sessions;
}

expected<std::vector<event_position>> view::events_of_sessions(std::span<const hash256> sessions,
                                                               const event_filter& filter) {
  std::vector<event_position> events;
  if (holds_nothing(filter)) return events;
  if (!members_for_ || !same_people(*members_for_, filter.who)) {
    members_.clear();
    members_held_ = 0;
    members_for_ = filter.who;
  }
  std::vector<hash256> unread;
  for (const auto& session : sessions) {
    const auto known = members_.find(session);
    if (known == members_.end())
      unread.push_back(session);
    else
      events.insert(events.end(), known->second.begin(), known->second.end());
  }
  if (!unread.empty())
    if (auto done = read_members(unread, filter, events); !done) return fail(done.error());
  std::erase_if(events, [&](const auto& e) { return e.timestamp < filter.from || e.timestamp > filter.to; });
  sort_once(events);
  return events;
}

/// Adds the sessions of whatever may be a member, and their members, so that one question reads the events of
/// both steps.
expected<void> view::read_ahead(documents_by_hash& sessions, std::vector<hash256>& members) {
  auto both = read_sessions(members);
  if (!both) return fail(both.error());
  for (const auto& member : members) sessions_of_[member].clear();
  for (const auto& [hash, session] : *both)
    for (const auto& ref : session.ref)
      if (const auto of = sessions_of_.find(ref); of != sessions_of_.end()) of->second.push_back(hash);
  for (const auto& [hash, session] : sessions) both->emplace(hash, session);
  auto all = possible_members(*both);
  if (all.size() > members_read_whole) return {};
  sessions = std::move(*both);
  members = std::move(all);
  return {};
}

expected<void> view::read_members(std::span<const hash256> sessions, const event_filter& filter,
                                  std::vector<event_position>& events) {
  auto found = read_all(sessions);
  if (!found) return fail(found.error());
  std::erase_if(*found, [](const auto& one) { return one.second.kind != itype::session; });
  auto members = possible_members(*found);
  const bool whole = members.size() <= members_read_whole;
  if (std::exchange(reads_ahead_, false) && whole)
    if (auto ahead = read_ahead(*found, members); !ahead) return ahead;
  if (whole) {
    members.insert(members.end(), page_unread_.begin(), page_unread_.end());
    archive_rules::normalise(members);
    page_unread_.clear();
  }
  positions read_now;
  for (std::size_t at = 0; at < members.size(); at += hashes_at_once) {
    const auto some = std::span(members).subspan(at, std::min(hashes_at_once, members.size() - at));
    auto done = whole ? read_whole(some, filter.who, read_now) : read_positions(some, filter, read_now);
    if (!done) return done;
  }
  const std::unordered_set<hash256> asked(sessions.begin(), sessions.end());
  const bool held = whole && members_held_ + read_now.size() <= members_held_at_most;
  if (held) members_held_ += read_now.size();
  for (const auto& [hash, session] : *found) {
    std::vector<event_position> own;
    for (const auto& ref : session.ref)
      if (const auto position = read_now.find(ref); position != read_now.end())
        own.push_back(position->second);
    if (asked.contains(hash)) events.insert(events.end(), own.begin(), own.end());
    if (held) members_[hash] = std::move(own);
  }
  return {};
}

expected<void> view::read_whole(std::span<const hash256> members, const visibility& who, positions& into) {
  find_options how;
  how.batch = static_cast<std::uint32_t>(hashes_at_once + 1);
  auto found = read(events_among(members, who), how, "archive: events of sessions");
  if (!found) return fail(found.error());
  for (const auto& [hash, d] : *found) into.emplace(hash, event_position{hash, d.timestamp});
  return {};
}

expected<void> view::read_positions(std::span<const hash256> members, const event_filter& filter,
                                    positions& into) {
  auto at = look_.documents();
  if (!at) return fail(at.error());
  find_options how;
  how.projection.add("_hash", 1).add("timestamp", 1).add("_id", 0);
  how.batch = static_cast<std::uint32_t>(hashes_at_once + 1);
  auto asked = events_among(members, filter.who);
  asked.add("timestamp", bson().add("$gte", filter.from).add("$lte", filter.to));
  return (*at)->find(asked, how, "archive: events of sessions", [&](const bson_view& stored) {
    ++rows_;
    const auto hash = hash_in(stored.find("_hash"));
    const auto timestamp = stored.find("timestamp").number();
    if (hash && timestamp) {
      into.emplace(*hash, event_position{*hash, *timestamp});
      events_.insert(*hash);
    }
    return true;
  });
}

}  // namespace cybexd::store::mongodb_archive
