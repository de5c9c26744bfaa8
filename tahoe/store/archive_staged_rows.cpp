#include <rocksdb/write_batch.h>

#include <algorithm>

#include "tahoe/store/archive_writer.hpp"

namespace cybexd::store {

namespace {

rocksdb::Slice slice(std::string_view s) { return {s.data(), s.size()}; }

}  // namespace

void staged_rows::add(family f, std::string_view key, std::string_view row, bool erased) {
  std::uint64_t head = 0;
  for (std::size_t i = 0; i < 8; ++i)
    head = head << 8 | (i < key.size() ? static_cast<std::uint8_t>(key[i]) : 0u);
  entries_[f].push_back({head, bytes_.size(), key.size(), row.size(), erased});
  bytes_.append(key);
  bytes_.append(row);
}

expected<void> staged_rows::flush(rocksdb_home& home, rocksdb::WriteBatch& batch) {
  for (auto& [f, entries] : entries_) {
    std::sort(entries.begin(), entries.end(), [&](const entry& a, const entry& b) {
      if (a.head != b.head) return a.head < b.head;
      if (const auto order = key_of(a) <=> key_of(b); order != 0) return order < 0;
      return a.key < b.key;  // in the order in which they came
    });
    for (std::size_t i = 0; i < entries.size(); ++i) {
      const auto& e = entries[i];
      const auto key = key_of(e);
      if (i + 1 < entries.size() && entries[i + 1].head == e.head && key_of(entries[i + 1]) == key) continue;
      const auto row = std::string_view(bytes_).substr(e.key + e.key_size, e.row_size);
      const auto status = e.erased ? batch.Delete(home.handle(f), slice(key))
                                   : batch.Put(home.handle(f), slice(key), slice(row));
      if (!status.ok()) return fail(to_error(status, "archive: write"));
    }
  }
  return {};
}

void staged_rows::clear() {
  constexpr std::size_t kept_room = 16u << 20;
  if (bytes_.capacity() > kept_room) bytes_ = {};
  bytes_.clear();
  entries_.clear();
}

}  // namespace cybexd::store
