#include "tahoe/store/rocksdb_archive.hpp"

#include <rocksdb/write_batch.h>

#include <mutex>
#include <set>

#include "tahoe/store/archive_rules.hpp"
#include "tahoe/store/archive_view.hpp"
#include "tahoe/store/archive_writer.hpp"

namespace cybexd::store {

using namespace archive_layout;

struct rocksdb_archive::impl {
  impl(std::shared_ptr<rocksdb_home> opened, const archive_options& options)
      : home(std::move(opened)), writer(*home, orgs, options) {}

  std::shared_ptr<rocksdb_home> home;
  org_numbers orgs;
  std::mutex writing;
  std::unique_lock<std::mutex> staged;  ///< Held from `stage` to `settle`.
  std::vector<local_id> staged_numbers;
  archive_writer writer;
};

rocksdb_archive::rocksdb_archive(std::shared_ptr<impl> inner) : impl_(std::move(inner)) {}
rocksdb_archive::~rocksdb_archive() = default;

expected<std::shared_ptr<rocksdb_archive>> rocksdb_archive::open(std::shared_ptr<rocksdb_home> home,
                                                                 const archive_options& options) {
  auto inner = std::make_shared<impl>(std::move(home), options);
  if (auto loaded = inner->writer.load(); !loaded) return fail(loaded.error());
  return std::shared_ptr<rocksdb_archive>(new rocksdb_archive(std::move(inner)));
}

expected<std::vector<record_result>> rocksdb_archive::stage(std::span<const record_write> records,
                                                            rocksdb::WriteBatch& batch) {
  std::unique_lock lock(impl_->writing);
  auto& writer = impl_->writer;
  if (auto begun = writer.begin(batch); !begun) return fail(begun.error());
  impl_->staged_numbers.clear();
  std::vector<record_result> results;
  auto done = writer.prefetch(records);
  for (std::size_t i = 0; done && i < records.size(); ++i) {
    if (auto result = writer.record(records[i])) {
      results.push_back(*result);
      impl_->staged_numbers.push_back(writer.number_of(result->raw));
    } else {
      done = fail(result.error());
    }
  }
  if (done) done = writer.finish();
  if (!done) {
    writer.settle(false);
    return fail(done.error());
  }
  impl_->staged = std::move(lock);
  return results;
}

std::span<const std::uint64_t> rocksdb_archive::staged_numbers() const { return impl_->staged_numbers; }

void rocksdb_archive::let_others_in() { impl_->staged = {}; }

void rocksdb_archive::settle(bool committed) {
  const auto lock = std::move(impl_->staged);
  impl_->writer.settle(committed);
}

expected<std::vector<record_result>> rocksdb_archive::write(std::span<const record_write> records) {
  rocksdb::WriteBatch batch;
  auto results = stage(records, batch);
  if (!results) return results;
  staged_end end(*this);
  auto written = impl_->home->write(batch, durability::synced, "archive: write", records.size());
  end.settle(written.has_value());
  if (!written) return fail(written.error());
  return results;
}

expected<std::vector<import_result>> rocksdb_archive::import(std::span<const document> documents) {
  return take_in(documents, false);
}

expected<std::vector<import_result>> rocksdb_archive::adopt(std::span<const document> documents) {
  return take_in(documents, true);
}

expected<std::vector<import_result>> rocksdb_archive::take_in(std::span<const document> documents,
                                                              bool merges) {
  const std::scoped_lock lock(impl_->writing);
  auto& writer = impl_->writer;
  rocksdb::WriteBatch batch;
  if (auto begun = writer.begin(batch); !begun) return fail(begun.error());
  std::vector<import_result> results;
  auto done = writer.prefetch(documents);
  for (std::size_t i = 0; done && i < documents.size(); ++i) {
    auto& result = results.emplace_back();
    result.refused = archive_rules::why_refused(documents[i]);
    if (result.refused) continue;
    auto stored = writer.import(documents[i]);
    if (stored && !*stored && merges) {
      if (auto merged = writer.merge(documents[i]); !merged) stored = fail(merged.error());
    }
    if (stored) {
      result.stored = *stored;
    } else if (stored.error().kind == failure::bad_input || stored.error().kind == failure::too_large) {
      result.refused = stored.error();
    } else {
      done = fail(stored.error());
    }
  }
  if (done) done = writer.finish();
  if (done) done = impl_->home->write(batch, durability::synced, "archive: import", documents.size());
  writer.settle(done.has_value());
  if (!done) return fail(done.error());
  return results;
}

expected<std::vector<unfiltered_record>> rocksdb_archive::unfiltered(std::span<const std::string> sub_types,
                                                                     const std::optional<hash256>& after,
                                                                     std::size_t limit) {
  auto look = std::make_unique<rocksdb_archive_view>(impl_, *impl_->home, impl_->orgs);
  archive_reader reader(*impl_->home);
  std::vector<unfiltered_record> found;
  std::size_t bytes = 0;
  std::optional<document> last;
  located last_place;
  if (after) {
    auto place = reader.find(*after);
    auto d = look->get(*after);
    if (!place || !d) return fail(place ? d.error() : place.error());
    last = std::move(*d);
    last_place = *place;
  }
  const std::set<std::string> asked(sub_types.begin(), sub_types.end());
  for (const auto& sub_type : asked) {
    if (last && sub_type < last->sub_type) continue;
    auto prefix = "u" + sub_type;
    prefix.push_back('\0');
    const auto begin = last && last->sub_type == sub_type ? prefix + number_key(last_place.id + 1) : prefix;
    std::vector<local_id> ids;  // a record has a row for each of its organisations
    auto seen = reader.scan(family::archive_meta, prefix, begin, [&](std::string_view key, std::string_view) {
      const auto id = number_at(key, prefix.size());
      if (ids.empty() || ids.back() != id) ids.push_back(id);
      return ids.size() <= limit;
    });
    if (!seen) return fail(seen.error());
    for (const auto id : ids) {
      if (found.size() >= limit || bytes >= archive_rules::enough_for_a_page) return found;
      auto hash = reader.hash_of(id);
      if (!hash) return fail(hash.error());
      auto raw = look->get(*hash);
      if (!raw) return fail(raw.error());
      if (*raw) bytes += archive_rules::add_awaiting(std::move(**raw), found);
    }
  }
  return found;
}

expected<std::uint64_t> rocksdb_archive::unfiltered_count(std::span<const std::string> sub_types) {
  const std::scoped_lock lock(impl_->writing);
  return impl_->writer.unfiltered(sub_types);
}

expected<std::uint64_t> rocksdb_archive::size() {
  const std::scoped_lock lock(impl_->writing);
  return impl_->writer.documents();
}

expected<std::vector<std::string>> rocksdb_archive::raw_sub_types() {
  std::vector<std::string> found;
  archive_reader reader(*impl_->home);
  auto seen = reader.scan(family::archive_meta, "s", "s", [&](std::string_view key, std::string_view) {
    found.emplace_back(key.substr(1));
    return true;
  });
  if (!seen) return fail(seen.error());
  return found;
}

expected<std::unique_ptr<archive_view>> rocksdb_archive::view() {
  return std::make_unique<rocksdb_archive_view>(impl_, *impl_->home, impl_->orgs);
}

expected<std::optional<document>> rocksdb_archive::get(const hash256& hash) {
  return rocksdb_archive_view(impl_, *impl_->home, impl_->orgs).get(hash);
}

expected<void> rocksdb_archive::each(const std::function<bool(const document&)>& visit) {
  return rocksdb_archive_view(impl_, *impl_->home, impl_->orgs).each(visit);
}

expected<void> rocksdb_archive::check_index(const check_listener& listener) {
  return rocksdb_archive_view(impl_, *impl_->home, impl_->orgs).check_index(listener);
}

}  // namespace cybexd::store
