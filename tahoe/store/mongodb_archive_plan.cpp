#include "tahoe/store/mongodb_archive_plan.hpp"

#include "tahoe/bson.hpp"
#include "tahoe/store/archive_rules.hpp"
#include "tahoe/store/mongodb_archive_documents.hpp"

namespace cybexd::store::mongodb_archive {
namespace {

using tahoe::itype;

/// What one reference in a list takes: type, index, length, 64 digits, end.
constexpr std::size_t bytes_of_a_reference = 80, other_fields = 1024;

submitter standing(const document& raw, const std::string& orgid) {
  if (raw.orgid == orgid) return submitter::first;
  for (const auto& s : raw.submissions)
    if (s.orgid == orgid) return submitter::later;
  return submitter::fresh;
}

/// Why the times that a record gives its session cannot be kept; they are as the record has them. Else empty.
std::string why_not_kept(const document& session) {
  constexpr std::size_t room_for_events = 1u << 20;
  if (!archive_rules::tells_times(session)) return {};
  const auto stored = to_stored(session);
  if (!stored) return stored.error().text;
  if (stored->size() + room_for_events <= tahoe::max_bson_size) return {};
  return "the times of session " + crypto::to_hex(session.hash) + " pass what MongoDB keeps in one document";
}

class planner {
 public:
  planner(const stored_raws& stored, const refusals& refused) : stored_(stored), refused_(refused) {}

  expected<void> add(const record_write& record);
  archive_plan take() { return std::move(plan_); }

 private:
  expected<planned_raw*> raw_of(const record_write& record, bool& made);
  void run(planned_raw& raw, const document& record, const filter_result& result, submitter before);
  std::string apply(const planned_raw& raw, const tahoe::filters::product& product, const std::string& orgid);
  std::string encode(const tahoe::filters::product& product);
  std::string merge(planned_part& part, const document& again);
  void add(const tahoe::filters::session_change& change, const std::string& orgid);

