// What operators and the archive line ask of entries, and what operators do to those set aside.
#include <algorithm>

#include "tahoe/store/lake_rules.hpp"
#include "tahoe/store/mongodb_lake.hpp"

namespace cybexd::store {

using namespace lake_document;

namespace {

expected<std::string> without_file(const entry_id& id) {
  return fail(failure::not_found, "lake: the file of entry " + id + " is missing");
}

/// Entry and mark, without what may be large and is not asked for.
bson report_fields() {
  auto fields = entry_fields();
  for (const auto* field : {"processed", "skip_reason", "_ref", "_cybexd_state", "_cybexd_lines",
                            "_cybexd_parts", "_cybexd_archived", "_cybexd_known", "_cybexd_set_aside"})
    fields.add(field, 1);
  return fields;
}

/// The quarantine's documents of entries that have none: they came there before it had any, or another server
/// was in the way.
expected<void> add_missing(const mongodb_collection& entries, const mongodb_quarantine& quarantine,
                           double since) {
  constexpr std::size_t portion = 200;
  find_options how;
  how.projection = report_fields();
  how.sort.add("_id", 1);
  how.limit = portion;
  object_id last;
  for (bool more = true; more;) {
    std::map<object_id, entry_mark> marks;
    const auto filter = bson()
                            .add("_cybexd_aside", true)
                            .add("_cybexd_state", to_string(entry_state::quarantined))
                            .add("_id", bson().add("$gt", last));
    auto found = entries.find(filter, how, "lake: list", [&](const bson_view& document) {
      if (const auto id = document.find("_id").id()) marks.emplace(*id, to_mark(document));
      return true;
    });
    if (!found) return found;
    more = marks.size() == portion;
    if (marks.empty()) break;
    last = marks.rbegin()->first;
    std::vector<object_id> ids;
    for (const auto& [id, mark] : marks) ids.push_back(id);
    const auto there = quarantine.about(ids);
    if (!there) return fail(there.error());
    for (const auto& document : *there) marks.erase(document.entry);
    std::vector<mongodb_quarantine::newcomer> some;
    for (const auto& [id, mark] : marks) some.push_back({id, &mark});
    if (auto added = quarantine.add(some, since); !added) return added;
  }
  return {};
}

/// Removes the documents about entries that are not in quarantine, but for those that may be about to.
expected<void> remove_belied(const mongodb_quarantine& quarantine, const std::vector<object_id>& entries,
                             double now) {
  constexpr double an_hour = 3600;
  auto documents = quarantine.about(entries);
  if (!documents) return fail(documents.error());
  std::erase_if(*documents, [&](const auto& one) { return one.id.seconds() > now - an_hour; });
  return quarantine.remove(*documents);
}

}  // namespace

expected<std::vector<expected<std::string>>> mongodb_lake::read_files(std::span<const entry_id> ids) {
  std::vector<entry_id> unheld;
  for (const auto& id : ids)
    if (!claims_.holds(id)) unheld.push_back(id);
  auto seen = look(unheld, entry_fields(), "lake: read");
  if (!seen) return fail(seen.error());
  std::vector<std::optional<held_entry>> entries;
  std::vector<wanted_file> files;
  for (const auto& id : ids) {
    auto entry = claims_.find(id);
    if (const auto there = seen->find(id); !entry && there != seen->end()) {
      const auto read = to_entry(there->second.view());
      entry = held_from(read);
    }
    if (entry && entry->damage.empty())
      files.push_back({*entry->file, entry->own ? std::optional(entry->bytes) : std::nullopt});
    entries.push_back(std::move(entry));
  }
  auto read = files_.read(files);
  if (!read) return fail(read.error());
  std::vector<expected<std::string>> answers;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (!entries[i]) {
      answers.push_back(without_file(ids[i]));
    } else if (!entries[i]->damage.empty()) {
      answers.emplace_back(fail(failure::corrupt, "lake: entry " + ids[i] + ": " + entries[i]->damage));
    } else {
      answers.push_back(read->at(*entries[i]->file));
    }
  }
  return answers;
}

expected<lake_books> mongodb_lake::books() {
  if (auto ready = ready_(); !ready) return fail(ready.error());
  return books_.look();
}

/// With the refs and lines that stand in parts.
expected<entry_report> mongodb_lake::report_on(const bson& document) {
  entry_report report{to_entry(document.view()).entry, to_mark(document.view())};
  if (document.find("_cybexd_parts").integer().value_or(0) == 0) return report;
  find_options in_order;
  in_order.sort.add("n", 1);
  auto read = parts_.find(
      bson().add("entry", *document.find("_id").id()), in_order, "lake: find", [&](const bson_view& part) {
        auto more = to_mark(part);
        auto& mark = report.mark;
        mark.refs.insert(mark.refs.end(), more.refs.begin(), more.refs.end());
        std::move(more.bad_lines.begin(), more.bad_lines.end(), std::back_inserter(mark.bad_lines));
        return true;
      });
  if (!read) return fail(read.error());
  return report;
}

expected<std::optional<entry_report>> mongodb_lake::find(const entry_id& id) {
  auto found = look(std::span(&id, 1), report_fields(), "lake: find");
  if (!found) return fail(found.error());
  if (found->empty()) return std::optional<entry_report>();
  auto report = report_on(found->begin()->second);
  if (!report) return fail(report.error());
  return std::optional(std::move(*report));
}

