// Marks that differ only in what they refer to, which are nearly all: some dozen of them are one write, which
// costs the database half of what the same marks cost one by one.
#include <algorithm>
#include <array>
#include <iterator>

#include "tahoe/store/mongodb_lake.hpp"

namespace cybexd::store {

using namespace lake_document;

namespace {

using counts = std::array<std::uint64_t, 3>;  ///< archived, known, set aside

bson literal(const bson_list& list) { return bson().add("$literal", list); }
bson literal(std::uint64_t n) { return bson().add("$literal", n); }

bson expression(const char* name, const bson_list& arguments) { return bson().add(name, arguments); }

/// Each document finds its references at the place where its `_id` stands among those of all.
bson_list marking_each(const bson_list& ids, const bson_list& refs, const counts& n) {
  const auto place = expression("$indexOfArray", bson_list().push(literal(ids)).push("$_id"));
  const auto its_refs = expression("$arrayElemAt", bson_list().push(literal(refs)).push(place));
  bson set;
  set.add("processed", true)
      .add("_cybexd_archived", literal(n[0]))
      .add("_cybexd_known", literal(n[1]))
      .add("_cybexd_set_aside", literal(n[2]))
      .add("_ref", its_refs);
  return bson_list().push(bson().add("$set", set));
}

}  // namespace

/// Nothing is there that such a mark would have to mend or to take away.
bool mongodb_lake::marking_work::plain() const {
  constexpr std::size_t few = 100;
  return held && !overdue && entry.fresh && mark.state == entry_state::processed && mark.bad_lines.empty() &&
         !is_set_aside(mark) && !mark.refs.empty() && mark.refs.size() <= few;
}

/// Adds the writes for marks with the same counts; `statements` says which marks are in which write.
void mongodb_lake::add_alike(bulk_write& writes, const std::vector<const marking_work*>& works,
                             std::vector<std::vector<const marking_work*>>& statements) {
  constexpr std::size_t portion = 25;
  for (std::size_t at = 0; at < works.size(); at += portion) {
    auto& some = statements.emplace_back();
    bson_list ids, refs;
    for (std::size_t i = at; i < std::min(at + portion, works.size()); ++i) {
      some.push_back(works[i]);
      ids.push(works[i]->entry.id);
      refs.push(works[i]->parts.front().refs);
    }
    bson filter;
    filter.add("_id", bson().add("$in", ids)).add("_cybexd_archived", bson().add("$exists", false));
    const auto& mark = works[at]->mark;
    writes.update_many(filter, marking_each(ids, refs, {mark.archived, mark.known, mark.set_aside}));
  }
}

/// Writes those of `left` that are alike, and leaves in it what is still to be written one by one: the
/// others, and those that the server refused. True: every mark was applied.
expected<bool> mongodb_lake::mark_alike(std::vector<const marking_work*>& left) {
  std::map<counts, std::vector<const marking_work*>> groups;
  for (const auto* work : left)
    if (work->plain()) groups[{work->mark.archived, work->mark.known, work->mark.set_aside}].push_back(work);
  std::erase_if(left, [](const marking_work* work) { return work->plain(); });
  bulk_write first, second;
  std::vector<std::vector<const marking_work*>> statements;
  for (const auto& [same, works] : groups) add_alike(first, works, statements);
  auto written = entries_.write(std::move(first), "lake: mark");
  if (!written) return fail(written.error());
  for (const auto& fault : written->faults) {
    auto& some = statements.at(fault.index);
    std::move(some.begin(), some.end(), std::back_inserter(left));
    some.clear();
  }
  std::vector<const marking_work*> again;
  for (const auto& some : statements)
    for (const auto* work : some) {
      again.push_back(work);
      second.update_one(work->after_others(), marking(work->mark, work->parts.front(), 1, {}));
    }
  if (written->faults.empty() && written->matched == again.size()) return true;
  auto done = entries_.write(std::move(second), "lake: mark");
  if (!done) return fail(done.error());
  for (const auto& fault : done->faults) left.push_back(again.at(fault.index));
  return false;
}

}  // namespace cybexd::store
