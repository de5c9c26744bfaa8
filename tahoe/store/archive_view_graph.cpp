// The graph of events and attributes, as a look at the embedded archive sees it.
#include <algorithm>

#include "tahoe/store/archive_view.hpp"

namespace cybexd::store {

using namespace archive_layout;
using tahoe::itype;

namespace {

event_facts facts_from(local_id id, const event_row& row) {
  event_facts f;
  f.id = id;
  f.timestamp = row.timestamp;
  f.category = row.category;
  for (const auto& part : row.parts) {
    if (part.attribute) f.attributes.push_back(part.id);
  }
  return f;
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
  return facts_from(event, *decoded);
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
  std::vector<std::string> keys;
  for (const auto id : ids) keys.push_back(number_key(id));
  auto rows = reader_->get_many(family::archive_events, keys);
  if (!rows) return fail(rows.error());
  for (std::size_t i = 0; i < ids.size() && going; ++i) {
    if (!(*rows)[i])
      return fail(failure::corrupt,
                  "archive: the facts of event number " + std::to_string(ids[i]) + " are missing");
    auto row = decode_event(*(*rows)[i]);
    if (!row) return fail(row.error());
    going = visit(facts_from(ids[i], *row));
  }
  ids.clear();
  return {};
}

expected<void> rocksdb_archive_view::all_events(const visibility& who,
                                                const std::function<bool(const event_facts&)>& visit) {
  const auto visible = filter_for(who);
  expected<void> result;
  auto seen = reader_->scan_all(family::archive_events, [&](std::string_view key, std::string_view bytes) {
    auto row = decode_event(bytes);
    if (!row) {
      result = fail(row.error());
      return false;
    }
    return !visible.visible(row->org) || visit(facts_from(number_at(key), *row));
  });
  return seen ? result : seen;
}

}  // namespace cybexd::store
