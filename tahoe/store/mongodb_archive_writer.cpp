#include "tahoe/store/mongodb_archive_writer.hpp"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "crypto/clipped.hpp"
#include "tahoe/store/archive_rules.hpp"
#include "tahoe/store/mongodb_archive_documents.hpp"

namespace cybexd::store::mongodb_archive {
namespace {

using tahoe::itype;

constexpr int most_passes = 7;

std::vector<hash256> raw_hashes(std::span<const record_write> records) {
  std::vector<hash256> hashes;
  for (const auto& record : records) hashes.push_back(record.raw.hash);
  archive_rules::normalise(hashes);
  return hashes;
}

/// Of a document, after its name.
std::string why_refused(const error& fault) {
  if (fault.kind == failure::too_large) return " would pass what MongoDB keeps in one document";
  return " is refused by MongoDB: " + clipped(fault.text, 300);
}

expected<bson> encode(const planned_raw& raw) {
  auto whole = raw.d;
  whole.data = *raw.data;
  return to_stored(whole);
}

}  // namespace

expected<std::vector<import_result>> writer::import(std::span<const document> documents) {
  std::vector<import_result> results(documents.size());
  std::unordered_set<hash256> known;
  std::vector<bson> encoded;
  std::vector<std::size_t> indexes;
  for (std::size_t i = 0; i < documents.size(); ++i) {
    results[i].refused = archive_rules::why_refused(documents[i]);
    if (results[i].refused || known.contains(documents[i].hash)) continue;
    auto stored = to_stored(documents[i]);
    if (!stored) {
      results[i].refused = stored.error();
      continue;
    }
    known.insert(documents[i].hash);
    encoded.push_back(std::move(*stored));
    indexes.push_back(i);
  }
  std::vector<const bson*> put;
  for (const auto& d : encoded) put.push_back(&d);
  auto done = put_absent(put, "archive: import");
  if (!done) return fail(done.error());
  for (std::size_t i = 0; i < put.size(); ++i) results[indexes[i]].stored = done->made[i] != 0;
  for (const auto& fault : done->faults) {
    if (!is_for_good(fault.problem)) return fail(failure::unavailable, fault.problem.text);
    results[indexes[fault.index]].refused = fault.problem;
  }
  return results;
}

expected<std::vector<record_result>> writer::write(std::span<const record_write> records) {
  if (auto read = read_raws(raw_hashes(records)); !read) return fail(read.error());
  std::vector<record_result> results;
  bool sessions_are_asked = false, parts_are_there = false;
  for (int pass = 0; pass < most_passes; ++pass) {
    auto plan = make_plan(records, stored_, refused_);
    if (!plan) return fail(plan.error());
    if (!plan->claims.empty()) {
      if (auto claimed = claim(records, *plan); !claimed) return fail(claimed.error());
      continue;
    }
    if (results.empty()) results = plan->results;
    if (!std::exchange(sessions_are_asked, true)) {
      if (auto asked = ask_sessions(*plan); !asked) return fail(asked.error());
      if (!refused_.empty()) continue;
    }
    if (!parts_are_there) {
      if (auto put = put_parts(*plan); !put) return fail(put.error());
      parts_are_there = true;
      if (!refused_.empty()) continue;
    }
    auto met = put_raws(*plan);
    if (!met) return fail(met.error());
    if (met->empty()) return results;
    // What the others made meanwhile decides for their records.
    auto again = make_plan(records, stored_, refused_);
    if (!again) return fail(again.error());
    for (const auto* raw : *met)
      for (const auto i : raw->records) results[i] = again->results[i];
  }
  return fail(failure::unavailable, "archive: write: other servers write the same records; try again");
}

expected<void> writer::read_raws(std::span<const hash256> hashes) {
  if (hashes.empty()) return {};
  find_options how;
  how.projection.add("data", 0);
  how.batch = 10'000;
  std::unordered_set<hash256> seen;
  expected<void> result;
  auto filter = by_hashes(hashes);
  auto found = documents_.find(filter, how, "archive: read raw records", [&](const bson_view& stored) {
    auto d = from_stored(stored);
    if (!d) {
      result = fail(d.error());
      return false;
    }
    auto& known = stored_[d->hash];
    known.doubled = !seen.insert(d->hash).second;
    if (known.doubled)
      join_double(known.d, *d);
    else
      known.d = std::move(*d);
    return true;
  });
  if (!found) return found;
  return result;
}

expected<void> writer::put_parts(const archive_plan& plan) {
  std::vector<const bson*> documents;
  std::vector<hash256> hashes;
  for (const auto& part : plan.parts) {
    documents.push_back(&part.stored);
    hashes.push_back(part.hash);
  }
  auto put = put_absent(documents, "archive: write documents");
  if (!put) return fail(put.error());
  if (auto known = refuse(*put, hashes); !known) return known;
  std::vector<change> merges;
  std::vector<hash256> merged;
  for (std::size_t i = 0; i < plan.parts.size(); ++i) {
    if (put->made[i] || !plan.parts[i].event) continue;
    for (auto& one : merge_event(*plan.parts[i].event)) {
      merges.push_back(std::move(one));
      merged.push_back(plan.parts[i].hash);
    }
  }
  return put_sessions(plan, std::move(merges), std::move(merged));
}

/// What MongoDB refuses for good is remembered; any other fault means that the whole is tried again.
expected<void> writer::refuse(const sent& done, const std::vector<hash256>& hashes) {
  for (const auto& fault : done.faults) {
    if (!is_for_good(fault.problem)) return fail(failure::unavailable, fault.problem.text);
    const auto& hash = hashes[fault.index];
    refused_.emplace(hash, "the document " + crypto::to_hex(hash) + why_refused(fault.problem));
  }
  return {};
}

expected<std::vector<const planned_raw*>> writer::put_raws(const archive_plan& plan) {
  std::vector<const planned_raw*> fresh, stored;
  for (const auto& raw : plan.raws) (raw.stored ? stored : fresh).push_back(&raw);
  if (auto changed = change_raws(stored); !changed) return fail(changed.error());
  auto met = insert_raws(fresh);
  if (!met) return met;
  std::vector<hash256> hashes;
  for (const auto* raw : *met) hashes.push_back(raw->d.hash);
  if (auto read = read_raws(hashes); !read) return fail(read.error());
  return met;
}

expected<std::vector<const planned_raw*>> writer::insert_raws(const std::vector<const planned_raw*>& fresh) {
  std::vector<bson> encoded;
  for (const auto* raw : fresh) {
    auto stored = encode(*raw);
    if (!stored) return fail(stored.error());
    encoded.push_back(std::move(*stored));
  }
  auto put = put_all(encoded, "archive: write raw records");
  if (!put) return fail(put.error());
  std::vector<const planned_raw*> met;
  for (std::size_t i = 0; i < fresh.size(); ++i) {
    if (put->made[i])
      stored_[fresh[i]->d.hash] = {fresh[i]->d, true};
    else
      met.push_back(fresh[i]);
  }
  return met;
}

expected<void> writer::change_raws(const std::vector<const planned_raw*>& stored) {
  // Where doubles are stored, one of them is to change.
  const auto alike = [&](const planned_raw* raw) {
    return unique_ && raw->changes.size() == 1 && raw->changes.front().alike;
  };
  std::vector<const first_note*> notes;
  for (const auto* raw : stored)
    if (alike(raw)) notes.push_back(&*raw->changes.front().alike);
  auto noted = send_alike(notes);
  if (!noted) return fail(noted.error());
  std::vector<change> changes;
  std::vector<hash256> hashes;
  for (const auto* raw : stored) {
    const bool there = *noted && alike(raw);
    for (const auto& one : raw->changes) {
      if (there) break;
      changes.push_back(one);
      hashes.push_back(raw->d.hash);
    }
    stored_[raw->d.hash].d = raw->d;
  }
  auto done = send(changes, "archive: change raw records");
  if (!done) return fail(done.error());
  std::map<hash256, std::string> refused;
  for (const auto& fault : done->faults) {
    if (!is_for_good(fault.problem)) return fail(failure::unavailable, fault.problem.text);
    refused.emplace(hashes[fault.index], "what its filter makes" + why_refused(fault.problem));
  }
  return give_up(std::move(refused));
}

}  // namespace cybexd::store::mongodb_archive
