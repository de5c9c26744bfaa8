// The graph of events and attributes, for ranks.
#include <rocksdb/db.h>

#include <algorithm>

#include "tahoe/store/archive_view.hpp"

namespace cybexd::store {

using namespace archive_layout;
using tahoe::itype;

namespace {

/// Uses the room of what `into` held.
void take_facts(local_id id, const event_row& row, event_facts& into) {
  into.id = id;
  into.timestamp = row.timestamp;
  into.category = row.category;
  into.attributes.clear();
  for (const auto& part : row.parts) {
    if (part.attribute) into.attributes.push_back(part.id);
  }
}

}  // namespace

expected<std::optional<node>> rocksdb_archive_view::event_node(const hash256& event, const visibility& who) {
  auto place = reader_->find(event);
  if (!place) return fail(place.error());
  if (place->kind != itype::event) return std::nullopt;
  auto row = reader_->event(place->id);
  if (!row) return fail(row.error());
  return filter_for(who).visible(row->org) ? std::optional<node>(place->id) : std::nullopt;
}

expected<std::optional<event_facts>> rocksdb_archive_view::facts(node event, const visibility& who) {
  auto row = reader_->get(family::archive_events, number_key(event));
  if (!row) return fail(row.error());
  if (!*row) return std::nullopt;
  auto decoded = decode_event(**row);
  if (!decoded) return fail(decoded.error());
  if (!filter_for(who).visible(decoded->org)) return std::nullopt;
  event_facts facts;
  take_facts(event, *decoded, facts);
  return facts;
}

expected<std::uint64_t> rocksdb_archive_view::reach(std::span<const node> attributes, const visibility& who) {
  const auto visible = filter_for(who);
  position first, last;
  last.bytes.fill(0xff);
  std::uint64_t sum = 0;
  for (const auto attribute : attributes) {
    stored_index index(*reader_, attribute);
    const auto degree = archive_tree::count(index, first, last, visible);
    if (!degree) return degree;
    sum += *degree;
  }
  return sum;
}

expected<void> rocksdb_archive_view::events_of(std::span<const node> attributes, const visibility& who,
                                               const std::function<bool(const event_facts&)>& visit) {
  const auto visible = filter_for(who);
  for (const auto attribute : attributes) {
    const auto going = visit_events_of(attribute, visible, visit);
    if (!going) return fail(going.error());
    if (!*going) break;
  }
  return {};
}

expected<bool> rocksdb_archive_view::visit_events_of(node attribute,
                                                     const archive_tree::class_filter& visible,
                                                     const std::function<bool(const event_facts&)>& visit) {
  stored_index index(*reader_, attribute);
  std::vector<local_id> ids;
  bool going = true;
  expected<void> visited;
  position first, last;
  last.bytes.fill(0xff);
  constexpr std::size_t at_once = 8192;
  auto seen = index.postings(first, last, [&](const position&, local_id event, std::uint64_t packed) {
    if (!visible.visible(event_class::unpack(packed).org)) return true;
    ids.push_back(event);
    if (ids.size() >= at_once) visited = visit_sorted(ids, visit, going);
    return going && visited.has_value();
  });
  if (!seen) return fail(seen.error());
  if (visited && going) visited = visit_sorted(ids, visit, going);
  if (!visited) return fail(visited.error());
  return going;
}

/// Facts of events that lie together are read in one go: most events of a hub are neighbours in order of
/// arrival.
expected<void> rocksdb_archive_view::visit_sorted(std::vector<local_id>& ids,
                                                  const std::function<bool(const event_facts&)>& visit,
                                                  bool& going) {
  std::sort(ids.begin(), ids.end());
  auto rows = reader_->event_rows(ids);
  if (!rows) return fail(rows.error());
  event_row row;
  event_facts facts;
  for (std::size_t i = 0; i < ids.size() && going; ++i) {
    if (auto decoded = decode_event((*rows)[i], row); !decoded) return decoded;
    take_facts(ids[i], row, facts);
    going = visit(facts);
  }
  ids.clear();
  return {};
}

expected<void> rocksdb_archive_view::all_events(const visibility& who,
                                                const std::function<bool(const event_facts&)>& visit) {
  const auto visible = filter_for(who);
  expected<void> result;
  event_row row;
  event_facts facts;
  auto seen = reader_->scan_all(family::archive_events, [&](std::string_view key, std::string_view bytes) {
    result = decode_event(bytes, row);
    if (!result) return false;
    if (!visible.visible(row.org)) return true;
    take_facts(number_at(key), row, facts);
    return visit(facts);
  });
  return seen ? result : seen;
}

expected<std::optional<archive_version>> rocksdb_archive_view::version() {
  auto row = reader_->get(family::archive_meta, "c");
  if (!row) return fail(row.error());
  if (!*row) return archive_version{};
  const auto counts = decode_counters(**row);
  if (!counts) return fail(counts.error());
  return archive_version{counts->next_id, counts->edits};
}

std::uint64_t rocksdb_archive_view::about_events() const {
  std::uint64_t rows = 0;
  home_.db().GetIntProperty(home_.handle(family::archive_events), rocksdb::DB::Properties::kEstimateNumKeys,
                            &rows);
  return rows;
}

}  // namespace cybexd::store