expected<std::vector<bson>> mongodb_lake::all_set_aside(const entry_id& after, std::size_t limit) {
  if (!read_only_ && after.empty())
    if (auto flagged = flag_what_others_set_aside(); !flagged) return fail(flagged.error());
  bson filter;
  filter.add("_cybexd_aside", true)
      .add("_id", bson().add("$gt", to_object_id(after).value_or(object_id())))
      .add("$and", bson_list().push(not_done_with()));
  find_options how;
  how.projection = report_fields();
  how.sort.add("_id", 1);
  how.batch = static_cast<std::uint32_t>(std::clamp<std::size_t>(limit, 2, 1000));
  std::vector<bson> documents;
  auto found = entries_.find(filter, how, "lake: list", [&](const bson_view& document) {
    // Those that wait again were set aside once.
    if (lake_document::set_aside(document)) documents.emplace_back(document);
    return documents.size() < limit;
  });
  if (!found) return fail(found.error());
  return documents;
}

/// Entries that the quarantine names, if they are in it still.
expected<std::vector<bson>> mongodb_lake::all_quarantined(const entry_id& after, std::size_t limit) {
  constexpr std::size_t portion = 200;
  if (!read_only_ && after.empty())
    if (auto added = add_missing(entries_, quarantine_, clock_->now()); !added) return fail(added.error());
  std::vector<bson> documents;
  auto from = to_object_id(after).value_or(object_id());
  while (documents.size() < limit) {
    auto named = quarantine_.entries(from, std::min(portion, limit - documents.size()));
    if (!named) return fail(named.error());
    if (named->empty()) break;
    from = named->back();
    std::vector<entry_id> ids;
    for (const auto& id : *named) ids.push_back(id.to_hex());
    auto found = look(ids, report_fields(), "lake: list");
    if (!found) return fail(found.error());
    std::erase_if(*found, [](const auto& one) {
      return one.second.find("_cybexd_state").text() != to_string(entry_state::quarantined);
    });
    std::erase_if(*named, [&](const auto& id) { return found->contains(id.to_hex()); });
    if (!read_only_)  // the list is good without this
      (void)remove_belied(quarantine_, *named, clock_->now());
    for (auto& [id, document] : *found) documents.push_back(std::move(document));
  }
  return documents;
}

expected<std::vector<entry_report>> mongodb_lake::set_aside(const entry_id& after, std::size_t limit,
                                                            bool quarantined_only) {
  if (auto ready = ready_(); !ready) return fail(ready.error());
  if (limit == 0) return std::vector<entry_report>();
  auto documents = quarantined_only ? all_quarantined(after, limit) : all_set_aside(after, limit);
  if (!documents) return fail(documents.error());
  std::vector<entry_report> some;
  for (const auto& document : *documents) {
    auto report = report_on(document);
    if (!report) return fail(report.error());
    some.push_back(listed(std::move(*report)));
  }
  return some;
}

/// These entries, every one of them set aside. Errors: not_found, conflict, naming the first that is not.
expected<std::map<entry_id, bson>> mongodb_lake::look_set_aside(std::span<const entry_id> ids,
                                                                std::string_view what) {
  auto found = look(ids, report_fields(), what);
  if (!found) return found;
  for (const auto& id : ids) {
    const auto there = found->find(id);
    if (there == found->end()) return fail(failure::not_found, "lake: there is no entry " + id);
    if (!lake_document::set_aside(there->second.view()))
      return fail(failure::conflict, "lake: entry " + id + " is not set aside");
  }
  return found;
}

expected<void> mongodb_lake::retry(std::span<const entry_id> ids) {
  if (auto ready = ready_(); !ready) return ready;
  auto found = look_set_aside(ids, "lake: retry");
  if (!found) return fail(found.error());
  auto leaving = quarantine_of(ids);
  if (!leaving) return fail(leaving.error());
  bulk_write changes;
  for (const auto& [id, document] : *found)
    changes.update_one(not_done_with().add("_id", *to_object_id(id)), waiting_again());
  auto written = entries_.write_all(std::move(changes), "lake: retry");
  books_.changed();
  if (!written) return fail(written.error());
  return quarantine_.remove(*leaving);
}

expected<void> mongodb_lake::drop(std::span<const entry_id> ids) {
  if (auto ready = ready_(); !ready) return ready;
  auto found = look_set_aside(ids, "lake: drop");
  if (!found) return fail(found.error());
  auto leaving = quarantine_of(ids);
  if (!leaving) return fail(leaving.error());
  bulk_write changes, parts;
  std::vector<object_id> files;
  for (const auto& [id, document] : *found) {
    const auto name = *to_object_id(id);
    changes.update_one(not_done_with().add("_id", name), dropping(to_mark(document.view())));
    if (document.find("_cybexd_parts").exists()) parts.remove_many(bson().add("entry", name));
    if (const auto file = document.find("fid").id()) files.push_back(*file);
  }
  auto written = entries_.write_all(std::move(changes), "lake: drop");
  books_.changed();
  if (!written) return fail(written.error());
  claims_.forget(ids);
  if (auto gone = parts_.write_all(std::move(parts), "lake: drop"); !gone) return fail(gone.error());
  if (auto gone = quarantine_.remove(*leaving); !gone) return gone;
  return files_.remove(files);
}

}  // namespace cybexd::store
