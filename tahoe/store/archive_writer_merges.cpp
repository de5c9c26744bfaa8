// What a document that is there already gains when another archive is taken over.
#include <algorithm>

#include "tahoe/store/archive_rules.hpp"
#include "tahoe/store/archive_writer.hpp"

namespace cybexd::store {

using namespace archive_layout;
using tahoe::itype;

expected<void> archive_writer::merge(const document& d) {
  if (d.kind == itype::event) return merge_event(d, draft_.seen.at(d.hash).id);
  if (d.kind == itype::session) return merge_session(d);
  if (d.kind != itype::raw) return {};
  auto found = raw(draft_.seen.at(d.hash).id);
  if (!found) return fail(found.error());
  auto& draft = **found;
  auto again = archive_rules::fresh_raw(d, false);
  again.filters = d.filters;
  again.submissions = d.submissions;
  again.valid = d.valid;
  again.reason = d.reason;
  again.extra = d.extra;
  for (const auto& hash : d.ref) {  // those that are linked already would cause a write for nothing
    auto place = locate(hash);
    if (!place) return fail(place.error());
    const auto id = (*place)->id;
    const auto linked = std::lower_bound(draft.links.begin(), draft.links.end(), id,
                                         [](const link& l, local_id wanted) { return l.id < wanted; });
    if (id == 0 || linked == draft.links.end() || linked->id != id) again.ref.push_back(hash);
  }
  if (archive_rules::merge_raw(draft.d, again)) draft.changed = true;
  return {};
}

expected<void> archive_writer::merge_session(const document& d) {
  const auto parts = archive_rules::parts_of(d.data);
  std::vector<hash256> events;
  for (const auto& hash : d.ref) {
    if (std::binary_search(d.cref.begin(), d.cref.end(), hash)) continue;
    auto place = locate(hash);
    if (!place) return fail(place.error());
    const auto kind = (*place)->kind;
    const bool own = parts.attributes.contains(hash) || parts.objects.contains(hash);
    if (kind == itype::event || (!kind && !own)) events.push_back(hash);
  }
  return apply(d, events);
}

}  // namespace cybexd::store
