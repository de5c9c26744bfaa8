#include "report/related.hpp"

#include <algorithm>
#include <span>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "report/related_documents.hpp"
#include "report/related_views.hpp"
#include "tahoe/bson.hpp"
#include "tahoe/store/archive_rules.hpp"

namespace cybexd::report {
namespace {

// A store may be a round trip away, so much is asked for at once; but the asker's deadline is looked at in
// between.
constexpr std::size_t hashes_at_once = 8192, events_at_once = 4096, sessions_at_once = 64;

/// Reads what one query shows.
class collector {
 public:
  collector(const query& asked, const store::visibility& who, store::archive_view& view,
            const related_limits& limits, const go_on& keep_going)
      : asked_(asked), who_(who), view_(view), limits_(limits), keep_going_(keep_going) {}

  /// True when an event is on the page.
  [[nodiscard]] expected<bool> collect();
  /// Takes from the sessions' lists and times what the asker may not see, where sessions are shown.
  [[nodiscard]] expected<void> narrow_sessions();
  [[nodiscard]] related_documents& found() { return found_; }

 private:
  [[nodiscard]] expected<void> follow_sessions();
  [[nodiscard]] expected<std::vector<hash256>> new_sessions_of(std::span<const store::event_position> events);
  [[nodiscard]] expected<void> add_events_of(std::span<const hash256> sessions,
                                             std::vector<store::event_position>& next);
  [[nodiscard]] expected<void> read_documents();
  [[nodiscard]] expected<void> read_events(std::span<const store::event_position> some, bool last);
  /// `take` gets each document that is there.
  template <class Take>
  [[nodiscard]] expected<void> read(const std::vector<hash256>& hashes, Take take);
  [[nodiscard]] bool shows_documents() const { return !asked_.summary && !asked_.summary_graph; }
  [[nodiscard]] bool shows(tahoe::itype kind) const {
    return shows_documents() && (!asked_.only || *asked_.only == kind);
  }
  void keep(std::vector<document>& in, document d);
  [[nodiscard]] expected<void> check(std::size_t work);
  [[nodiscard]] store::event_filter session_filter() const;
  void take_part(document part, const std::unordered_set<hash256>& others);
  [[nodiscard]] std::unordered_set<hash256> own_parts(const document& session) const;

  const query& asked_;
  const store::visibility& who_;
  store::archive_view& view_;
  const related_limits& limits_;
  const go_on& keep_going_;

