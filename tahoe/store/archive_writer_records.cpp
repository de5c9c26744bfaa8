// How raw records, what filters made of them, and sessions are written.
#include <algorithm>

#include "tahoe/store/archive_rules.hpp"
#include "tahoe/store/archive_writer.hpp"

namespace cybexd::store {

using namespace archive_layout;
using tahoe::itype;

expected<record_result> archive_writer::record(const record_write& record) {
  auto place = locate(record.raw.hash);
  if (!place) return fail(place.error());
  record_result result{record.raw.hash, (*place)->kind.has_value()};
  if (!result.known) {
    if (auto made = put_document(record.raw); !made) return fail(made.error());
  }
  const auto& orgid = record.raw.orgid;
  auto found = raw(draft_.seen.at(record.raw.hash).id);
  if (!found) return fail(found.error());
  auto& draft = **found;
  if (!result.known) draft.d = archive_rules::fresh_raw(record.raw, false);
  if (result.known && archive_rules::add_submitter(draft.d, orgid, record.raw.timezone)) {
    result.known = false;
    draft.changed = true;
  }
  if (record.filtered && !archive_rules::has_run(draft.d, orgid, record.filtered->filter_id)) {
    const auto again = archive_rules::at_first_run(draft.d, record.raw, *record.filtered);
    auto done = run(draft, orgid, again ? *again : *record.filtered);
    if (!done) return fail(done.error());
  }
  return result;
}

expected<void> archive_writer::run(archive_draft::raw& draft, const std::string& orgid,
                                   const filter_result& result) {
  const auto done = result.product.usable ? apply(result.product, orgid) : expected<void>();
  if (done) {
    if (archive_rules::record_run(draft.d, orgid, result)) draft.changed = true;
    return {};
  }
  if (done.error().kind != failure::too_large && done.error().kind != failure::bad_input) return done;
  // Something was made that no store can hold: this record is of no use, the others of the batch go on.
  filter_result useless;
  useless.filter_id = result.filter_id;
  useless.product.usable = false;
  useless.product.reason = done.error().text;
  if (archive_rules::record_run(draft.d, orgid, useless)) draft.changed = true;
  return {};
}

expected<bool> archive_writer::import(const document& d) {
  if (d.kind == itype::raw || d.kind == itype::session) {
    // These are encoded late, when much has been noted already: what cannot be stored is refused before.
    if (auto row = encode_document(d, d.data, {}, 0, {}); !row) return fail(row.error());
    if (auto row = encode_times(d); !row) return fail(row.error());
  }
  return put_document(d);
}

expected<void> archive_writer::apply(const tahoe::filters::product& product, const std::string& orgid) {
  for (const auto& d : product.documents) {
    auto made = put_document(d);
    if (!made) return fail(made.error());
    if (*made || d.kind != itype::event) continue;
    if (auto done = merge_event(d, draft_.seen.at(d.hash).id); !done) return done;
  }
  for (const auto& change : product.sessions) {
    const auto noted = archive_rules::noted_for(change.session, orgid);
    if (auto done = apply(noted ? *noted : change.session, change.events); !done) return done;
  }
  return {};
}

expected<void> archive_writer::apply(const document& d, const std::vector<hash256>& events) {
  if (auto row = encode_times(d); !row) return fail(row.error());  // see `import`
  auto made = put_document(d);
  if (!made) return fail(made.error());
  const auto session = draft_.seen.at(d.hash).id;
  if (!*made && archive_rules::tells_times(d)) {
    if (auto done = merge_times(d, session); !done) return done;
  }
  for (const auto& hash : events) {
    auto place = locate(hash);
    if (!place) return fail(place.error());
    if ((*place)->kind == itype::event) {
      if (auto done = join(session, (*place)->id, hash); !done) return done;
    } else {
      auto id = id_for(hash);
      if (!id) return fail(id.error());
      wait_for(session, *id);
    }
  }
  return {};
}

expected<void> archive_writer::merge_times(const document& d, local_id session) {
  auto times = draft_.times.find(session);
  if (times == draft_.times.end()) {
    auto row = reader_.get(family::archive_sessions, tagged_key('t', session));
    if (!row) return fail(row.error());
    document stored;
    if (*row) {
      if (auto decoded = decode_times(**row, stored); !decoded) return decoded;
    }
    times = draft_.times.emplace(session, std::move(stored)).first;
  }
  auto merged = times->second;
  if (!archive_rules::merge_times(merged, d)) return {};
  // The values of many organisations may be too much for one row: of no use is then what would add to it.
  if (auto row = encode_times(merged); !row) return fail(row.error());
  times->second = std::move(merged);
  return {};
}

expected<void> archive_writer::put_session(const document& d, local_id id) {
  std::optional<archive_rules::parts> parts;
  std::vector<link> links;
  for (const auto& hash : d.ref) {
    auto place = locate(hash);
    if (!place) return fail(place.error());
    const auto kind = (*place)->kind;
    const bool direct = std::binary_search(d.cref.begin(), d.cref.end(), hash);
    if (kind == itype::event && !direct) {
      if (auto done = join(id, (*place)->id, hash); !done) return done;
      continue;
    }
    if (!kind && !direct && !parts) parts = archive_rules::parts_of(d.data);
    const bool own = kind || direct || parts->attributes.contains(hash) || parts->objects.contains(hash);
    auto member = id_for(hash);
    if (!member) return fail(member.error());
    if (own) {
      links.push_back({*member, direct});
    } else {
      wait_for(id, *member);
    }
  }
  std::sort(links.begin(), links.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  if (!archive_rules::tells_times(d)) return put_row(d, id, links);
  document times, rest = d;
  archive_rules::merge_times(times, d);
  archive_rules::set_own_times(rest, std::nullopt);
  draft_.times.insert_or_assign(id, std::move(times));
  return put_row(rest, id, links);
}

void archive_writer::wait_for(local_id session, local_id member) {
  draft_.waiting[member].insert(session);
  put(family::archive_sessions, tagged_key('w', member) + number_key(session), {});
  put(family::archive_sessions, tagged_key('p', session) + number_key(member), {});
}

expected<void> archive_writer::join(local_id session, local_id event_id, const hash256& event_hash) {
  double timestamp = 0;
  std::uint64_t org = 0;
  if (const auto drafted = draft_.events.find(event_id); drafted != draft_.events.end()) {
    timestamp = drafted->second.timestamp;
    org = drafted->second.org;
  } else {
    auto stored = reader_.event(event_id);
    if (!stored) return fail(stored.error());
    timestamp = stored->timestamp;
    org = stored->org;
  }
  auto key = tagged_key('m', session);
  key.append(position(timestamp, event_hash).view());
  put_number(key, event_id);
  std::string row;
  put_varint(row, org);
  put(family::archive_sessions, key, row);
  put(family::archive_sessions, tagged_key('e', event_id) + number_key(session), {});
  return {};
}

expected<void> archive_writer::put_raw(const document& d, local_id id) {
  auto& draft = draft_.raws[id];
  draft.d = archive_rules::fresh_raw(d, false);
  draft.d.ref = d.ref;
  draft.d.filters = d.filters;
  draft.d.valid = d.valid;
  draft.d.reason = d.reason;
  draft.d.submissions = d.submissions;
  draft.d.extra = d.extra;
  draft.data = &d.data;
  draft.changed = true;
  note_sub_type(d.sub_type);
  return {};
}

expected<archive_draft::raw*> archive_writer::raw(local_id id) {
  if (const auto found = draft_.raws.find(id); found != draft_.raws.end()) return &found->second;
  auto bytes = reader_.document_row(id);
  if (!bytes) return fail(bytes.error());
  auto row = decode_document(*bytes);
  if (!row) return fail(row.error());
  archive_draft::raw draft;
  draft.d = std::move(row->bare);
  draft.links = std::move(row->links);
  draft.stored = std::move(draft.d.data);
  draft.d.orgid = org_name(row->org);
  for (auto& s : row->submissions) {
    draft.d.submissions.push_back({org_name(s.org), std::move(s.timezone), std::move(s.filters)});
  }
  for (const auto& [orgid, timezone] : archive_rules::awaiting(draft.d)) draft.awaiting.push_back(orgid);
  draft.changed = tahoe::join_submissions(draft.d);  // as earlier versions took them over
  auto& kept = draft_.raws.emplace(id, std::move(draft)).first->second;
  kept.data = &kept.stored;
  return &kept;
}

void archive_writer::note_sub_type(const std::string& sub_type) {
  if (stored_sub_types_.contains(sub_type) || !draft_.sub_types.insert(sub_type).second) return;
  put(family::archive_meta, "s" + sub_type, {});
}

void archive_writer::note_awaiting(local_id id, const archive_draft::raw& draft) {
  std::set<std::string> before(draft.awaiting.begin(), draft.awaiting.end()), now;
  for (const auto& [orgid, timezone] : archive_rules::awaiting(draft.d)) now.insert(orgid);
  const auto key = [&](const std::string& orgid) {
    auto k = "u" + draft.d.sub_type;
    k.push_back('\0');
    put_number(k, id);
    put_varint(k, org_number(orgid));
    return k;
  };
  for (const auto& orgid : before) {
    if (now.contains(orgid)) continue;
    erase(family::archive_meta, key(orgid));
    --draft_.counts.unfiltered;
    --draft_.unfiltered[draft.d.sub_type];
  }
  for (const auto& orgid : now) {
    if (before.contains(orgid)) continue;
    put(family::archive_meta, key(orgid), {});
    ++draft_.counts.unfiltered;
    ++draft_.unfiltered[draft.d.sub_type];
  }
}

expected<std::uint64_t> archive_writer::unfiltered(std::span<const std::string> sub_types) {
  if (stored_counts_.unfiltered == 0) return 0;
  if (!unfiltered_) {
    std::map<std::string, std::uint64_t> counted;
    std::uint64_t* of = nullptr;
    std::string last;
    auto seen = reader_.scan(family::archive_meta, "u", "u", [&](std::string_view key, std::string_view) {
      const auto sub_type = key.substr(1, key.find('\0') - 1);
      if (of == nullptr || last != sub_type) of = &counted[last = sub_type];
      return ++*of > 0;
    });
    if (!seen) return fail(seen.error());
    unfiltered_ = std::move(counted);
  }
  std::uint64_t sum = 0;
  for (const auto& sub_type : std::set(sub_types.begin(), sub_types.end()))
    if (const auto found = unfiltered_->find(sub_type); found != unfiltered_->end()) sum += found->second;
  return sum;
}

expected<void> archive_writer::finish_raw(local_id id, archive_draft::raw& draft) {
  for (const auto& hash : draft.d.ref) {
    auto made = id_for(hash);
    if (!made) return fail(made.error());
    draft.links.push_back({*made, false});
  }
  std::sort(draft.links.begin(), draft.links.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  const auto same = [](const link& a, const link& b) { return a.id == b.id; };
  draft.links.erase(std::unique(draft.links.begin(), draft.links.end(), same), draft.links.end());
  std::vector<submission_row> submissions;
  for (const auto& s : draft.d.submissions)
    submissions.push_back({org_number(s.orgid), s.timezone, s.filters});
  auto row = encode_document(draft.d, *draft.data, draft.links, org_number(draft.d.orgid), submissions);
  if (!row) return fail(row.error());
  put(family::archive_docs, number_key(id), *row);
  note_awaiting(id, draft);
  return {};
}

}  // namespace cybexd::store
