// Claims of first runs: what decides the time of events is stored before them.
#include "tahoe/store/archive_rules.hpp"
#include "tahoe/store/mongodb_archive_documents.hpp"
#include "tahoe/store/mongodb_archive_writer.hpp"

namespace cybexd::store::mongodb_archive {

/// Fixes when the filters first ran on records whose product depends on it, before anything is made of that:
/// a crash that comes later must not lead to another time.
expected<void> writer::claim(std::span<const record_write> records, const archive_plan& plan) {
  std::unordered_map<std::size_t, const planned_raw*> raws;
  for (const auto& raw : plan.raws)
    for (const auto i : raw.records) raws[i] = &raw;
  std::map<hash256, document> fresh;
  std::vector<hash256> claimed, changed;
  std::vector<change> changes;
  for (const auto& c : plan.claims) {
    const auto& raw = *raws.at(c.record);
    const auto& orgid = records[c.record].raw.orgid;
    claimed.push_back(raw.d.hash);
    if (raw.stored) {
      const auto who = orgid == raw.d.orgid ? submitter::first : submitter::later;
      changes.push_back(note_first_run(raw.d.hash, orgid, c.first_run, who));
      changed.push_back(raw.d.hash);
      continue;
    }
    const auto made =
        fresh.try_emplace(raw.d.hash, archive_rules::fresh_raw(records[raw.records.front()].raw));
    archive_rules::note_first_run(made.first->second, orgid, c.first_run);
  }
  archive_rules::normalise(claimed);
  auto made = put_claimed(fresh);
  if (!made) return fail(made.error());
  auto done = send(changes, "archive: claim the first run");
  if (!done) return fail(done.error());
  if (auto refused = refuse(*done, changed); !refused) return refused;
  if (auto read = read_raws(claimed); !read) return read;
  for (const auto& hash : *made) stored_[hash].made_now = true;
  return {};
}

/// Those that were not there yet.
expected<std::vector<hash256>> writer::put_claimed(const std::map<hash256, document>& fresh) {
  std::vector<bson> encoded;
  for (const auto& [hash, d] : fresh) {
    auto stored = to_stored(d);
    if (!stored) return fail(stored.error());
    encoded.push_back(std::move(*stored));
  }
  auto put = put_all(encoded, "archive: claim the first run");
  if (!put) return fail(put.error());
  std::vector<hash256> made;
  std::size_t n = 0;
  for (const auto& [hash, d] : fresh)
    if (put->made[n++]) made.push_back(hash);
  return made;
}

}  // namespace cybexd::store::mongodb_archive
