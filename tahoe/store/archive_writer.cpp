#include "tahoe/store/archive_writer.hpp"

#include <algorithm>
#include <mutex>

namespace cybexd::store {

using namespace archive_layout;
using tahoe::itype;

void org_numbers::add(std::uint64_t number, const std::string& orgid) {
  const std::unique_lock lock(mutex_);
  if (names_.size() <= number) names_.resize(number + 1);
  names_[number] = orgid;
  numbers_[orgid] = number;
}

std::optional<std::uint64_t> org_numbers::find(const std::string& orgid) const {
  const std::shared_lock lock(mutex_);
  const auto found = numbers_.find(orgid);
  return found == numbers_.end() ? std::nullopt : std::optional(found->second);
}

std::string org_numbers::name(std::uint64_t number) const {
  const std::shared_lock lock(mutex_);
  return number < names_.size() ? names_[number] : std::string();
}

std::size_t org_numbers::size() const {
  const std::shared_lock lock(mutex_);
  return names_.size();
}

archive_writer::archive_writer(rocksdb_home& home, org_numbers& orgs, const archive_options& options)
    : home_(home),
      orgs_(orgs),
      options_(options),
      reader_(home),
      known_(options.cached_hashes),
      trees_(options.split_threshold, options.cached_nodes) {}
archive_writer::~archive_writer() = default;

expected<void> archive_writer::load() {
  auto row = reader_.get(family::archive_meta, "c");
  if (!row) return fail(row.error());
  if (*row) {
    auto counts = decode_counters(**row);
    if (!counts) return fail(counts.error());
    stored_counts_ = *counts;
  }
  unfiltered_.reset();
  return reader_.scan(family::archive_meta, "o", "o", [&](std::string_view key, std::string_view orgid) {
    if (key.size() == 9) orgs_.add(number_at(key, 1), std::string(orgid));
    return true;
  });
}

expected<void> archive_writer::begin(rocksdb::WriteBatch& batch) {
  unsure_ = unsure_ || batch_ != nullptr;
  if (unsure_) {
    settle(false);
    trees_ = {options_.split_threshold, options_.cached_nodes};
    if (auto loaded = load(); !loaded) return loaded;
    unsure_ = false;
  }
  batch_ = &batch;
  draft_.counts = stored_counts_;
  draft_.first_id = stored_counts_.next_id;
  return {};
}

expected<void> archive_writer::prefetch(const std::vector<hash256>& hashes) {
  std::vector<hash256> unknown;
  for (const auto& hash : hashes) {
    const auto [place, made] = draft_.seen.try_emplace(hash);
    if (!made) continue;
    if (const auto* known = known_.find(hash)) {
      place->second = *known;
    } else {
      unknown.push_back(hash);
    }
  }
  std::sort(unknown.begin(), unknown.end());
  auto found = reader_.find_many(unknown);
  if (!found) return fail(found.error());
  for (std::size_t i = 0; i < unknown.size(); ++i) draft_.seen.at(unknown[i]) = (*found)[i];
  return {};
}

expected<void> archive_writer::prefetch(std::span<const document> documents) {
  std::vector<hash256> hashes;
  for (const auto& d : documents) {
    hashes.push_back(d.hash);
    hashes.insert(hashes.end(), d.ref.begin(), d.ref.end());
  }
  return prefetch(hashes);
}

expected<void> archive_writer::prefetch(std::span<const record_write> records) {
  std::vector<hash256> hashes;
  for (const auto& r : records) {
    hashes.push_back(r.raw.hash);
    if (!r.filtered) continue;
    for (const auto& d : r.filtered->product.documents) hashes.push_back(d.hash);
    for (const auto& change : r.filtered->product.sessions) hashes.push_back(change.session.hash);
  }
  return prefetch(hashes);
}

expected<located*> archive_writer::locate(const hash256& hash) {
  if (const auto found = draft_.seen.find(hash); found != draft_.seen.end()) return &found->second;
  located place;
  if (const auto* known = known_.find(hash)) {
    place = *known;
  } else {
    auto stored = reader_.find(hash);
    if (!stored) return fail(stored.error());
    place = *stored;
  }
  return &draft_.seen.emplace(hash, place).first->second;
}

expected<local_id> archive_writer::take_id(const hash256& hash, bool collides) {
  const auto id = draft_.counts.next_id++;
  const auto key = hash.view().substr(0, 8);
  std::string row;
  if (collides) {
    auto stored = reader_.get(family::archive_ids, key);
    if (!stored) return fail(stored.error());
    row = stored->value_or("");
  }
  // Hashes that begin alike and are new in this batch stand in the same slot of the map, by
  // `std::hash<hash256>`.
  const auto slot = draft_.seen.bucket(hash);
  for (auto other = draft_.seen.begin(slot); other != draft_.seen.end(slot); ++other) {
    if (other->second.id >= draft_.first_id && other->first != hash &&
        other->first.view().substr(0, 8) == key) {
      put_varint(row, other->second.id);
    }
  }
  put_varint(row, id);
  put(family::archive_ids, key, row);
  return id;
}

expected<local_id> archive_writer::id_for(const hash256& hash) {
  auto place = locate(hash);
  if (!place) return fail(place.error());
  if ((*place)->id != 0) return (*place)->id;
  auto id = take_id(hash, (*place)->collides);
  if (!id) return id;
  (*place)->id = *id;
  put(family::archive_docs, number_key(*id), hash.view());
  return id;
}

std::uint64_t archive_writer::org_number(const std::string& orgid) {
  if (const auto known = orgs_.find(orgid)) return *known;
  const auto [place, made] = draft_.orgs.emplace(orgid, orgs_.size() + draft_.orgs.size());
  if (made) put(family::archive_meta, tagged_key('o', place->second), orgid);
  return place->second;
}

std::string archive_writer::org_name(std::uint64_t number) const {
  for (const auto& [orgid, n] : draft_.orgs) {
    if (n == number) return orgid;
  }
  return orgs_.name(number);
}

void archive_writer::settle(bool committed) {
  if (committed) {
    for (const auto& [hash, place] : draft_.seen) {
      const auto kind = place.kind;
      if (kind == itype::attribute || kind == itype::object || kind == itype::session)
        known_.put(hash, place);
    }
    for (const auto& [orgid, number] : draft_.orgs) orgs_.add(number, orgid);
    constexpr std::size_t kept_sub_types = 1000;
    if (stored_sub_types_.size() > kept_sub_types) stored_sub_types_.clear();
    stored_sub_types_.merge(draft_.sub_types);
    if (unfiltered_)
      for (const auto& [sub_type, more] : draft_.unfiltered)
        (*unfiltered_)[sub_type] += static_cast<std::uint64_t>(more);
    stored_counts_ = draft_.counts;
  }
  trees_.settle(committed);
  draft_ = {};
  rows_.clear();
  batch_ = nullptr;
}

expected<void> archive_writer::finish() {
  for (auto& [id, draft] : draft_.raws) {
    if (!draft.changed) continue;
    if (auto done = finish_raw(id, draft); !done) return done;
  }
  for (const auto& [id, row] : draft_.events) {
    put(family::archive_events, number_key(id), encode_event(row));
    if (id < draft_.first_id) ++draft_.counts.edits;
  }
  for (const auto& [id, session] : draft_.times) {
    auto row = encode_times(session);
    if (!row) return fail(row.error());
    put(family::archive_sessions, tagged_key('t', id), *row);
  }
  for (auto& [attribute, changes] : draft_.postings) {
    stored_index stored(reader_, attribute);
    if (auto done = trees_.apply(attribute, stored, attribute >= draft_.first_id, std::move(changes)); !done)
      return done;
  }
  for (const auto& [key, node] : trees_.changed()) {
    if (node.buckets.empty()) {
      erase(family::archive_buckets, key);
    } else {
      put(family::archive_buckets, key, encode_node(node));
    }
  }
  if (draft_.counts != stored_counts_) {
    put(family::archive_meta, "c", encode_counters(draft_.counts));
  }
  return rows_.flush(home_, *batch_);
}

}  // namespace cybexd::store