  related_documents found_;
  std::vector<store::event_position> events_;  ///< The page's, then the sessions'.
  std::vector<hash256> sessions_;
  std::unordered_set<hash256> seen_;  ///< Every document in the result.
  std::size_t bytes_ = 0;             ///< Of the listed documents' hashes: the report has more than that.
  /// What the parts hold in turn, where sessions are shown.
  std::unordered_map<hash256, std::vector<hash256>> descendants_;
};

expected<void> collector::check(std::size_t work) {
  if (seen_.size() > limits_.documents)
    return fail(failure::too_large, "the report would hold more than " + std::to_string(limits_.documents) +
                                        " documents; ask for a lower level or a shorter range");
  if (bytes_ > tahoe::max_bson_size) return fail(failure::too_large, too_large_text(asked_));
  if (!keep_going_ || work == 0) return {};
  return keep_going_();
}

expected<bool> collector::collect() {
  const auto page = static_cast<std::uint64_t>(asked_.page - 1);
  if (page > UINT64_MAX / events_per_page) return false;
  view_.will_follow(asked_.level - 1);
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

/// Adds those of the sessions' events that are new.
expected<void> collector::add_events_of(std::span<const hash256> sessions,
                                        std::vector<store::event_position>& next) {
  auto events = view_.events_of_sessions(sessions, session_filter());
  if (!events) return fail(events.error());
  for (const auto& event : *events)
    if (seen_.insert(event.hash).second) next.push_back(event);
  return check(1);
}

/// The sessions of the events that are new.
expected<std::vector<hash256>> collector::new_sessions_of(std::span<const store::event_position> events) {
  std::vector<hash256> asked, fresh;
  while (!events.empty()) {
    const auto some = events.first(std::min(events.size(), hashes_at_once));
    asked.clear();
    for (const auto& event : some) asked.push_back(event.hash);
    auto sessions = view_.sessions_of(asked);
    if (!sessions) return fail(sessions.error());
    for (const auto& session : *sessions)
      if (seen_.insert(session).second) fresh.push_back(session);
    if (auto good = check(1); !good) return fail(good.error());
    events = events.subspan(some.size());
  }
  return fresh;
}

/// Levels 2 and 3: from the events of the last step to their sessions, and to those sessions' other events.
expected<void> collector::follow_sessions() {
  std::vector<store::event_position> last = events_;
  for (int level = 2; level <= asked_.level && !last.empty(); ++level) {
    const auto sessions = new_sessions_of(last);
    if (!sessions) return fail(sessions.error());
    std::vector<store::event_position> next;
    for (std::size_t at = 0; at < sessions->size(); at += sessions_at_once) {
      const auto count = std::min(sessions_at_once, sessions->size() - at);
      if (auto good = add_events_of(std::span(*sessions).subspan(at, count), next); !good) return good;
    }
    std::sort(next.begin(), next.end(), [](const auto& a, const auto& b) {
      return a.timestamp != b.timestamp ? a.timestamp > b.timestamp : a.hash < b.hash;
    });
    sessions_.insert(sessions_.end(), sessions->begin(), sessions->end());
    events_.insert(events_.end(), next.begin(), next.end());
    last = std::move(next);
  }
  std::sort(sessions_.begin(), sessions_.end());
  return {};
}

template <class Take>
expected<void> collector::read(const std::vector<hash256>& hashes, Take take) {
  for (std::size_t at = 0; at < hashes.size(); at += hashes_at_once) {
    const auto count = std::min(hashes_at_once, hashes.size() - at);
    auto some = view_.get_many(std::span(hashes).subspan(at, count));
    if (!some) return fail(some.error());
    for (auto& d : *some) take(std::move(d));
    if (auto good = check(1); !good) return good;
  }
  return {};
}

/// A session may hold hundreds of thousands of events, of which a summary needs nothing but their parts, and
/// a graph the edges.
void collector::keep(std::vector<document>& in, document d) {
  if (asked_.summary_graph) {
    d.data = {};
    if (d.kind == tahoe::itype::event) d.ref = {};
  } else if (shows(d.kind)) {
    constexpr std::size_t hash_bytes = 64;  // as hex; a session's list may lose what the asker may not see
    const auto listed = d.kind == tahoe::itype::session ? 0 : d.ref.size();
    bytes_ += hash_bytes * (1 + d.cref.size() + listed);
  } else {
    return;
  }
  in.push_back(std::move(d));
}

/// Parts are read right after the events that hold them: documents that were stored together lie together,
/// and a store may still have in memory what it looked at for the events.
expected<void> collector::read_documents() {
  if (asked_.summary_graph || shows(tahoe::itype::session)) {
    auto done = read(sessions_, [&](document session) { keep(found_.sessions, std::move(session)); });
    if (!done) return done;
  }
  const auto events = std::exchange(events_, {});
  for (std::size_t at = 0; at < events.size(); at += events_at_once) {
    const auto some = std::span(events).subspan(at, std::min(events_at_once, events.size() - at));
    if (auto done = read_events(some, at + some.size() == events.size()); !done) return done;
  }
  if (!shows_documents() && !asked_.summary_graph) return {};  // a summary has an order of its own
  const auto by_hash = [](const document& a, const document& b) { return a.hash < b.hash; };
  std::sort(found_.attributes.begin(), found_.attributes.end(), by_hash);
  std::sort(found_.objects.begin(), found_.objects.end(), by_hash);
  return {};
}

/// Some events and their parts; with the last of them what sessions hold of their own, where they are shown.
expected<void> collector::read_events(std::span<const store::event_position> some, bool last) {
  std::vector<hash256> hashes, parts;
  for (const auto& event : some) hashes.push_back(event.hash);
  auto done = read(hashes, [&](document event) {
    for (const auto& hash : event.ref)
      if (seen_.insert(hash).second) parts.push_back(hash);
    keep(found_.events, std::move(event));
  });
  if (!done) return done;
  std::unordered_set<hash256> others;  // parts of the sessions alone, which are not shown
  if (last && shows(tahoe::itype::session))
    for (const auto& session : found_.sessions)
      for (const auto& hash : session.cref)
        if (!seen_.contains(hash) && others.insert(hash).second) parts.push_back(hash);
  return read(parts, [&](document part) { take_part(std::move(part), others); });
}

void collector::take_part(document part, const std::unordered_set<hash256>& others) {
  if (shows(tahoe::itype::session) && !part.ref.empty()) descendants_.emplace(part.hash, part.ref);
  if (others.contains(part.hash)) return;
  const bool is_attribute = part.kind == tahoe::itype::attribute;
  if (is_attribute && !shows_documents())
    found_.attributes.push_back(std::move(part));
  else if (is_attribute || part.kind == tahoe::itype::object)
    keep(is_attribute ? found_.attributes : found_.objects, std::move(part));
}

/// The parts a session is made of, with their descendants.
std::unordered_set<hash256> collector::own_parts(const document& session) const {
  std::unordered_set<hash256> out(session.cref.begin(), session.cref.end());
  for (const auto& child : session.cref)
    if (const auto found = descendants_.find(child); found != descendants_.end())
      out.insert(found->second.begin(), found->second.end());
  return out;
}

expected<void> collector::narrow_sessions() {
  if (!shows(tahoe::itype::session)) return {};
  store::event_filter filter;  // events that the asker may see, at any time
  filter.who = who_;
  for (std::size_t at = 0; at < found_.sessions.size(); at += sessions_at_once) {
    const auto some =
        std::span(found_.sessions).subspan(at, std::min(sessions_at_once, found_.sessions.size() - at));
    std::vector<hash256> asked;
    for (const auto& session : some) asked.push_back(session.hash);
    const auto events = view_.events_of_sessions(asked, filter);
    if (!events) return fail(events.error());
    std::unordered_set<hash256> visible;
    for (const auto& event : *events) visible.insert(event.hash);
    for (auto& session : some) {
      const auto own = own_parts(session);
      const auto hidden =
          std::erase_if(session.ref, [&](const auto& h) { return !visible.contains(h) && !own.contains(h); });
      store::archive_rules::narrow_times(session, who_, hidden == 0);
    }
    if (auto good = check(1); !good) return good;
  }
  return {};
}

}  // namespace

std::string too_large_text(const query& asked) {
  std::string instead;
  if (asked.level > 1) instead += "a lower level, ";
  if (!asked.summary && !asked.summary_graph && !asked.only) instead += "one return_type, ";
  if (!asked.summary || asked.summary_graph) instead += "the summary, ";
  if (!instead.empty()) instead += "or ";
  return "the report would be larger than the 16 MiB that one may have; ask for " + instead +
         "a shorter range (from, to, last)";
}

expected<related_result> related(const query& asked, const store::visibility& who, store::archive_view& view,
                                 const related_limits& limits, const go_on& keep_going) {
  collector collected(asked, who, view, limits, keep_going);
  const auto any = collected.collect();
  if (!any) return fail(any.error());
  related_result out;
  out.any = *any;
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
