// Entries on their way from one lake to another.
#include <algorithm>
#include <set>

#include "tahoe/store/lake_rules.hpp"
#include "tahoe/store/mongodb_lake.hpp"

namespace cybexd::store {

using namespace lake_document;

namespace {

constexpr std::string_view origin_field = "_cybexd_origin";

std::string origin_text(const hash256& origin) {
  constexpr std::size_t enough = 32;  // hexadecimal digits; two entries that share so many will not be met
  return crypto::to_hex(origin).substr(0, enough);
}

/// The entry as it is stored: as it was put, and as its mark has changed it.
bson adopted_document(const kept_entry& kept, const std::vector<mark_part>& parts, const object_id& id,
                      const object_id& file) {
  const auto& e = kept.report.entry;
  new_entry fresh{e.name, e.orgid, e.typetag, e.timezone, e.timestamp, e.ndjson, e.records, {}};
  auto document = from(fresh, id, file);
  const auto mark = adopted_mark(kept.report);
  const auto change = mark ? marking(*mark, parts.front(), parts.size(), {.replace_refs = true}) : bson();
  const auto set = change.find("$set").document();
  bson whole;
  document.view().each([&](const bson_element& field) {
    if (field.key() != "_cybexd_bytes" && !(set && set->find(field.key()).exists()))
      whole.add_field(field.key(), document.view());
    return true;
  });
  whole.add_int64("_cybexd_bytes", static_cast<std::int64_t>(kept.sealed ? kept.sealed->size() : e.bytes));
  if (set) whole.add_all(*set);
  return whole.add(origin_field, origin_text(origin_of(e)));
}

}  // namespace

index_wish mongodb_lake::origin_index() {
  return {"cybexd_origin", bson().add(origin_field, 1), false, {}, true};
}

expected<std::vector<entry_report>> mongodb_lake::entries(const entry_id& after, std::size_t limit) {
  if (auto ready = ready_(); !ready) return fail(ready.error());
  std::vector<entry_report> some;
  if (limit == 0) return some;
  find_options how;
  how.sort.add("_id", 1);
  how.limit = limit;
  bson filter;
  filter.add("_id", bson().add("$gt", to_object_id(after).value_or(object_id())));
  filter.add("_cybexd_state", bson().add("$ne", "dropped"));
  auto found = entries_.find_all(filter, how, "lake: entries");
  if (!found) return fail(found.error());
  std::vector<object_id> foreign;  // files whose sizes their entries do not say
  for (const auto& document : *found)
    if (const auto read = to_entry(document.view()); !read.own && read.file) foreign.push_back(*read.file);
  auto sizes = files_.sizes(foreign);
  if (!sizes) return fail(sizes.error());
  for (const auto& document : *found) {
    auto report = report_on(document);
    if (!report) return fail(report.error());
    const auto read = to_entry(document.view());
    if (!read.own && read.file)
      if (const auto size = sizes->find(*read.file); size != sizes->end()) report->entry.bytes = size->second;
    some.push_back(std::move(*report));
  }
  return some;
}

expected<std::vector<bool>> mongodb_lake::adopted(std::span<const hash256> origins) {
  if (auto ready = ready_(); !ready) return fail(ready.error());
  if (!read_only_)
    if (auto ready = adopting_(); !ready) return fail(ready.error());
  std::vector<std::string> names;
  bson_list asked;
  for (const auto& origin : origins) {
    names.push_back(origin_text(origin));
    asked.push(names.back());
  }
  std::set<std::string, std::less<>> there;
  find_options how;
  how.projection.add(origin_field, 1);
  auto found = entries_.find(bson().add(origin_field, bson().add("$in", asked)), how, "lake: adopted",
                             [&](const bson_view& document) {
                               there.emplace(document.find(origin_field).text().value_or(""));
                               return true;
                             });
  if (!found) return fail(found.error());
  std::vector<bool> known;
  for (const auto& name : names) known.push_back(there.contains(name));
  return known;
}

expected<void> mongodb_lake::adopt(std::span<const kept_entry> entries) {
  if (entries.empty()) return {};
  const auto began = std::chrono::steady_clock::now();
  std::vector<hash256> origins;
  for (const auto& kept : entries) origins.push_back(origin_of(kept.report.entry));
  auto known = adopted(origins);
  if (!known) return fail(known.error());
  std::vector<marking_work> marks;
  std::vector<new_file> files;
  bulk_write documents;
  std::set<hash256> seen;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if ((*known)[i] || !seen.insert(origins[i]).second) continue;
    const auto& kept = entries[i];
    const auto file = object_id::make();
    marking_work work;
    work.entry.id = object_id::make();
    work.parts = parts_of(kept.report.mark);
    if (auto mark = adopted_mark(kept.report)) work.mark = std::move(*mark);
    if (kept.sealed) files.push_back({file, work.entry.id, kept.report.entry.name, *kept.sealed});
    if (!documents.insert(adopted_document(kept, work.parts, work.entry.id, file)))
      return fail(failure::too_large,
                  "lake: adopt: entry " + kept.report.entry.id + " is over MongoDB's limit for a document");
    marks.push_back(std::move(work));
  }
  if (marks.empty()) return {};
  // As in `put`: what an entry names is there before it. What a crash leaves behind nobody names.
  if (!files.empty())
    if (auto written = files_.write(files, clock_->now()); !written) return written;
  if (auto written = write_parts(marks); !written) return written;
  if (auto entered = enter_quarantine(marks); !entered) return entered;
  auto written = entries_.write_all(std::move(documents), "lake: adopt");
  books_.changed();
  if (!written) return fail(written.error());
  ties_.committed("lake", began, marks.size());
  return {};
}

}  // namespace cybexd::store
