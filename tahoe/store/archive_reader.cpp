#include "tahoe/store/archive_reader.hpp"

#include <rocksdb/db.h>

#include <algorithm>
#include <array>

namespace cybexd::store {

using namespace archive_layout;

namespace {

constexpr std::size_t kept_hashes = 100'000;
constexpr std::string_view doing = "archive: read";

rocksdb::Slice slice(std::string_view s) { return {s.data(), s.size()}; }
std::string_view view_of(const rocksdb::Slice& s) { return {s.data(), s.size()}; }

auto missing(family f, local_id id) {
  return fail(failure::corrupt,
              f == family::archive_events
                  ? "archive: the facts of event number " + std::to_string(id) + " are missing"
                  : "archive: document number " + std::to_string(id) + " is missing");
}

/// The ids under a hash's first 8 bytes.
expected<std::vector<local_id>> ids_of(std::string_view row) {
  std::vector<local_id> ids;
  while (!row.empty()) {
    if (!get_varint(row, ids.emplace_back()))
      return fail(failure::corrupt, "archive: a row of ids cannot be read");
  }
  return ids;
}

}  // namespace

archive_reader::archive_reader(rocksdb_home& home, const rocksdb::Snapshot* at) : home_(home), at_(at) {}
archive_reader::~archive_reader() = default;

expected<std::optional<std::string>> archive_reader::get(family f, std::string_view key) {
  ++rows_;
  return home_.get(f, key, doing, at_);
}

expected<std::vector<std::optional<std::string>>> archive_reader::get_many(
    family f, std::span<const std::string> keys) {
  std::vector<std::optional<std::string>> found(keys.size());
  constexpr std::size_t at_once = 128;
  std::array<rocksdb::Slice, at_once> slices;
  std::array<rocksdb::PinnableSlice, at_once> values;
  std::array<rocksdb::Status, at_once> states;
  rocksdb::ReadOptions options;
  options.snapshot = at_;
  for (std::size_t begin = 0; begin < keys.size(); begin += at_once) {
    const auto n = std::min(at_once, keys.size() - begin);
    for (std::size_t i = 0; i < n; ++i) slices[i] = slice(keys[begin + i]);
    home_.db().MultiGet(options, home_.handle(f), n, slices.data(), values.data(), states.data());
    for (std::size_t i = 0; i < n; ++i) {
      if (states[i].ok()) {
        found[begin + i] = values[i].ToString();
      } else if (!states[i].IsNotFound()) {
        return fail(to_error(states[i], doing));
      }
      values[i].Reset();
    }
    rows_ += n;
  }
  return found;
}

std::unique_ptr<rocksdb::Iterator> archive_reader::take_iterator(family f, bool whole) {
  // Taken out while in use, since a visitor may scan the same family.
  if (auto kept = kept_.extract(static_cast<int>(f) * 2 + (whole ? 1 : 0))) return std::move(kept.mapped());
  rocksdb::ReadOptions options;
  options.snapshot = at_;
  options.total_order_seek = whole;
  options.prefix_same_as_start = !whole;
  return std::unique_ptr<rocksdb::Iterator>(home_.db().NewIterator(options, home_.handle(f)));
}

expected<void> archive_reader::give_back(family f, bool whole, std::unique_ptr<rocksdb::Iterator> used) {
  if (!used->status().ok()) return fail(to_error(used->status(), doing));
  if (at_) kept_[static_cast<int>(f) * 2 + (whole ? 1 : 0)] = std::move(used);
  return {};
}

expected<void> archive_reader::scan(family f, std::string_view prefix, std::string_view from,
                                    const row_visitor& visit) {
  auto at = take_iterator(f, false);
  for (at->Seek(slice(from)); at->Valid() && at->key().starts_with(slice(prefix)); at->Next()) {
    ++rows_;
    if (!visit(view_of(at->key()), view_of(at->value()))) break;
  }
  return give_back(f, false, std::move(at));
}

expected<void> archive_reader::scan_all(family f, const row_visitor& visit) {
  auto at = take_iterator(f, true);
  for (at->SeekToFirst(); at->Valid(); at->Next()) {
    ++rows_;
    if (!visit(view_of(at->key()), view_of(at->value()))) break;
  }
  return give_back(f, true, std::move(at));
}

expected<located> archive_reader::find(const hash256& hash) {
  if (const auto known = places_.find(hash); known != places_.end()) return known->second;
  auto row = get(family::archive_ids, hash.view().substr(0, 8));
  if (!row) return fail(row.error());
  if (!*row) return located{};
  auto ids = ids_of(**row);
  if (!ids) return fail(ids.error());
  for (const auto id : *ids) {
    auto bytes = document_row(id);
    if (!bytes) return fail(bytes.error());
    auto head = peek_document(*bytes);
    if (!head) return fail(head.error());
    if (head->hash == hash) return located{id, head->kind};
  }
  return located{0, std::nullopt, true};
}

expected<std::vector<located>> archive_reader::find_many(std::span<const hash256> hashes) {
  std::vector<located> found(hashes.size());
  std::vector<std::string> keys;
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < hashes.size(); ++i) {
    if (const auto known = places_.find(hashes[i]); known != places_.end()) {
      found[i] = known->second;
    } else {
      keys.emplace_back(hashes[i].view().substr(0, 8));
      places.push_back(i);
    }
  }
  auto rows = get_many(family::archive_ids, keys);
  if (!rows) return fail(rows.error());
  std::vector<std::pair<std::size_t, local_id>> wanted;
  std::vector<local_id> ids;
  for (std::size_t n = 0; n < rows->size(); ++n) {
    if (!(*rows)[n]) continue;
    auto held = ids_of(*(*rows)[n]);
    if (!held) return fail(held.error());
    for (const auto id : *held) wanted.emplace_back(places[n], id);
    ids.insert(ids.end(), held->begin(), held->end());
  }
  auto documents = document_rows(ids);
  if (!documents) return fail(documents.error());
  for (std::size_t n = 0; n < wanted.size(); ++n) {
    auto head = peek_document((*documents)[n]);
    if (!head) return fail(head.error());
    const auto [i, id] = wanted[n];
    if (head->hash == hashes[i]) {
      found[i] = located{id, head->kind};
    } else if (found[i].id == 0) {
      found[i].collides = true;
    }
  }
  return found;
}

