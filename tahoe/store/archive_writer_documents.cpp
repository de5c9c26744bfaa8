// How attributes, objects and events are written, and documents that others referred to before they came.
#include <algorithm>

#include "tahoe/store/archive_rules.hpp"
#include "tahoe/store/archive_writer.hpp"

namespace cybexd::store {

using namespace archive_layout;
using tahoe::itype;

namespace {

std::uint64_t class_of(const event_row& row, std::uint8_t context) {
  return event_class{row.org, static_cast<std::uint8_t>(row.category), context}.packed();
}

}  // namespace

expected<bool> archive_writer::put_document(const document& d) {
  auto place = locate(d.hash);
  if (!place) return fail(place.error());
  if ((*place)->kind) return false;
  std::vector<link> links;
  if (d.kind == itype::object) {
    auto made = links_of(d);
    if (!made) return fail(made.error());
    links = std::move(*made);
  }
  const auto held = (*place)->id;
  auto row = d.kind == itype::raw || d.kind == itype::session ? expected<std::string>()
                                                              : encode_document(d, d.data, links, 0, {});
  if (!row) return fail(row.error());
  auto id = held != 0 ? expected<local_id>(held) : take_id(d.hash, (*place)->collides);
  if (!id) return fail(id.error());
  **place = {*id, d.kind};
  if (!row->empty()) put(family::archive_docs, number_key(*id), *row);
  expected<void> done;
  if (d.kind == itype::event) done = put_event(d, *id);
  if (d.kind == itype::session) done = put_session(d, *id);
  if (d.kind == itype::raw) done = put_raw(d, *id);
  if (done && held != 0) done = came_late(d, *id);
  if (!done) return fail(done.error());
  return true;
}

expected<void> archive_writer::put_row(const document& d, local_id id, const std::vector<link>& links) {
  auto row = encode_document(d, d.data, links, 0, {});
  if (!row) return fail(row.error());
  put(family::archive_docs, number_key(id), *row);
  return {};
}

expected<std::vector<link>> archive_writer::links_of(const document& d) {
  std::vector<link> links;
  for (const auto& hash : d.ref) {
    auto id = id_for(hash);
    if (!id) return fail(id.error());
    links.push_back({*id, std::binary_search(d.cref.begin(), d.cref.end(), hash)});
  }
  std::sort(links.begin(), links.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  return links;
}

void archive_writer::post(local_id attribute, const position& at, local_id event,
                          std::optional<std::uint64_t> before, std::optional<std::uint64_t> after) {
  const auto key = posting_key(attribute, at, event);
  if (after) {
    std::string row;
    put_varint(row, *after);
    put(family::archive_postings, key, row);
  } else {
    erase(family::archive_postings, key);
  }
  draft_.postings[attribute].push_back({at, event, before, after});
}

expected<void> archive_writer::put_event(const document& d, local_id id) {
  event_row row;
  row.timestamp = d.timestamp;
  row.category = d.category;
  row.org = org_number(d.orgid);
  std::optional<archive_rules::parts> parts;  // only made where a part is not there yet
  for (const auto& hash : d.ref) {
    auto place = locate(hash);
    if (!place) return fail(place.error());
    const auto kind = (*place)->kind;
    bool attribute = kind == itype::attribute;
    if (!kind) {
      if (!parts) parts = archive_rules::parts_of(d.data);
      attribute = !parts->objects.contains(hash);
    }
    auto part_id = id_for(hash);
    if (!part_id) return fail(part_id.error());
    const bool direct = std::binary_search(d.cref.begin(), d.cref.end(), hash);
    row.parts.push_back({*part_id, direct, attribute, archive_rules::context_in(d, hash)});
  }
  std::sort(row.parts.begin(), row.parts.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  const position at(d.timestamp, d.hash);
  for (const auto& part : row.parts) {
    if (part.attribute) post(part.id, at, id, std::nullopt, class_of(row, part.context));
  }
  draft_.events.insert_or_assign(id, std::move(row));
  return {};
}

expected<event_row*> archive_writer::event(local_id id) {
  if (const auto found = draft_.events.find(id); found != draft_.events.end()) return &found->second;
  auto stored = reader_.event(id);
  if (!stored) return fail(stored.error());
  return &draft_.events.emplace(id, std::move(*stored)).first->second;
}

expected<void> archive_writer::merge_event(const document& d, local_id id) {
  const auto drafted = draft_.events.find(id);
  auto stored = drafted != draft_.events.end() ? expected<event_row>(drafted->second) : reader_.event(id);
  if (!stored) return fail(stored.error());
  const auto before = *stored;
  auto& now = *stored;
  now.category = std::max(now.category, d.category);
  for (const auto& hash : d.ref) {
    auto place = locate(hash);
    if (!place) return fail(place.error());
    const auto part = std::lower_bound(now.parts.begin(), now.parts.end(), (*place)->id,
                                       [](const event_part& p, local_id wanted) { return p.id < wanted; });
    if (part == now.parts.end() || part->id != (*place)->id) continue;
    part->context = std::max(part->context, archive_rules::context_in(d, hash));
  }
  bool changed = now.category != before.category;
  const position at(now.timestamp, d.hash);
  for (std::size_t i = 0; i < now.parts.size(); ++i) {
    changed = changed || now.parts[i].context != before.parts[i].context;
    const auto was = class_of(before, before.parts[i].context), is = class_of(now, now.parts[i].context);
    if (now.parts[i].attribute && was != is) post(now.parts[i].id, at, id, was, is);
  }
  if (changed) draft_.events.insert_or_assign(id, std::move(now));
  return {};
}

expected<void> archive_writer::came_late(const document& d, local_id id) {
  if (d.kind != itype::attribute) {
    if (auto done = leave_index(id); !done) return done;
  }
  if (d.kind != itype::event) return {};
  std::set<local_id> sessions;
  const auto prefix = tagged_key('w', id);
  auto seen =
      reader_.scan(family::archive_sessions, prefix, prefix, [&](std::string_view key, std::string_view) {
        sessions.insert(number_at(key, key.size() - 8));
        return true;
      });
  if (!seen) return seen;
  sessions.merge(draft_.waiting[id]);
  draft_.waiting.erase(id);
  for (const auto session : sessions) {
    erase(family::archive_sessions, prefix + number_key(session));
    erase(family::archive_sessions, tagged_key('p', session) + number_key(id));
    if (auto done = join(session, id, d.hash); !done) return done;
  }
  return {};
}

/// An event may have named what is no attribute among its attributes: nobody knew then.
expected<void> archive_writer::leave_index(local_id id) {
  std::map<std::pair<position, local_id>, std::uint64_t> posted;
  if (id < draft_.first_id) {
    stored_index stored(reader_, id);
    position first, last;
    last.bytes.fill(0xff);
    auto seen =
        stored.postings(first, last, [&](const position& at, local_id event_id, std::uint64_t packed) {
          posted.emplace(std::pair(at, event_id), packed);
          return true;
        });
    if (!seen) return seen;
  }
  if (const auto changes = draft_.postings.find(id); changes != draft_.postings.end()) {
    for (const auto& c : changes->second) {
      if (c.after) posted[{c.at, c.event}] = *c.after;
      if (!c.after) posted.erase({c.at, c.event});
    }
  }
  for (const auto& [where, packed] : posted) {
    auto row = event(where.second);
    if (!row) return fail(row.error());
    for (auto& part : (*row)->parts) {
      if (part.id == id) part.attribute = false;
    }
    post(id, where.first, where.second, packed, std::nullopt);
  }
  return {};
}

}  // namespace cybexd::store
