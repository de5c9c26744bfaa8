// How a writer sends documents and changes: in parts that a slow server can take before the deadline; and
// what it does where the server takes none.
#include <algorithm>
#include <map>
#include <utility>

#include "tahoe/store/archive_rules.hpp"
#include "tahoe/store/mongodb_archive_documents.hpp"
#include "tahoe/store/mongodb_archive_writer.hpp"

namespace cybexd::store::mongodb_archive {
namespace {

/// Updates take a server several times as long as insertions.
constexpr std::size_t most_inserts = 4'000, most_updates = 1'000, most_bytes = 32u << 20;

bool starts_with_dollar(const bson_view& document) {
  bool any = false;
  document.each([&](const bson_element& field) {
    any = field.key().starts_with('$');
    if (const auto inner = field.document(); inner && !any) any = starts_with_dollar(*inner);
    return !any;
  });
  return any;
}

/// Everything but the hash, which the filter gives.
bson set_on_insert(const bson& document) {
  bson rest;
  document.view().each([&](const bson_element& field) {
    if (field.key() != "_hash") rest.add_field(field.key(), document.view());
    return true;
  });
  return bson().add("$setOnInsert", rest);
}

/// Adds what makes empty lists of the nulls in the documents of the filter's hash. A list that holds a null
/// is none.
void mend_nulls(const bson_view& filter, bulk_write& mends) {
  const auto null = bson().add("$type", "null").add("$not", bson().add("$type", "array"));
  for (const auto* field : {"filters", "_ref", "_mal_ref", "_ben_ref"}) {
    bson with_null;
    with_null.add_field("_hash", filter);
    mends.update_many(with_null.add(field, null), bson().add("$set", bson().add(field, bson_list())));
  }
}

std::optional<std::string> first_passing(const std::vector<write_fault>& faults) {
  const auto found = std::find_if(faults.begin(), faults.end(),
                                  [](const auto& fault) { return !is_for_good(fault.problem); });
  return found == faults.end() ? std::nullopt : std::optional(found->problem.text);
}

}  // namespace

expected<writer::sent> writer::put_absent(std::span<const bson* const> documents, std::string_view what) {
  sent all;
  all.made.assign(documents.size(), 0);
  for (std::size_t next = 0; next < documents.size();) {
    bulk_write some;
    std::vector<std::size_t> indexes;
    for (; next < documents.size() && some.count() < most_inserts && some.bytes() < most_bytes; ++next) {
      const auto& d = *documents[next];
      // Before MongoDB 5 an update may not bring keys with `$`, while an insert may.
      const bool inserts = unique_ || starts_with_dollar(d.view());
      bson filter;
      filter.add_field("_hash", d.view());
      all.made[next] = inserts ? 1 : 0;
      if (inserts ? some.insert(d) : some.update_one(filter, set_on_insert(d), upsert::yes))
        indexes.push_back(next);
      else
        all.faults.push_back({next, {failure::too_large, std::string(what) + ": over MongoDB's limit"}});
    }
    auto done = documents_.write(std::move(some), what);
    if (!done) return fail(done.error());
    for (const auto i : done->upserted_at) all.made[indexes[i]] = 1;
    for (const auto i : done->duplicates) all.made[indexes[i]] = 0;
    for (const auto& fault : done->faults) all.faults.push_back({indexes[fault.index], fault.problem});
  }
  for (const auto& fault : all.faults) all.made[fault.index] = 0;
  return all;
}

expected<bool> writer::send_alike(const std::vector<const first_note*>& notes) {
  // Some dozen at a time: half the cost of one by one, and no long lists to look through for each.
  constexpr std::size_t portion = 25, most = 500;
  std::map<std::pair<std::string, std::string>, std::vector<const first_note*>> groups;
  for (const auto* note : notes) groups[{note->orgid, note->filter_id}].push_back(note);
  bool all = true;
  for (const auto& [same, group] : groups)
    for (auto left = std::span(group); !left.empty();) {
      const auto some = left.first(std::min(left.size(), most));
      left = left.subspan(some.size());
      bulk_write writes;
      for (auto rest = some; !rest.empty(); rest = rest.subspan(std::min(rest.size(), portion))) {
        const auto one = note_alike(rest.first(std::min(rest.size(), portion)));
        all = writes.update_many(one.filter, one.stages) && all;
      }
      auto done = documents_.write(std::move(writes), "archive: change raw records");
      if (!done) return fail(done.error());
      all = all && done->matched == some.size();  // what was refused did not match
    }
  return all;
}

expected<writer::sent> writer::put_all(const std::vector<bson>& documents, std::string_view what) {
  std::vector<const bson*> each;
  for (const auto& d : documents) each.push_back(&d);
  auto put = put_absent(each, what);
  if (put && !put->faults.empty()) return fail(put->faults.front().problem);
  return put;
}

/// A change that MongoDB refuses for what stands in the document is sent once more, where what stands there
/// is a null that another module left in place of a list: an empty list then.
expected<writer::sent> writer::send(std::span<const change> changes, std::string_view what) {
  auto all = send_once(changes, what);
  if (!all) return all;
  const auto is_odd = [](const write_fault& fault) { return fault.problem.kind == failure::bad_input; };
  std::vector<change> again;
  std::vector<std::size_t> indexes;
  bulk_write mends;
  for (const auto& fault : all->faults) {
    if (!is_odd(fault)) continue;
    again.push_back(changes[fault.index]);
    indexes.push_back(fault.index);
    mend_nulls(again.back().filter.view(), mends);
  }
  auto mended = documents_.write(std::move(mends), what);
  if (!mended) return fail(mended.error());
  if (const auto fault = first_passing(mended->faults)) return fail(failure::unavailable, *fault);
  if (mended->modified == 0) return all;
  auto repeated = send_once(again, what);
  if (!repeated) return repeated;
  std::erase_if(all->faults, is_odd);
  all->matched += repeated->matched;
  for (std::size_t i = 0; i < again.size(); ++i)
    all->made[indexes[i]] = static_cast<char>(all->made[indexes[i]] | repeated->made[i]);
  for (const auto& fault : repeated->faults) all->faults.push_back({indexes[fault.index], fault.problem});
  return all;
}

expected<writer::sent> writer::send_once(std::span<const change> changes, std::string_view what) {
  sent all;
  all.made.assign(changes.size(), 0);
  for (std::size_t next = 0; next < changes.size();) {
    bulk_write some;
    std::vector<std::size_t> indexes;
    for (; next < changes.size() && some.count() < most_updates && some.bytes() < most_bytes; ++next) {
      const auto& one = changes[next];
      if (one.every ? some.update_many(one.filter, one.update)
                    : some.update_one(one.filter, one.update, one.makes ? upsert::yes : upsert::no))
        indexes.push_back(next);
      else
        all.faults.push_back({next, {failure::too_large, std::string(what) + ": over MongoDB's limit"}});
    }
    auto done = documents_.write(std::move(some), what);
    if (!done) return fail(done.error());
    all.matched += done->matched;
    for (const auto i : done->upserted_at) all.made[indexes[i]] = 1;
    for (const auto& fault : done->faults) all.faults.push_back({indexes[fault.index], fault.problem});
  }
  return all;
}

/// Raw documents that cannot take what their filters made are of no use; one that cannot take the reason
/// either says only that, and one that cannot take that stays as it is.
expected<void> writer::give_up(std::map<hash256, std::string> refused) {
  for (const bool says_why : {true, false}) {
    std::vector<change> useless;
    std::vector<hash256> hashes;
    for (const auto& [hash, reason] : refused) {
      useless.push_back(note_useless(hash, says_why ? reason : std::string()));
      useless.back().every = !unique_;
      hashes.push_back(hash);
    }
    auto noted = send(useless, "archive: change raw records");
    if (!noted) return fail(noted.error());
    refused.clear();
    for (const auto& fault : noted->faults) {
      if (!is_for_good(fault.problem)) return fail(failure::unavailable, fault.problem.text);
      refused.emplace(hashes[fault.index], std::string());
    }
  }
  return {};
}

}  // namespace cybexd::store::mongodb_archive
