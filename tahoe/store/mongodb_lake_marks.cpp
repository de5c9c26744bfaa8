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

/// An entry that waits, or of which lines are set aside: they are read from its file when they are tried
/// again.
bool needs_its_file(const bson_view& document) {
  return !yes(document.find("processed")) || set_aside(document);
}

std::vector<object_id> object_ids(std::span<const entry_id> ids) {
  std::vector<object_id> names;
  for (const auto& id : ids)
    if (const auto name = to_object_id(id)) names.push_back(*name);
  return names;
}

template <class Work>
std::vector<mongodb_quarantine::newcomer> newcomers_of(const std::vector<Work>& works) {
  std::vector<mongodb_quarantine::newcomer> some;
  for (const auto& work : works)
    if (is_quarantined(work.mark)) some.push_back({work.entry.id, &work.mark});
  return some;
}

/// Adds those that the server refuses for what they or their entries hold. Errors: unavailable (any other
/// refusal, which may pass).
template <class Work>
expected<void> note_refused(const expected<write_result>& written, const std::vector<Work>& works,
                            std::vector<Work>& refused) {
  if (!written) return fail(written.error());
  for (const auto& fault : written->faults) {
    if (!is_for_good(fault.problem)) return fail(failure::unavailable, fault.problem.text);
    const auto& work = works.at(fault.index);
    if (std::find(refused.begin(), refused.end(), work) == refused.end()) refused.push_back(work);
  }
  return {};
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

/// What is to be written for each mark: the last one of an entry, with counts that add up. Entries that
/// another server works on are left to it.
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
    const auto held = claims_.find(id);
    const auto there = seen->find(id);
    if (!held && there == seen->end()) continue;  // dropped meanwhile
    marking_work work;
    work.held = held.has_value();
    if (held) {
      work.entry = *held;
      work.overdue = claims_.overdue(*held);
    } else {
      work.entry = held_from(to_entry(there->second.view()));
      work.entry.forced = work.entry.fresh = false;  // not all of its fields were asked for
    }
    work.mark = balanced(*mark, work.entry.records);
    work.parts = parts_of(work.mark);
    if (is_done_with(*mark) && work.entry.own && !options_.keep_archived_files)
      work.file_to_remove = work.entry.file;
    works.push_back(std::move(work));
  }
  return without_others(std::move(works));
}

expected<std::vector<mongodb_lake::marking_work>> mongodb_lake::without_others(
    std::vector<marking_work> works) {
  const bool ours = std::all_of(works.begin(), works.end(),
                                [](const marking_work& work) { return work.held && !work.overdue; });
  if (ours) return works;
  auto seen = claims_.look("lake: mark");
  if (!seen) return fail(seen.error());
  const auto elsewhere = claims_.elsewhere(*seen);
  std::erase_if(works, [&](const marking_work& work) { return elsewhere.contains(work.entry.id); });
  return works;
}

/// What entries have no room for, in documents of their own, before the marks that name them.
expected<void> mongodb_lake::write_parts(const std::vector<marking_work>& works) {
  bulk_write old, fresh;
  for (const auto& work : works) {
    if (work.parts.size() < 2) continue;
    old.remove_many(bson().add("entry", work.entry.id));
    for (std::size_t n = 1; n < work.parts.size(); ++n)
      fresh.insert(bson()
                       .add("entry", work.entry.id)
                       .add("n", static_cast<std::uint64_t>(n))
                       .add("_ref", work.parts[n].refs)
                       .add("_cybexd_lines", work.parts[n].lines));
  }
  for (auto* bulk : {&old, &fresh})
    if (auto written = parts_.write_all(std::move(*bulk), "lake: mark"); !written)
      return fail(written.error());
  return {};
}

/// The quarantine's documents, before the marks that need them.
expected<void> mongodb_lake::enter_quarantine(const std::vector<marking_work>& works) {
  return quarantine_.add(newcomers_of(works), clock_->now());
}

/// The quarantine's documents about these entries, which may go when the entries are changed.
expected<std::vector<object_id>> mongodb_lake::quarantine_of(std::span<const entry_id> ids) {
  auto about = quarantine_.about(object_ids(ids));
  if (!about) return fail(about.error());
  std::vector<object_id> documents;
  for (const auto& document : *about) documents.push_back(document.id);
  return documents;
}

