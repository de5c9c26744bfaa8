#include "tahoe/store/archive_view.hpp"

#include <rocksdb/db.h>
#include <rocksdb/snapshot.h>

#include <algorithm>

#include "tahoe/store/archive_check.hpp"

namespace cybexd::store {

using namespace archive_layout;
using tahoe::itype;

struct rocksdb_archive_view::snapshot {
  explicit snapshot(rocksdb::DB* db) : held(db) {}
  rocksdb::ManagedSnapshot held;
};

rocksdb_archive_view::rocksdb_archive_view(std::shared_ptr<const void> owner, rocksdb_home& home,
                                           const org_numbers& orgs)
    : owner_(std::move(owner)),
      home_(home),
      orgs_(orgs),
      snapshot_(std::make_unique<snapshot>(&home.db())),
      reader_(std::make_unique<archive_reader>(home, snapshot_->held.snapshot())),
      builder_(*reader_, [this](std::uint64_t number) { return orgs_.name(number); }) {}
rocksdb_archive_view::~rocksdb_archive_view() = default;

archive_tree::class_filter rocksdb_archive_view::filter_for(const visibility& who,
                                                            std::optional<tahoe::category> category,
                                                            context_filter context) const {
  std::vector<std::uint64_t> numbers;
  for (const auto& orgid : who.orgids) {
    if (const auto number = orgs_.find(orgid)) numbers.push_back(*number);
  }
  return {who.everything, std::move(numbers), category, context};
}

expected<std::optional<document>> rocksdb_archive_view::get(const hash256& hash) {
  auto place = reader_->find(hash);
  if (!place) return fail(place.error());
  if (!place->kind) return std::nullopt;
  auto row = reader_->document_row(place->id);
  if (!row) return fail(row.error());
  return builder_.build(place->id, *row);
}

expected<std::vector<document>> rocksdb_archive_view::get_many(std::span<const hash256> hashes) {
  std::vector<document> found;
  constexpr std::size_t at_once = 256;
  for (std::size_t begin = 0; begin < hashes.size(); begin += at_once) {
    auto places = reader_->find_many(hashes.subspan(begin, std::min(at_once, hashes.size() - begin)));
    if (!places) return fail(places.error());
    std::vector<local_id> ids;
    for (const auto& place : *places) {
      if (place.kind) ids.push_back(place.id);
    }
    auto rows = reader_->document_rows(ids);
    if (!rows) return fail(rows.error());
    if (auto ready = builder_.read_ahead(ids, *rows); !ready) return fail(ready.error());
    for (std::size_t i = 0; i < ids.size(); ++i) {
      auto d = builder_.build(ids[i], (*rows)[i]);
      if (!d) return fail(d.error());
      if (*d) found.push_back(std::move(**d));
    }
  }
  return found;
}

expected<std::uint64_t> rocksdb_archive_view::count(const hash256& attribute, const event_filter& filter) {
  if (!(filter.from <= filter.to)) return 0;
  auto place = reader_->find(attribute);
  if (!place) return fail(place.error());
  if (place->id == 0) return 0;
  const auto [first, last] = positions_between(filter.from, filter.to);
  stored_index index(*reader_, place->id);
  return archive_tree::count(index, first, last, filter_for(filter.who, filter.category, filter.context));
}

expected<std::vector<event_position>> rocksdb_archive_view::page(const hash256& attribute,
                                                                 const event_filter& filter,
                                                                 std::uint64_t offset, std::size_t limit) {
  std::vector<event_position> events;
  if (!(filter.from <= filter.to)) return events;
  auto place = reader_->find(attribute);
  if (!place) return fail(place.error());
  if (place->id == 0) return events;
  const auto [first, last] = positions_between(filter.from, filter.to);
  stored_index index(*reader_, place->id);
  auto entries =
      archive_tree::page(index, first, last, filter_for(filter.who, filter.category, filter.context), offset,
                         limit, [&](local_id event) { return reader_->hash_of(event); });
  if (!entries) return fail(entries.error());
  for (const auto& e : *entries) events.push_back({e.hash, time_of(number_at(e.at.view()))});
  return events;
}

expected<std::vector<hash256>> rocksdb_archive_view::sessions_of(std::span<const hash256> events) {
  std::vector<local_id> ids;
  const auto places = reader_->find_many(events);
  if (!places) return fail(places.error());
  for (const auto& place : *places) {
    if (place.kind != itype::event) continue;
    const auto prefix = tagged_key('e', place.id);
    auto seen =
        reader_->scan(family::archive_sessions, prefix, prefix, [&](std::string_view key, std::string_view) {
          ids.push_back(number_at(key, key.size() - 8));
          return true;
        });
    if (!seen) return fail(seen.error());
  }
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  auto hashes = reader_->hashes_of(ids);
  if (hashes) std::sort(hashes->begin(), hashes->end());
  return hashes;
}

expected<std::vector<event_position>> rocksdb_archive_view::events_of_sessions(
    std::span<const hash256> sessions, const event_filter& filter) {
  std::vector<event_position> events;
  if (!(filter.from <= filter.to)) return events;
  std::vector<local_id> ids;
  for (const auto& session : sessions) {
    if (auto added = add_events_of(session, filter, ids, events); !added) return fail(added.error());
  }
  auto hashes = reader_->hashes_of(ids);
  if (!hashes) return fail(hashes.error());
  for (std::size_t i = 0; i < events.size(); ++i) events[i].hash = (*hashes)[i];
  // Keys hold the first bytes of the hash only.
  std::sort(events.begin(), events.end(), [](const auto& a, const auto& b) {
    return a.timestamp != b.timestamp ? a.timestamp > b.timestamp : a.hash < b.hash;
  });
  const auto same = [](const auto& a, const auto& b) { return a.hash == b.hash; };
  events.erase(std::unique(events.begin(), events.end(), same), events.end());
  return events;
}

expected<void> rocksdb_archive_view::add_events_of(const hash256& session, const event_filter& filter,
                                                   std::vector<local_id>& ids,
                                                   std::vector<event_position>& events) {
  auto place = reader_->find(session);
  if (!place) return fail(place.error());
  if (place->kind != itype::session) return {};
  const auto [first, last] = positions_between(filter.from, filter.to);
  const auto who = filter_for(filter.who);
  const auto prefix = tagged_key('m', place->id);
  return reader_->scan(family::archive_sessions, prefix, prefix + std::string(first.view()),
                       [&, last = last](std::string_view key, std::string_view row) {
                         const auto at = position_at(key, prefix.size());
                         std::uint64_t org = 0;
                         if (last < at) return false;
                         if (!get_varint(row, org) || !who.visible(org)) return true;
                         ids.push_back(number_at(key, key.size() - 8));
                         events.push_back({{}, time_of(number_at(at.view()))});
                         return true;
                       });
}

expected<void> rocksdb_archive_view::each(const std::function<bool(const document&)>& visit) {
  // Rows are read together, as many as have some megabytes: those to come are about as large, since hashes
  // mix them.
  constexpr std::size_t enough_bytes = 8u << 20, most_at_once = 256, least_at_once = 4;
  std::size_t at_once = 16;
  std::vector<local_id> ids;
  bool going = true;
  const auto visit_some = [&]() -> expected<void> {
    auto rows = reader_->document_rows(ids);
    if (!rows) return fail(rows.error());
    std::vector<std::pair<std::string_view, local_id>> ordered;  // by hash, with which each row begins
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      ordered.emplace_back((*rows)[i], ids[i]);
      bytes += ordered.back().first.size();
    }
    at_once = std::clamp(enough_bytes * ids.size() / (bytes + 1), least_at_once, most_at_once);
    std::sort(ordered.begin(), ordered.end());
    for (const auto& [row, id] : ordered) {
      auto d = builder_.build(id, row);
      if (!d) return fail(d.error());
      going = going && (!*d || visit(**d));
    }
    ids.clear();
    return {};
  };
  expected<void> result;
  auto seen = reader_->scan_all(family::archive_ids, [&](std::string_view, std::string_view row) {
    // All ids of a row at once: their hashes begin alike.
    if (ids.size() >= at_once) result = visit_some();
    if (!result || !going) return false;
    std::uint64_t id = 0;
    while (!row.empty() && get_varint(row, id)) ids.push_back(id);
    return true;
  });
  if (!seen) return seen;
  return result && going ? visit_some() : result;
}

expected<void> rocksdb_archive_view::check_index(const check_listener& listener) {
  return archive_check(*reader_, listener).run();
}

}  // namespace cybexd::store
