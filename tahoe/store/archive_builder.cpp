#include <algorithm>

#include "tahoe/store/archive_reader.hpp"
#include "tahoe/store/archive_rules.hpp"

namespace cybexd::store {

using namespace archive_layout;

expected<void> document_builder::read_ahead(std::span<const local_id> ids,
                                            std::span<const std::string> rows) {
  std::vector<local_id> events, parts;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const auto head = peek_document(rows[i]);
    if (head && head->kind == tahoe::itype::event) events.push_back(ids[i]);
  }
  auto facts = from_.event_rows(events);
  if (!facts) return fail(facts.error());
  event_row row;
  for (const auto& bytes : *facts) {
    if (auto decoded = decode_event(bytes, row); !decoded) return decoded;
    for (const auto& part : row.parts) parts.push_back(part.id);
  }
  std::sort(parts.begin(), parts.end());
  parts.erase(std::unique(parts.begin(), parts.end()), parts.end());
  auto hashes = from_.hashes_of(parts);
  return hashes ? expected<void>() : fail(hashes.error());
}

expected<std::optional<document>> document_builder::build(local_id id, std::string_view row) {
  auto decoded = decode_document(row);
  if (!decoded) return fail(decoded.error());
  if (!decoded->kind) return std::nullopt;
  auto& d = decoded->bare;
  expected<void> filled;
  switch (*decoded->kind) {
    case tahoe::itype::event:
      filled = fill_event(d, id);
      break;
    case tahoe::itype::session:
      filled = fill_session(d, id, decoded->links);
      break;
    case tahoe::itype::raw:
      fill_raw(d, *decoded);
      filled = fill_links(d, decoded->links);
      break;
    default:
      filled = fill_links(d, decoded->links);
  }
  if (!filled) return fail(filled.error());
  return std::move(d);
}

expected<void> document_builder::fill_links(document& d, const std::vector<link>& links) {
  std::vector<local_id> ids;
  for (const auto& l : links) ids.push_back(l.id);
  auto hashes = from_.hashes_of(ids);
  if (!hashes) return fail(hashes.error());
  for (std::size_t i = 0; i < links.size(); ++i) {
    if (links[i].direct) d.cref.push_back((*hashes)[i]);
  }
  d.ref = std::move(*hashes);
  std::sort(d.ref.begin(), d.ref.end());
  std::sort(d.cref.begin(), d.cref.end());
  return {};
}

expected<void> document_builder::fill_event(document& d, local_id id) {
  auto row = from_.event(id);
  if (!row) return fail(row.error());
  d.timestamp = row->timestamp;
  d.category = row->category;
  d.orgid = org_name_(row->org);
  std::vector<link> links;
  for (const auto& part : row->parts) links.push_back({part.id, part.direct});
  if (auto filled = fill_links(d, links); !filled) return filled;
  for (const auto& part : row->parts) {
    auto hash = from_.hash_of(part.id);
    if (!hash) return fail(hash.error());
    if (part.context == 1) d.ben_ref.push_back(*hash);
    if (part.context == 2) d.mal_ref.push_back(*hash);
  }
  std::sort(d.ben_ref.begin(), d.ben_ref.end());
  std::sort(d.mal_ref.begin(), d.mal_ref.end());
  return {};
}

expected<void> document_builder::fill_session(document& d, local_id id, const std::vector<link>& links) {
  auto all = links;
  const auto members = tagged_key('m', id), pending = tagged_key('p', id);
  auto seen =
      from_.scan(family::archive_sessions, members, members, [&](std::string_view key, std::string_view) {
        all.push_back({number_at(key, key.size() - 8), false});
        return true;
      });
  if (!seen) return seen;
  seen = from_.scan(family::archive_sessions, pending, pending, [&](std::string_view key, std::string_view) {
    all.push_back({number_at(key, key.size() - 8), false});
    return true;
  });
  if (!seen) return seen;
  auto times = from_.get(family::archive_sessions, tagged_key('t', id));
  if (!times) return fail(times.error());
  if (*times) {
    if (auto decoded = decode_times(**times, d); !decoded) return decoded;
  }
  return fill_links(d, all);
}

void document_builder::fill_raw(document& d, const archive_layout::document_row& row) {
  d.orgid = org_name_(row.org);
  for (const auto& s : row.submissions) d.submissions.push_back({org_name_(s.org), s.timezone, s.filters});
}

}  // namespace cybexd::store