expected<std::string> archive_reader::document_row(local_id id) {
  auto rows = document_rows({&id, 1});
  if (!rows) return fail(rows.error());
  return std::move(rows->front());
}

expected<std::vector<std::string>> archive_reader::document_rows(std::span<const local_id> ids) {
  return rows_by_id(family::archive_docs, ids, documents_);
}

expected<std::vector<std::string>> archive_reader::event_rows(std::span<const local_id> ids) {
  return rows_by_id(family::archive_events, ids, events_);
}

expected<std::vector<std::string>> archive_reader::rows_by_id(family f, std::span<const local_id> ids,
                                                              kept_rows& kept) {
  std::vector<std::string> found(ids.size()), keys;
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (const auto at = kept.rows.find(ids[i]); at != kept.rows.end()) {
      found[i] = at->second;
    } else {
      keys.push_back(number_key(ids[i]));
      places.push_back(i);
    }
  }
  auto rows = get_many(f, keys);
  if (!rows) return fail(rows.error());
  for (std::size_t n = 0; n < places.size(); ++n) {
    auto& row = (*rows)[n];
    if (!row) return missing(f, ids[places[n]]);
    if (at_) keep(kept, ids[places[n]], *row);
    found[places[n]] = std::move(*row);
  }
  return found;
}

void archive_reader::keep(kept_rows& kept, local_id id, const std::string& row) {
  constexpr std::size_t most_bytes = 8u << 20, beside_a_row = 128;
  if (kept.bytes > most_bytes) {
    kept = {};
    if (&kept == &documents_) places_.clear();
  }
  if (!kept.rows.emplace(id, row).second) return;
  kept.bytes += row.size() + beside_a_row;
  if (&kept != &documents_) return;
  if (const auto head = peek_document(row)) places_.emplace(head->hash, located{id, head->kind});
}

expected<hash256> archive_reader::hash_of(local_id id) {
  auto found = hashes_of({&id, 1});
  if (!found) return fail(found.error());
  return found->front();
}

expected<std::vector<hash256>> archive_reader::hashes_of(std::span<const local_id> ids) {
  if (hashes_.size() > kept_hashes) hashes_.clear();
  std::vector<local_id> unknown;
  for (const auto id : ids) {
    if (!hashes_.contains(id)) unknown.push_back(id);
  }
  constexpr std::size_t at_once = 512;  // rows may be large
  for (std::size_t begin = 0; begin < unknown.size(); begin += at_once) {
    const auto some = std::span(unknown).subspan(begin, std::min(at_once, unknown.size() - begin));
    auto rows = document_rows(some);
    if (!rows) return fail(rows.error());
    for (std::size_t i = 0; i < some.size(); ++i) {
      auto head = peek_document((*rows)[i]);
      if (!head) return fail(head.error());
      hashes_.emplace(some[i], head->hash);
    }
  }
  std::vector<hash256> found;
  found.reserve(ids.size());
  for (const auto id : ids) found.push_back(hashes_.at(id));
  return found;
}

expected<event_row> archive_reader::event(local_id id) {
  auto rows = event_rows({&id, 1});
  if (!rows) return fail(rows.error());
  return decode_event(rows->front());
}

expected<std::optional<bucket_node>> stored_index::node(std::size_t depth, const position& prefix) {
  auto row = from_.get(family::archive_buckets, node_key(attribute_, depth, prefix));
  if (!row) return fail(row.error());
  if (!*row) return std::nullopt;
  auto node = decode_node(**row);
  if (!node) return fail(node.error());
  return std::move(*node);
}

expected<void> stored_index::postings(const position& first, const position& last,
                                      const archive_tree::posting_visitor& visit) {
  bool damaged = false;
  auto seen = from_.scan(family::archive_postings, number_key(attribute_), posting_key(attribute_, first, 0),
                         [&](std::string_view key, std::string_view row) {
                           std::uint64_t packed = 0;
                           damaged = key.size() != posting_key_size || !get_varint(row, packed);
                           if (damaged) return false;
                           const auto at = position_at(key, 8);
                           return !(last < at) && visit(at, number_at(key, 8 + position::size), packed);
                         });
  if (damaged) return fail(failure::corrupt, "archive: a row of the index cannot be read");
  return seen;
}

}  // namespace cybexd::store