/// An entry that others may have worked on since it was taken: what is archived stays as it is, and what is
/// set aside changes only by being archived.
bson mongodb_lake::marking_work::after_others() const {
  bson filter;
  filter.add("_id", entry.id).add("processed", is_no());
  if (mark.state != entry_state::processed && !entry.forced)
    filter.add("skip", is_no()).add("bad_data", is_no());
  return filter;
}

/// One condition each, on a field that no index has: what a mark costs the database is mostly its filter. Who
/// has lost his claim and does not know it yet is too late where the entry bears a mark, a mark of any kind.
bson mongodb_lake::marking_work::markable() const {
  if (overdue) return after_others();
  bson filter;
  filter.add("_id", entry.id);
  if (held && entry.fresh) return filter.add("_cybexd_archived", bson().add("$exists", false));
  return filter.add("_cybexd_state", bson().add("$ne", "dropped"));
}

/// True: every mark was applied. False: some entry was not ours any more and may be as another server left
/// it.
expected<bool> mongodb_lake::write_marks(const std::vector<marking_work>& works) {
  std::vector<const marking_work*> left;
  for (const auto& work : works) left.push_back(&work);
  auto alike = mark_alike(left);
  if (!alike || left.empty()) return alike;
  bool all = *alike;
  // The server refuses a mark where a field of another's is in the way, or where there is no room left.
  for (const auto& [replace, lists] : {std::pair{false, true}, {true, true}, {true, false}}) {
    bulk_write first, second;
    std::vector<const marking_work*> again;
    for (const auto* work : left) {
      const auto change = [&](bool fresh) {
        return marking(work->mark, work->parts.front(), work->parts.size(), {replace, lists, fresh});
      };
      first.update_one(work->markable(), change(work->held && work->entry.fresh && !work->overdue));
      if (!work->held || work->overdue) continue;
      again.push_back(work);
      second.update_one(work->after_others(), change(false));
    }
    std::vector<const marking_work*> refused;
    auto written = entries_.write(std::move(first), "lake: mark");
    if (auto noted = note_refused(written, left, refused); !noted) return fail(noted.error());
    if (written->matched + written->faults.size() < left.size()) {
      all = false;
      auto late = entries_.write(std::move(second), "lake: mark");
      if (auto noted = note_refused(late, again, refused); !noted) return fail(noted.error());
    }
    left = std::move(refused);
    if (left.empty()) return all;
  }
  return fail(failure::unavailable,
              "lake: mark: the database refuses the mark of entry " + left.front()->entry.id.to_hex());
}

/// Those that may have been set aside before: what is taken while it waits was not.
std::vector<entry_id> mongodb_lake::once_aside(const std::vector<marking_work>& works) {
  std::vector<entry_id> ids;
  for (const auto& work : works)
    if (!work.held || work.overdue || work.entry.forced) ids.push_back(work.entry.id.to_hex());
  return ids;
}

expected<void> mongodb_lake::mark(std::span<const entry_mark> marks) {
  if (marks.empty()) return {};
  if (auto ready = ready_(); !ready) return ready;
  const auto began = std::chrono::steady_clock::now();
  auto works = prepare_marks(marks);
  if (!works) return fail(works.error());
  if (auto written = write_parts(*works); !written) return written;
  auto leaving = quarantine_.about(object_ids(once_aside(*works)));
  if (!leaving) return fail(leaving.error());
  const auto stays = newcomers_of(*works);
  std::erase_if(*leaving, [&](const auto& document) {
    return std::any_of(stays.begin(), stays.end(), [&](const auto& one) { return document.is_of(one); });
  });
  if (auto entered = enter_quarantine(*works); !entered) return entered;
  auto all = write_marks(*works);
  if (!all) return fail(all.error());
  books_.changed();
  ties_.committed("lake", began, marks.size());
  // The marks stand. A file that cannot be removed now is removed some time after the next start.
  (void)remove_archived_files(*works, *all);
  if (*all) (void)quarantine_.remove(*leaving);  // what stays, its entry belies
  std::vector<entry_id> done;
  for (const auto& mark : marks) done.push_back(mark.id);
  window_.marked(done.size(), clock_->now());
  claims_.forget(done);
  return {};
}

/// The files of entries that are archived: a file whose entry is in another server's hands stays.
expected<void> mongodb_lake::remove_archived_files(const std::vector<marking_work>& works, bool all_marked) {
  std::map<entry_id, object_id> files;
  std::vector<entry_id> entries;
  for (const auto& work : works) {
    if (!work.file_to_remove) continue;
    entries.push_back(work.entry.id.to_hex());
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