  const stored_raws& stored_;
  const refusals& refused_;
  archive_plan plan_;
  std::unordered_map<hash256, std::size_t> parts_, sessions_, raws_;
};

expected<void> planner::add(const record_write& record) {
  bool made = false;
  auto found = raw_of(record, made);
  if (!found) return fail(found.error());
  auto& raw = **found;
  const auto& orgid = record.raw.orgid;
  const auto before = standing(raw.d, orgid);
  const bool joined = archive_rules::add_submitter(raw.d, orgid, record.raw.timezone);
  raw.records.push_back(plan_.results.size());
  plan_.results.push_back({record.raw.hash, !made && !joined});
  bool submitted = false;
  if (record.filtered && !archive_rules::has_run(raw.d, orgid, record.filtered->filter_id)) {
    const auto again = archive_rules::at_first_run(raw.d, record.raw, *record.filtered);
    run(raw, record.raw, again ? *again : *record.filtered, before);
    submitted = true;
  }
  if (joined && raw.stored && (!submitted || raw.d.valid == false))
    raw.changes.push_back(note_submitter(record.raw.hash, orgid, record.raw.timezone));
  return {};
}

expected<planned_raw*> planner::raw_of(const record_write& record, bool& made) {
  const auto [known, fresh] = raws_.try_emplace(record.raw.hash, plan_.raws.size());
  if (!fresh) return &plan_.raws[known->second];
  auto& raw = plan_.raws.emplace_back();
  raw.data = &record.raw.data;
  const auto found = stored_.find(record.raw.hash);
  raw.stored = found != stored_.end();
  made = !raw.stored || found->second.made_now;
  raw.d = raw.stored ? found->second.d : archive_rules::fresh_raw(record.raw, false);
  raw.doubled = raw.stored && found->second.doubled;
  if (raw.stored) return &raw;
  if (tahoe::bson_size(*raw.data) + other_fields > tahoe::max_bson_size)
    return fail(failure::too_large, "archive: the raw document " + crypto::to_hex(raw.d.hash) +
                                        " passes what MongoDB keeps in one document");
  return &raw;
}

void planner::run(planned_raw& raw, const document& record, const filter_result& result, submitter before) {
  auto reason = result.product.reason;
  const bool claims = result.product.usable && result.product.keeps_first_run &&
                      !archive_rules::first_run_of(raw.d, record.orgid);
  const auto no_room = claims ? refused_.find(raw.d.hash) : refused_.end();
  if (claims && no_room == refused_.end()) plan_.claims.push_back({raw.records.back(), result.first_run});
  if (result.product.usable)
    reason = no_room != refused_.end() ? no_room->second : apply(raw, result.product, record.orgid);
  if (!result.product.usable || !reason.empty()) {
    filter_result useless;
    useless.filter_id = result.filter_id;
    useless.product.usable = false;
    useless.product.reason = reason;
    if (!archive_rules::record_run(raw.d, record.orgid, useless) || !raw.stored) return;
    raw.changes.push_back(note_useless(raw.d.hash, reason));
    raw.changes.back().every = raw.doubled;
    return;
  }
  const bool first_note_of_it = before == submitter::first && raw.changes.empty() && raw.d.filters.empty() &&
                                raw.d.ref.empty() && raw.d.valid != false;
  if (!archive_rules::record_run(raw.d, record.orgid, result) || !raw.stored) return;
  const raw_run noted{record.orgid, record.timezone, result.filter_id,
                      archive_rules::refs_made(result.product)};
  if (raw.doubled) {  // each may have the organisation in another place
    for (const auto who : {submitter::first, submitter::later}) {
      raw.changes.push_back(note_run(raw.d.hash, noted, who));
      raw.changes.back().every = true;
    }
    if (before != submitter::fresh) return;
  }
  raw.changes.push_back(note_run(raw.d.hash, noted, before));
  if (first_note_of_it && !raw.doubled)
    raw.changes.back().alike = first_note{raw.d.hash, noted.orgid, noted.filter_id, noted.made};
  if (before == submitter::fresh) raw.changes.push_back(note_run(raw.d.hash, noted, submitter::later));
}

/// Adds what was made; where MongoDB cannot hold something of it, nothing, and says why.
std::string planner::apply(const planned_raw& raw, const tahoe::filters::product& product,
                           const std::string& orgid) {
  const auto made = archive_rules::refs_made(product);
  const auto size =
      tahoe::bson_size(*raw.data) + other_fields + (raw.d.ref.size() + made.size()) * bytes_of_a_reference;
  if (size > tahoe::max_bson_size)
    return "the raw document would pass what MongoDB keeps in one document with the " +
           std::to_string(made.size()) + " references to what its filter makes";
  const auto before = plan_.parts.size();
  if (auto reason = encode(product); !reason.empty()) {
    for (; plan_.parts.size() > before; plan_.parts.pop_back()) parts_.erase(plan_.parts.back().hash);
    return reason;
  }
  for (const auto& change : product.sessions) add(change, orgid);
  return {};
}

/// Adds the documents that the plan does not have yet, and merges events that it has.
std::string planner::encode(const tahoe::filters::product& product) {
  for (const auto& change : product.sessions) {
    if (const auto found = refused_.find(change.session.hash); found != refused_.end()) return found->second;
    if (auto reason = why_not_kept(change.session); !reason.empty()) return reason;
  }
  for (const auto& d : product.documents) {
    if (const auto found = refused_.find(d.hash); found != refused_.end()) return found->second;
    if (const auto found = parts_.find(d.hash); found != parts_.end()) {
      if (auto reason = merge(plan_.parts[found->second], d); !reason.empty()) return reason;
      continue;
    }
    auto stored = to_stored(d);
    if (!stored) return stored.error().text;
    parts_.emplace(d.hash, plan_.parts.size());
    plan_.parts.push_back({d.hash, std::move(*stored), std::nullopt});
    if (d.kind == itype::event) plan_.parts.back().event = d;
  }
  return {};
}

std::string planner::merge(planned_part& part, const document& again) {
  if (!part.event) return {};
  auto merged = *part.event;
  if (!archive_rules::merge_event(merged, again)) return {};
  auto stored = to_stored(merged);
  if (!stored) return stored.error().text;
  part.stored = std::move(*stored);
  part.event = std::move(merged);
  return {};
}

void planner::add(const tahoe::filters::session_change& change, const std::string& orgid) {
  auto noted = archive_rules::noted_for(change.session, orgid);
  const auto [known, fresh] = sessions_.try_emplace(change.session.hash, plan_.sessions.size());
  if (fresh) {
    plan_.sessions.push_back({noted ? std::move(*noted) : change.session, change.events});
    return;
  }
  auto& planned = plan_.sessions[known->second];
  if (noted) archive_rules::merge_times(planned.session, *noted);
  planned.members.insert(planned.members.end(), change.events.begin(), change.events.end());
}

}  // namespace

expected<archive_plan> make_plan(std::span<const record_write> records, const stored_raws& stored,
                                 const refusals& refused) {
  planner plan(stored, refused);
  for (const auto& record : records)
    if (auto added = plan.add(record); !added) return fail(added.error());
  return plan.take();
}

}  // namespace cybexd::store::mongodb_archive
