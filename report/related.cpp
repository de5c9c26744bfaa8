#include "report/related.hpp"

#include <algorithm>
#include <span>
#include <unordered_set>
#include <vector>

#include "report/related_documents.hpp"
#include "report/related_views.hpp"

namespace cybexd::report {
namespace {

/// Reads what one query shows.
class collector {
 public:
  collector(const query& asked, const store::visibility& who, store::archive_view& view,
            const related_limits& limits, const go_on& keep_going)
      : asked_(asked), who_(who), view_(view), limits_(limits), keep_going_(keep_going) {}

  /// True when an event is on the page.
  [[nodiscard]] expected<bool> collect();
  /// Takes from the sessions' lists what the asker may not see. Needed only where sessions are shown.
  [[nodiscard]] expected<void> narrow_sessions();
  [[nodiscard]] related_documents& found() { return found_; }

 private:
  [[nodiscard]] expected<void> follow_sessions();
  [[nodiscard]] expected<void> add_events_of(const hash256& session,
                                             std::vector<store::event_position>& next);
  [[nodiscard]] expected<void> read_documents();
  [[nodiscard]] expected<void> read_into(std::vector<document>& into, const std::vector<hash256>& hashes);
  [[nodiscard]] expected<void> check(std::size_t work);
  [[nodiscard]] store::event_filter session_filter() const;
  [[nodiscard]] expected<std::unordered_set<hash256>> visible_parts(const document& session);

  const query& asked_;
  const store::visibility& who_;
  store::archive_view& view_;
  const related_limits& limits_;
  const go_on& keep_going_;

  related_documents found_;
  std::vector<store::event_position> events_;  ///< The page's, then the sessions'.
  std::vector<hash256> sessions_;
  std::unordered_set<hash256> seen_;  ///< Every document in the result.
};

expected<void> collector::check(std::size_t work) {
  if (seen_.size() > limits_.documents)
    return fail(failure::too_large, "the report would hold more than " + std::to_string(limits_.documents) +
                                        " documents; ask for a lower level or a shorter range");
  if (!keep_going_ || work == 0) return {};
  return keep_going_();
}

expected<bool> collector::collect() {
  const auto page = static_cast<std::uint64_t>(asked_.page - 1);
  if (page > UINT64_MAX / events_per_page) return false;
  auto events = view_.page(*asked_.attribute, asked_.filter(who_), page * events_per_page, events_per_page);
  if (!events) return fail(events.error());
  if (events->empty()) return false;
  events_ = std::move(*events);
  for (const auto& event : events_) seen_.insert(event.hash);
  if (auto done = follow_sessions(); !done) return fail(done.error());
  if (auto done = read_documents(); !done) return fail(done.error());
  return true;
}

store::event_filter collector::session_filter() const {
  store::event_filter filter;
  asked_.range.apply(filter);
  filter.who = who_;
  return filter;
}

expected<void> collector::add_events_of(const hash256& session, std::vector<store::event_position>& next) {
  auto events = view_.events_of_session(session, session_filter());
  if (!events) return fail(events.error());
  for (auto& event : *events) {
    if (!seen_.insert(event.hash).second) continue;
    next.push_back(event);
    if (auto good = check(next.size() % 1024 == 0 ? 1 : 0); !good) return good;
  }
  return check(1);
}

/// Levels 2 and 3: from the events of the last step to their sessions, and to those sessions' other events.
expected<void> collector::follow_sessions() {
  std::vector<store::event_position> last = events_;
  for (int level = 2; level <= asked_.level && !last.empty(); ++level) {
    std::vector<store::event_position> next;
    for (const auto& event : last) {
      auto sessions = view_.sessions_of(event.hash);
      if (!sessions) return fail(sessions.error());
      std::sort(sessions->begin(), sessions->end());
      for (const auto& session : *sessions) {
        if (!seen_.insert(session).second) continue;
        sessions_.push_back(session);
        if (auto good = add_events_of(session, next); !good) return good;
      }
      if (auto good = check(1); !good) return good;
    }
    std::sort(next.begin(), next.end(), [](const auto& a, const auto& b) {
      return a.timestamp != b.timestamp ? a.timestamp > b.timestamp : a.hash < b.hash;
    });
    events_.insert(events_.end(), next.begin(), next.end());
    last = std::move(next);
  }
  std::sort(sessions_.begin(), sessions_.end());
  return {};
}

expected<void> collector::read_into(std::vector<document>& into, const std::vector<hash256>& hashes) {
  constexpr std::size_t chunk = 512;
  for (std::size_t at = 0; at < hashes.size(); at += chunk) {
    const auto count = std::min(chunk, hashes.size() - at);
    auto read = view_.get_many(std::span(hashes).subspan(at, count));
    if (!read) return fail(read.error());
    std::move(read->begin(), read->end(), std::back_inserter(into));
    if (auto good = check(1); !good) return good;
  }
  return {};
}

expected<void> collector::read_documents() {
  std::vector<hash256> hashes;
  for (const auto& event : events_) hashes.push_back(event.hash);
  if (auto read = read_into(found_.events, hashes); !read) return read;
  hashes.clear();
  for (const auto& event : found_.events)
    for (const auto& hash : event.ref)
      if (seen_.insert(hash).second) hashes.push_back(hash);
  std::sort(hashes.begin(), hashes.end());
  std::vector<document> parts;
  if (auto read = read_into(parts, hashes); !read) return read;
  for (auto& part : parts) {
    if (part.kind == tahoe::itype::attribute)
      found_.attributes.push_back(std::move(part));
    else if (part.kind == tahoe::itype::object)
      found_.objects.push_back(std::move(part));
  }
  return read_into(found_.sessions, sessions_);
}

/// The session's own parts with their descendants, and its events that the asker may see at any time.
expected<std::unordered_set<hash256>> collector::visible_parts(const document& session) {
  store::event_filter filter;
  filter.who = who_;
  auto events = view_.events_of_session(session.hash, filter);
  if (!events) return fail(events.error());
  std::unordered_set<hash256> out(session.cref.begin(), session.cref.end());
  for (const auto& event : *events) out.insert(event.hash);
  auto children = view_.get_many(session.cref);
  if (!children) return fail(children.error());
  for (const auto& child : *children) out.insert(child.ref.begin(), child.ref.end());
  return out;
}

expected<void> collector::narrow_sessions() {
  for (auto& session : found_.sessions) {
    const auto visible = visible_parts(session);
    if (!visible) return fail(visible.error());
    std::erase_if(session.ref, [&](const hash256& hash) { return !visible->contains(hash); });
    if (auto good = check(1); !good) return good;
  }
  return {};
}

}  // namespace

expected<related_result> related(const query& asked, const store::visibility& who, store::archive_view& view,
                                 const related_limits& limits, const go_on& keep_going) {
  collector collected(asked, who, view, limits, keep_going);
  const auto any = collected.collect();
  if (!any) return fail(any.error());
  related_result out;
  out.any = *any;
  const bool lists = !asked.summary && !asked.summary_graph;
  if (lists && *any && (!asked.only || asked.only == tahoe::itype::session))
    if (auto narrowed = collected.narrow_sessions(); !narrowed) return fail(narrowed.error());
  if (asked.summary_graph) {
    out.data = summary_graph(collected.found(), *asked.attribute);
  } else if (asked.summary) {
    out.data = summary(collected.found());
  } else {
    out.data = list(collected.found(), asked.only);
  }
  return out;
}

}  // namespace cybexd::report
