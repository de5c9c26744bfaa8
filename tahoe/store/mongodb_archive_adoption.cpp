// What documents that are there already gain when another archive is taken over.
#include <algorithm>

#include "tahoe/store/archive_rules.hpp"
#include "tahoe/store/mongodb_archive_documents.hpp"
#include "tahoe/store/mongodb_archive_writer.hpp"

namespace cybexd::store::mongodb_archive {
namespace {

using tahoe::itype;

/// The events that joined a session: what is in its `_ref` and is no part of its own.
std::vector<hash256> members_of(const document& session) {
  const auto parts = archive_rules::parts_of(session.data);
  std::vector<hash256> members;
  for (const auto& hash : session.ref) {
    const bool direct = std::binary_search(session.cref.begin(), session.cref.end(), hash);
    if (!direct && !parts.attributes.contains(hash) && !parts.objects.contains(hash)) members.push_back(hash);
  }
  return members;
}

bool has(const std::vector<std::string>& filters, const std::string& id) {
  return std::find(filters.begin(), filters.end(), id) != filters.end();
}

/// What a raw record that is stored as `now` gains from `again`, a submission at a time.
class raw_changes {
 public:
  raw_changes(const document& now, const document& again) : now_(now), again_(again) {}

  std::vector<change> all() {
    submission(again_.orgid, again_.timezone, again_.filters);
    for (const auto& s : again_.submissions) submission(s.orgid, s.timezone, s.filters);
    std::vector<hash256> more;
    std::set_difference(again_.ref.begin(), again_.ref.end(), now_.ref.begin(), now_.ref.end(),
                        std::back_inserter(more));
    if (!more.empty()) {
      const auto added = bson().add("_ref", bson().add("$each", hex_list(more)));
      changes_.push_back({by_hash(again_.hash), bson().add("$addToSet", added)});
    }
    if (!any_ran_ && again_.valid == false && now_.valid != false)
      changes_.push_back(note_useless(again_.hash, again_.reason));
    for (const auto& [orgid, when] : archive_rules::first_runs_of(again_)) {
      const auto who = orgid == now_.orgid ? submitter::first : submitter::later;
      if (!archive_rules::first_run_of(now_, orgid))
        changes_.push_back(note_first_run(again_.hash, orgid, when, who));
    }
    return std::move(changes_);
  }

 private:
  void submission(const std::string& orgid, const std::string& timezone,
                  const std::vector<std::string>& filters) {
    auto who = submitter::first;
    const auto* known = &now_.filters;
    static const std::vector<std::string> none;
    if (orgid != now_.orgid) {
      const auto later = std::find_if(now_.submissions.begin(), now_.submissions.end(),
                                      [&](const auto& s) { return s.orgid == orgid; });
      who = submitter::later;
      known = later == now_.submissions.end() ? &none : &later->filters;
      if (later == now_.submissions.end()) changes_.push_back(note_submitter(again_.hash, orgid, timezone));
    }
    any_ran_ = any_ran_ || !known->empty() || !filters.empty();
    for (const auto& id : filters)
      if (!has(*known, id)) changes_.push_back(note_run(again_.hash, {orgid, timezone, id, {}}, who));
  }

  const document& now_;
  const document& again_;
  std::vector<change> changes_;
  bool any_ran_ = false;
};

}  // namespace

expected<std::vector<import_result>> writer::adopt(std::span<const document> documents) {
  auto results = import(documents);
  if (!results) return results;
  std::vector<hash256> raws;
  for (std::size_t i = 0; i < documents.size(); ++i)
    if (documents[i].kind == itype::raw && !(*results)[i].refused && !(*results)[i].stored)
      raws.push_back(documents[i].hash);
  archive_rules::normalise(raws);
  if (auto read = read_raws(raws); !read) return fail(read.error());
  std::vector<change> changes;
  std::vector<std::size_t> of;
  std::vector<const document*> sessions;
  for (std::size_t i = 0; i < documents.size(); ++i) {
    const auto& d = documents[i];
    if ((*results)[i].refused || (*results)[i].stored) continue;
    if (d.kind == itype::session) sessions.push_back(&d);
    auto some = gained(d);
    if (!some) return fail(some.error());
    of.insert(of.end(), some->size(), i);
    std::move(some->begin(), some->end(), std::back_inserter(changes));
  }
  auto done = send(changes, "archive: adopt");
  if (!done) return fail(done.error());
  for (const auto& fault : done->faults) {
    if (!is_for_good(fault.problem)) return fail(failure::unavailable, fault.problem.text);
    (*results)[of[fault.index]].refused = fault.problem;
  }
  if (auto widened = widen_times(std::move(sessions), {}); !widened) return fail(widened.error());
  return results;
}

expected<void> writer::settle(std::span<const document> together) {
  std::vector<change> changes;
  for (const auto& d : together) {
    auto notes = note_in_doubles(d);
    std::move(notes.begin(), notes.end(), std::back_inserter(changes));
  }
  auto done = send(changes, "archive: settle doubles");
  if (!done) return fail(done.error());
  return {};
}

expected<std::vector<change>> writer::gained(const document& d) const {
  if (d.kind == itype::event) return merge_event(d);
  if (d.kind == itype::session) {
    auto join = join_session(d, members_of(d));
    if (!join) return fail(join.error());
    return std::vector<change>{std::move(*join)};
  }
  const auto stored = stored_.find(d.hash);
  if (d.kind != itype::raw || stored == stored_.end()) return std::vector<change>();
  return raw_changes(stored->second.d, d).all();
}

}  // namespace cybexd::store::mongodb_archive
