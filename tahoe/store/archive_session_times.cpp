// When sessions began and ended: over all, and for each organisation by its own records.
#include <algorithm>
#include <map>

#include "tahoe/bson.hpp"
#include "tahoe/store/archive_rules.hpp"

namespace cybexd::store::archive_rules {

namespace {

struct session_times {
  std::optional<tahoe::value> start_time, end_time, duration;
};
using times_by_org = std::map<std::string, session_times>;

/// A session grows by so much for each organisation; what a record gives as its duration may be megabytes.
constexpr std::size_t most_bytes_of_a_time = 1024;

/// An order that does not depend on who came first, without ties: numbers by value, then texts, then the
/// rest; what is equal so far by its type, then by its canonical form (1 before 1.0, -0.0 before 0.0).
bool less(const tahoe::value& a, const tahoe::value& b) {
  double a_room = 0, b_room = 0;
  const auto* a_number = a.number(a_room);
  const auto* b_number = b.number(b_room);
  if (a_number && b_number && *a_number != *b_number) return *a_number < *b_number;
  if (!a_number != !b_number) return b_number == nullptr;
  const auto* a_text = a.text();
  const auto* b_text = b.text();
  if (a_text && b_text) return *a_text < *b_text;
  if (!a_text != !b_text) return b_text == nullptr;
  if (a.inner().index() != b.inner().index()) return a.inner().index() < b.inner().index();
  const auto a_form = tahoe::canonical(a), b_form = tahoe::canonical(b);
  return a_form && b_form && *a_form < *b_form;
}

// Of a session, or of the times of one.

template <class Times>
void forget_nulls(Times& times) {
  for (auto* time : {&times.start_time, &times.end_time, &times.duration})
    if (*time && (*time)->is_null()) time->reset();
}

template <class Times>
session_times told_by(const Times& t) {
  session_times told{t.start_time, t.end_time, t.duration};
  forget_nulls(told);
  return told;
}

template <class Times>
bool has_times(const Times& t) {
  const auto is_told = [](const auto& time) { return time && !time->is_null(); };
  return is_told(t.start_time) || is_told(t.end_time) || is_told(t.duration);
}

template <class Times>
bool widen(Times& times, const session_times& again) {
  forget_nulls(times);
  bool changed = false;
  if (again.start_time && (!times.start_time || less(*again.start_time, *times.start_time))) {
    times.start_time = again.start_time;
    changed = true;
  }
  const auto no_end = !again.end_time && !times.end_time;
  const auto same_end =
      no_end || (again.end_time && times.end_time && !less(*again.end_time, *times.end_time) &&
                 !less(*times.end_time, *again.end_time));
  const auto later = again.end_time && (!times.end_time || less(*times.end_time, *again.end_time));
  const auto longer =
      same_end && again.duration && (!times.duration || less(*times.duration, *again.duration));
  if (later || longer) {
    if (later) times.end_time = again.end_time;
    times.duration = again.duration;
    changed = true;
  }
  return changed;
}

/// What is no organisation's times is left out.
times_by_org times_of(const tahoe::value& field) {
  times_by_org all;
  const auto* list = field.get_if<tahoe::array>();
  if (list == nullptr) return all;
  for (const auto& item : *list) {
    const auto* orgid = item.find("orgid");
    session_times times;
    for (auto [key, to] : {std::pair("start_time", &times.start_time),
                           {"end_time", &times.end_time},
                           {"duration", &times.duration}})
      if (const auto* found = item.find(key)) *to = *found;
    forget_nulls(times);
    if (orgid != nullptr && orgid->text() != nullptr) widen(all[*orgid->text()], times);
  }
  return all;
}

tahoe::value list_of(const times_by_org& all) {
  tahoe::array list;
  for (const auto& [orgid, times] : all) {
    tahoe::object item{{"orgid", orgid}};
    if (times.start_time) item.emplace_back("start_time", *times.start_time);
    if (times.end_time) item.emplace_back("end_time", *times.end_time);
    if (times.duration) item.emplace_back("duration", *times.duration);
    list.push_back(std::move(item));
  }
  return list;
}

bool merge_own_times(document& session, const document& again) {
  const auto* more = own_times_of(again);
  if (more == nullptr) return false;
  const auto* kept = own_times_of(session);
  auto all = kept != nullptr ? times_of(*kept) : times_by_org();
  bool changed = false;
  for (const auto& [orgid, times] : times_of(*more)) {
    const auto [own, fresh] = all.try_emplace(orgid);
    changed = widen(own->second, times) || fresh || changed;
  }
  if (changed) set_own_times(session, list_of(all));
  return changed;
}

}  // namespace

const tahoe::value* own_times_of(const document& session) {
  for (const auto& [key, field] : session.extra)
    if (key == own_times_field) return &field;
  return nullptr;
}

void set_own_times(document& session, std::optional<tahoe::value> times) {
  std::erase_if(session.extra, [](const auto& m) { return m.first == own_times_field; });
  if (times) session.extra.emplace_back(std::string(own_times_field), std::move(*times));
}

void forget_null_times(document& session) { forget_nulls(session); }

bool tells_times(const document& session) { return has_times(session) || own_times_of(session) != nullptr; }

bool merge_times(document& session, const document& again) {
  const bool wider = widen(session, told_by(again));
  return merge_own_times(session, again) || wider;
}

std::optional<document> noted_for(const document& session, const std::string& orgid) {
  if (!session.start_time && !session.end_time && !session.duration) return std::nullopt;
  auto noted = session;
  forget_nulls(noted);
  if (!has_times(noted)) return noted;
  auto own = told_by(noted);
  for (auto* time : {&own.start_time, &own.end_time, &own.duration})
    if (*time && tahoe::bson_size(**time) > most_bytes_of_a_time) time->reset();
  set_own_times(noted, list_of({{orgid, own}}));
  return noted;
}

void narrow_times(document& session, const visibility& who, bool sees_all_events) {
  const auto* kept = own_times_of(session);
  const auto all = kept != nullptr ? times_of(*kept) : times_by_org();
  set_own_times(session, std::nullopt);
  const auto seen = [&](const auto& own) {
    return std::find(who.orgids.begin(), who.orgids.end(), own.first) != who.orgids.end();
  };
  if (who.everything || (sees_all_events && std::all_of(all.begin(), all.end(), seen))) return;
  session_times shown;
  for (const auto& own : all)
    if (seen(own)) widen(shown, own.second);
  session.start_time = std::move(shown.start_time);
  session.end_time = std::move(shown.end_time);
  session.duration = std::move(shown.duration);
}

}  // namespace cybexd::store::archive_rules
