// The lake's part of a migration: entries with their marks and envelopes.
#include <algorithm>

#include "tahoe/store/lake_rules.hpp"
#include "tahoe/store/migration_steps.hpp"

namespace cybexd::store::migration_steps {
namespace {

struct page {
  std::vector<entry_report> entries;
  std::vector<bool> adopted;  ///< Whether the target has each of them.
};

/// Visits all entries of the source, a page at a time.
expected<void> each_page(const context& c, const std::function<expected<void>(page&)>& visit) {
  entry_id after;
  while (true) {
    auto some = c.from.lake->entries(after, c.options.batch_items);
    if (!some) return fail(some.error());
    if (some->empty()) return {};
    after = some->back().entry.id;
    page p{std::move(*some), {}};
    std::vector<hash256> origins;
    for (const auto& report : p.entries) origins.push_back(origin_of(report.entry));
    auto there = c.to.lake->adopted(origins);
    if (!there) return fail(there.error());
    p.adopted = std::move(*there);
    if (auto done = visit(p); !done) return done;
  }
}

/// Envelopes of entries that come together, read and written together.
expected<void> copy_some(const context& c, std::vector<entry_report>& reports) {
  std::vector<entry_id> ids;
  for (const auto& report : reports) ids.push_back(report.entry.id);
  auto files = c.from.lake->read_files(ids);
  if (!files) return fail(files.error());
  std::vector<kept_entry> kept;
  for (std::size_t i = 0; i < reports.size(); ++i) {
    auto& file = (*files)[i];
    kept_entry one{std::move(reports[i]), std::nullopt};
    if (file) {
      one.sealed = std::move(*file);
      one.report.entry.bytes = one.sealed->size();
      ++c.result.files;
    } else if (one.report.mark.state != entry_state::processed) {
      // It is bad data there, and will be here. The envelope of an archived entry is rarely kept.
      ++c.result.lost_files;
      c.complain("lake", one.report.entry.id, file.error().text);
    }
    kept.push_back(std::move(one));
  }
  c.result.entries.copied += kept.size();
  return c.to.lake->adopt(kept);
}

}  // namespace

expected<void> copy_lake(const context& c) {
  auto& counts = c.result.entries;
  const auto books = c.from.lake->books();
  if (!books) return fail(books.error());
  std::uint64_t records = 0;
  batches<entry_report> ready(c.options, [&](auto& some) { return copy_some(c, some); });
  auto done = each_page(c, [&](page& p) -> expected<void> {
    for (std::size_t i = 0; i < p.entries.size(); ++i) {
      ++counts.total;
      const auto& mark = p.entries[i].mark;
      records += std::max(counted(mark), p.entries[i].entry.records);
      if (p.adopted[i]) continue;
      const auto bytes = p.entries[i].entry.bytes;
      if (auto added = ready.add(std::move(p.entries[i]), bytes); !added) return added;
    }
    c.tell("lake", records, books->accepted, c.result.lost_files);
    return {};
  });
  if (done) done = ready.flush();
  c.result.dropped_records = books->accepted > records ? books->accepted - records : 0;
  return done;
}

expected<void> check_lake(const context& c) {
  std::uint64_t seen = 0;
  return each_page(c, [&](page& p) -> expected<void> {
    for (std::size_t i = 0; i < p.entries.size(); ++i) {
      if (p.adopted[i]) continue;
      ++c.result.entries.missing;
      c.complain("lake", p.entries[i].entry.id, "it is not in the target");
    }
    c.tell("check", seen += p.entries.size(), c.result.entries.total);
    return {};
  });
}

}  // namespace cybexd::store::migration_steps
