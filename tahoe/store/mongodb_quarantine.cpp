#include "tahoe/store/mongodb_quarantine.hpp"

#include <algorithm>

#include "tahoe/store/mongodb_lake_entry.hpp"

namespace cybexd::store {
namespace {

constexpr std::size_t portion = 1'000;

std::string reason_of(const mongodb_quarantine::newcomer& one) {
  return lake_document::stored_text(one.mark->reason);
}

bson change_to(const mongodb_quarantine::newcomer& one, double since) {
  bson_list lines;
  for (const auto& line : one.mark->bad_lines)
    if (line.state == entry_state::quarantined && lines.count() < listed_lines)
      lines.push(bson().add("number", line.number).add("reason", lake_document::stored_text(line.reason)));
  bson change;
  change.add("$setOnInsert", bson().add("_id", object_id::make()).add("since", since));
  if (lines.count() != 0) return change.add("$set", bson().add("lines", lines));
  return change.add("$unset", bson().add("lines", ""));
}

bson one_of(std::span<const object_id> ids) {
  bson_list list;
  for (const auto& id : ids) list.push(id);
  return bson().add("$in", list);
}

}  // namespace

expected<void> mongodb_quarantine::make_indexes(notices& say) const {
  return documents_.make_indexes({{"by_entry", bson().add("entry", 1)}}, say, "lake: index");
}

expected<void> mongodb_quarantine::add(std::span<const newcomer> some, double since) const {
  if (some.empty()) return {};
  bulk_write documents;
  for (const auto& one : some)
    documents.update_one(bson().add("entry", one.entry).add("reason", reason_of(one)), change_to(one, since),
                         upsert::yes);
  auto written = documents_.write_all(std::move(documents), "lake: quarantine");
  if (!written) return fail(written.error());
  return {};
}

bool mongodb_quarantine::named::is_of(const newcomer& one) const {
  return entry == one.entry && reason == reason_of(one);
}

expected<std::vector<mongodb_quarantine::named>> mongodb_quarantine::about(
    std::span<const object_id> entries) const {
  std::vector<named> found;
  find_options how;
  how.projection.add("entry", 1).add("reason", 1);
  for (; !entries.empty(); entries = entries.subspan(std::min(portion, entries.size()))) {
    const auto some = entries.first(std::min(portion, entries.size()));
    auto read = documents_.find(bson().add("entry", one_of(some)), how, "lake: quarantine",
                                [&](const bson_view& document) {
                                  const auto id = document.find("_id").id();
                                  const auto entry = document.find("entry").id();
                                  const auto reason = document.find("reason").text().value_or("");
                                  if (id && entry) found.push_back({*id, *entry, std::string(reason)});
                                  return true;
                                });
    if (!read) return fail(read.error());
  }
  return found;
}

expected<void> mongodb_quarantine::remove(std::span<const named> documents) const {
  std::vector<object_id> ids;
  for (const auto& document : documents) ids.push_back(document.id);
  return remove(ids);
}

expected<void> mongodb_quarantine::remove(std::span<const object_id> documents) const {
  for (; !documents.empty(); documents = documents.subspan(std::min(portion, documents.size()))) {
    bulk_write gone;
    gone.remove_many(bson().add("_id", one_of(documents.first(std::min(portion, documents.size())))));
    if (auto done = documents_.write_all(std::move(gone), "lake: quarantine"); !done)
      return fail(done.error());
  }
  return {};
}

expected<std::vector<object_id>> mongodb_quarantine::entries(const object_id& after,
                                                             std::size_t limit) const {
  std::vector<object_id> found;
  find_options how;
  how.projection.add("entry", 1).add("_id", 0);
  how.sort.add("entry", 1);
  how.batch = static_cast<std::uint32_t>(std::clamp<std::size_t>(limit, 2, portion));
  auto read = documents_.find(bson().add("entry", bson().add("$gt", after)), how, "lake: quarantine",
                              [&](const bson_view& document) {
                                const auto entry = document.find("entry").id();
                                if (entry && (found.empty() || found.back() != *entry)) {
                                  if (found.size() == limit) return false;
                                  found.push_back(*entry);
                                }
                                return true;
                              });
  if (!read) return fail(read.error());
  return found;
}

}  // namespace cybexd::store
