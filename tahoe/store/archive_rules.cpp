#include "tahoe/store/archive_rules.hpp"

#include <algorithm>
#include <cmath>

#include "tahoe/bson.hpp"

namespace cybexd::store::archive_rules {

namespace {

bool holds(const std::vector<hash256>& sorted, const hash256& hash) {
  return std::binary_search(sorted.begin(), sorted.end(), hash);
}

std::vector<std::string>* filters_of(document& raw, const std::string& orgid) {
  if (raw.orgid == orgid) return &raw.filters;
  for (auto& submission : raw.submissions) {
    if (submission.orgid == orgid) return &submission.filters;
  }
  return nullptr;
}

}  // namespace

void normalise(std::vector<hash256>& hashes) {
  std::sort(hashes.begin(), hashes.end());
  hashes.erase(std::unique(hashes.begin(), hashes.end()), hashes.end());
}

std::vector<hash256> refs_made(const tahoe::filters::product& product) {
  std::unordered_set<hash256> of_events, of_sessions;
  for (const auto& d : product.documents) {
    if (d.kind == tahoe::itype::event) of_events.insert(d.ref.begin(), d.ref.end());
  }
  for (const auto& change : product.sessions)
    of_sessions.insert(change.session.ref.begin(), change.session.ref.end());
  std::vector<hash256> made;
  for (const auto& d : product.documents) {
    if (!of_sessions.contains(d.hash) || of_events.contains(d.hash)) made.push_back(d.hash);
  }
  for (const auto& change : product.sessions) made.push_back(change.session.hash);
  normalise(made);
  return made;
}

std::uint8_t context_in(const document& event, const hash256& part) {
  if (holds(event.mal_ref, part)) return 2;
  return holds(event.ben_ref, part) ? 1 : 0;
}

bool merge_event(document& event, const document& again) {
  auto malicious = event.mal_ref, benign = event.ben_ref;
  malicious.insert(malicious.end(), again.mal_ref.begin(), again.mal_ref.end());
  normalise(malicious);
  benign.insert(benign.end(), again.ben_ref.begin(), again.ben_ref.end());
  normalise(benign);
  const auto not_held = [&](const hash256& h) { return !holds(event.ref, h); };
  std::erase_if(malicious, not_held);
  std::erase_if(benign, [&](const hash256& h) { return not_held(h) || holds(malicious, h); });
  const auto category = std::max(event.category, again.category);
  if (category == event.category && malicious == event.mal_ref && benign == event.ben_ref) return false;
  event.category = category;
  event.mal_ref = std::move(malicious);
  event.ben_ref = std::move(benign);
  return true;
}

document fresh_raw(const document& raw, bool with_data) {
  document fresh;
  fresh.kind = tahoe::itype::raw;
  fresh.sub_type = raw.sub_type;
  fresh.hash = raw.hash;
  if (with_data) fresh.data = raw.data;
  fresh.orgid = raw.orgid;
  fresh.timezone = raw.timezone;
  return fresh;
}

bool add_submitter(document& raw, const std::string& orgid, const std::string& timezone) {
  if (filters_of(raw, orgid)) return false;
  raw.submissions.push_back({orgid, timezone, {}});
  return true;
}

bool has_run(const document& raw, const std::string& orgid, const std::string& filter_id) {
  const auto* filters = filters_of(const_cast<document&>(raw), orgid);
  return filters && std::find(filters->begin(), filters->end(), filter_id) != filters->end();
}

bool record_run(document& raw, const std::string& orgid, const filter_result& result) {
  if (!result.product.usable) {
    if (raw.valid == false) return false;
    raw.valid = false;
    raw.reason = result.product.reason;
    return true;
  }
  auto* filters = filters_of(raw, orgid);
  if (!filters) return false;
  filters->push_back(result.filter_id);
  raw.valid.reset();
  raw.reason.clear();
  const auto made = refs_made(result.product);
  raw.ref.insert(raw.ref.end(), made.begin(), made.end());
  normalise(raw.ref);
  if (result.product.keeps_first_run) note_first_run(raw, orgid, result.first_run);
  return true;
}

namespace {

bool add_all(std::vector<hash256>& to, const std::vector<hash256>& more) {
  const auto before = to.size();
  to.insert(to.end(), more.begin(), more.end());
  normalise(to);
  return to.size() != before;
}

bool add_filters(document& raw, const std::string& orgid, const std::vector<std::string>& filters) {
  bool changed = false;
  auto* mine = filters_of(raw, orgid);
  for (const auto& id : filters) {
    if (std::find(mine->begin(), mine->end(), id) != mine->end()) continue;
    mine->push_back(id);
    changed = true;
  }
  return changed;
}

}  // namespace

bool merge_raw(document& raw, const document& again) {
  bool changed = add_submitter(raw, again.orgid, again.timezone);
  changed = add_filters(raw, again.orgid, again.filters) || changed;
  for (const auto& s : again.submissions) {
    changed = add_submitter(raw, s.orgid, s.timezone) || changed;
    changed = add_filters(raw, s.orgid, s.filters) || changed;
  }
  changed = add_all(raw.ref, again.ref) || changed;
  const bool any_ran = !raw.filters.empty() || std::any_of(raw.submissions.begin(), raw.submissions.end(),
                                                           [](const auto& s) { return !s.filters.empty(); });
  if (any_ran && raw.valid == false) {  // of use after all
    raw.valid.reset();
    raw.reason.clear();
    changed = true;
  }
  if (!any_ran && raw.valid != again.valid && again.valid == false) {
    raw.valid = again.valid;
    raw.reason = again.reason;
    changed = true;
  }
  for (const auto& [orgid, when] : first_runs_of(again))
    changed = note_first_run(raw, orgid, when) || changed;
  for (const auto& [key, item] : again.extra) {
    if (is_first_run(key)) continue;
    const bool kept =
        std::any_of(raw.extra.begin(), raw.extra.end(), [&](const auto& m) { return m.first == key; });
    if (!kept) raw.extra.emplace_back(key, item);
    changed = changed || !kept;
  }
  return changed;
}

bool merge_session(document& session, const document& again) {
  const bool later = merge_times(session, again);
  return add_all(session.ref, again.ref) || later;
}

std::vector<std::pair<std::string, std::string>> awaiting(const document& raw) {
  std::vector<std::pair<std::string, std::string>> found;
  if (raw.valid == false) return found;
  if (raw.filters.empty()) found.emplace_back(raw.orgid, raw.timezone);
  for (const auto& submission : raw.submissions) {
    if (submission.filters.empty()) found.emplace_back(submission.orgid, submission.timezone);
  }
  return found;
}

std::size_t add_awaiting(document raw, std::vector<unfiltered_record>& page) {
  const auto bytes = tahoe::bson_size(raw.data);
  const auto submitters = awaiting(raw);
  for (const auto& submitter : submitters) {
    const bool last = &submitter == &submitters.back();
    auto& record =
        page.emplace_back(unfiltered_record{last ? std::move(raw) : raw, submitter.first, submitter.second});
    record.raw.orgid = record.orgid;
    record.raw.timezone = record.timezone;
  }
  return bytes * submitters.size();
}

std::optional<error> why_refused(const document& d) {
  const auto refuse = [&](std::string_view why) {
    return error{failure::bad_input,
                 std::string(to_string(d.kind)) + " " + crypto::to_hex(d.hash) + ": " + std::string(why)};
  };
  if (d.kind == tahoe::itype::report) return refuse("reports are not kept in the archive");
  if (!tahoe::is_identifier(d.sub_type)) return refuse("sub_type is not an identifier");
  if (d.kind == tahoe::itype::attribute && !d.data.is_scalar())
    return refuse("data of an attribute must be a scalar");
  for (const auto* list : {&d.cref, &d.ref, &d.ben_ref, &d.mal_ref}) {
    if (!std::is_sorted(list->begin(), list->end())) return refuse("a list of references is not in order");
    if (holds(*list, d.hash)) return refuse("refers to itself");
  }
  if (!std::includes(d.ref.begin(), d.ref.end(), d.cref.begin(), d.cref.end()))
    return refuse("_cref holds what _ref does not");
  const auto of_nobody = [](const auto& submission) { return submission.orgid.empty(); };
  if (d.kind == tahoe::itype::raw && d.valid != false &&
      (of_nobody(d) || std::any_of(d.submissions.begin(), d.submissions.end(), of_nobody)))
    return refuse("orgid is missing");
  if (d.kind != tahoe::itype::event) return std::nullopt;
  if (!std::isfinite(d.timestamp)) return refuse("timestamp is not a number of seconds");
  if (d.orgid.empty()) return refuse("orgid is missing");
  for (const auto* list : {&d.ben_ref, &d.mal_ref}) {
    if (!std::includes(d.ref.begin(), d.ref.end(), list->begin(), list->end()))
      return refuse("a context holds what _ref does not");
  }
  if (std::any_of(d.ben_ref.begin(), d.ben_ref.end(), [&](const auto& h) { return holds(d.mal_ref, h); }))
    return refuse("a part is benign and malicious at once");
  return std::nullopt;
}

}  // namespace cybexd::store::archive_rules
