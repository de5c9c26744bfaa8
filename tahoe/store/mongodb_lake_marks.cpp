#include <algorithm>

#include "tahoe/store/lake_rules.hpp"
#include "tahoe/store/mongodb_lake.hpp"

namespace cybexd::store {

using namespace lake_document;

namespace {

bson fields(std::initializer_list<const char*> names) {
  bson projection;
  for (const auto* name : names) projection.add(name, 1);
  return projection;
}

bson free_claim(double now) { return bson().add("$not", bson().add("$gte", now)); }

}  // namespace

namespace {

/// An entry that waits, or of which lines are set aside: they are read from its file when they are tried
/// again.
bool needs_its_file(const bson_view& document) {
  return !yes(document.find("processed")) || set_aside(document);
}

}  // namespace

/// Documents of these entries that are there and not dropped.
expected<std::map<entry_id, bson>> mongodb_lake::look(std::span<const entry_id> ids, const bson& fields,
                                                      std::string_view what) {
  std::map<entry_id, bson> found;
  find_options how;
  how.projection = fields;
  constexpr std::size_t portion = 200;
  for (; !ids.empty(); ids = ids.subspan(std::min(ids.size(), portion))) {
    bson_list some;
    for (const auto& id : ids.first(std::min(ids.size(), portion)))
      if (const auto name = to_object_id(id)) some.push(*name);
    if (some.count() == 0) continue;
    auto read =
        entries_.find(bson().add("_id", bson().add("$in", some)), how, what, [&](const bson_view& document) {
          if (!dropped(document)) found.emplace(document.find("_id").id()->to_hex(), bson(document));
          return true;
        });
    if (!read) return fail(read.error());
  }
  return found;
}

/// What is to be written for each mark: the last one of an entry, with counts that add up.
expected<std::vector<mongodb_lake::marking_work>> mongodb_lake::prepare_marks(
    std::span<const entry_mark> marks) {
  std::map<entry_id, const entry_mark*> last;
  for (const auto& mark : marks) last[mark.id] = &mark;
  std::vector<entry_id> unheld;
  for (const auto& [id, mark] : last)
    if (!claims_.holds(id)) unheld.push_back(id);
  auto seen =
      look(unheld, fields({"fid", "_cybexd_records", "_cybexd_bytes", "_cybexd_state"}), "lake: mark");
  if (!seen) return fail(seen.error());
  std::vector<marking_work> works;
  for (const auto& [id, mark] : last) {
    auto held = claims_.find(id);
    const auto there = seen->find(id);
    if (!held && there == seen->end()) continue;  // dropped meanwhile
    marking_work work;
    work.held = held.has_value();
    if (!held) {
      const auto read = to_entry(there->second.view());
      held = held_entry{read.id, 0, read.entry.records, false, read.own, read.file, {}};
    }
    work.id = held->id;
    work.forced = held->forced;
    work.mark = balanced(*mark, held->records);
    work.parts = parts_of(work.mark);
    if (is_done_with(*mark) && held->own && !options_.keep_archived_files) work.file_to_remove = held->file;
    works.push_back(std::move(work));
  }
  return works;
}

/// What entries have no room for, in documents of their own, before the marks that name them.
expected<void> mongodb_lake::write_parts(const std::vector<marking_work>& works) {
  bulk_write old, fresh;
  for (const auto& work : works) {
    if (work.parts.size() < 2) continue;
    old.remove_many(bson().add("entry", work.id));
    for (std::size_t n = 1; n < work.parts.size(); ++n)
      fresh.insert(bson()
                       .add("entry", work.id)
                       .add("n", static_cast<std::uint64_t>(n))
                       .add("_ref", work.parts[n].refs)
                       .add("_cybexd_lines", work.parts[n].lines));
  }
  for (auto* bulk : {&old, &fresh})
    if (auto written = parts_.write(std::move(*bulk), "lake: mark"); !written) return fail(written.error());
  return {};
}

namespace {

/// Only an entry that is still ours, or that nobody works on.
bson markable(const object_id& id, bool held, const std::string& owner, double now) {
  bson filter;
  filter.add("_id", id);
  if (held) return filter.add("_cybexd_owner", owner);
  return filter.add("_cybexd_state", bson().add("$ne", "dropped")).add("_cybexd_until", free_claim(now));
}

/// An entry whose claim was lost: only if it still waits and nobody works on it. Else another server has
/// marked it, or will.
bson markable_after_loss(const object_id& id, bool forced, double now) {
  bson filter;
  filter.add("_id", id).add("processed", is_no());
  if (!forced) filter.add("skip", is_no()).add("bad_data", is_no());
  return filter.add("_cybexd_until", free_claim(now));
}

}  // namespace

/// True: every mark was applied. False: some entry was not ours any more and may be as another server left
/// it.
expected<bool> mongodb_lake::write_marks(const std::vector<marking_work>& works) {
  const auto now = clock_->now();
  bool all = true;
  std::vector<const marking_work*> left;
  for (const auto& work : works) left.push_back(&work);
  // The server refuses a mark where a field of another's is in the way, or where there is no room left.
  for (const auto& [replace, lists] : {std::pair{false, true}, {true, true}, {true, false}}) {
    bulk_write first, second;
    for (const auto* work : left) {
      const mark_ways ways{replace, lists};
      const auto change = marking(work->mark, work->parts.front(), work->parts.size(), ways);
      first.update_one(markable(work->id, work->held, claims_.owner(), now), change);
      if (work->held) second.update_one(markable_after_loss(work->id, work->forced, now), change);
    }
    auto written = entries_.write(std::move(first), "lake: mark");
    if (!written) return fail(written.error());
    if (written->matched + written->faults.size() < left.size()) {
      all = false;
      if (auto again = entries_.write(std::move(second), "lake: mark"); !again) return fail(again.error());
    }
    std::vector<const marking_work*> refused;
    for (const auto& fault : written->faults) refused.push_back(left.at(fault.index));
    left = std::move(refused);
    if (left.empty()) return all;
  }
  return fail(failure::unavailable,
              "lake: mark: the database refuses the mark of entry " + left.front()->id.to_hex());
}

expected<void> mongodb_lake::mark(std::span<const entry_mark> marks) {
  if (marks.empty()) return {};
  if (auto ready = ready_(); !ready) return ready;
  const auto began = std::chrono::steady_clock::now();
  auto works = prepare_marks(marks);
  if (!works) return fail(works.error());
  if (auto written = write_parts(*works); !written) return written;
  auto all = write_marks(*works);
  if (!all) return fail(all.error());
  books_.changed();
  ties_.committed("lake", began, marks.size());
  std::vector<entry_id> done;
  for (const auto& work : *works) done.push_back(work.id.to_hex());
  claims_.forget(done);
  // The marks stand. A file that cannot be removed now is removed some time after the next start.
  (void)remove_archived_files(*works, *all);
  return {};
}

/// The files of entries that are archived: a file whose entry is in another server's hands stays.
expected<void> mongodb_lake::remove_archived_files(const std::vector<marking_work>& works, bool all_marked) {
  std::map<entry_id, object_id> files;
  std::vector<entry_id> entries;
  for (const auto& work : works) {
    if (!work.file_to_remove) continue;
    entries.push_back(work.id.to_hex());
    files.emplace(entries.back(), *work.file_to_remove);
  }
  if (!all_marked) {
    auto seen = look(entries, fields({"processed", "_cybexd_state"}), "lake: mark");
    if (!seen) return fail(seen.error());
    std::erase_if(files, [&](const auto& file) {
      const auto found = seen->find(file.first);
      return found == seen->end() || needs_its_file(found->second.view());
    });
  }
  std::vector<object_id> gone;
  for (const auto& [entry, file] : files) gone.push_back(file);
  return files_.remove(gone);
}

/// Removes some of the files that a stop between two writes left: of archived entries, and of entries that
/// were never written and are not being written now.
expected<void> mongodb_lake::sweep() {
  constexpr std::size_t portion = 1000;
  constexpr double an_hour = 3600;
  auto some = files_.own_files(*swept_to_, portion);
  if (!some) return fail(some.error());
  const auto next = some->size() < portion ? std::nullopt : std::optional(some->back().entry);
  std::erase_if(*some, [&](const auto& file) { return claims_.holds(file.entry.to_hex()); });  // in work here
  std::vector<entry_id> entries;
  for (const auto& file : *some) entries.push_back(file.entry.to_hex());
  auto seen = look(entries, fields({"processed", "_cybexd_state"}), "lake: sweep");
  if (!seen) return fail(seen.error());
  std::vector<object_id> left;
  for (std::size_t i = 0; i < some->size(); ++i) {
    const auto& file = (*some)[i];
    const auto found = seen->find(entries[i]);
    const bool needed = found == seen->end()
                            ? file.id.seconds() > clock_->now() - an_hour
                            : options_.keep_archived_files || needs_its_file(found->second.view());
    if (!needed) left.push_back(file.id);
  }
  if (auto removed = files_.remove(left); !removed) return removed;
  swept_to_ = next;
  return {};
}

}  // namespace cybexd::store
