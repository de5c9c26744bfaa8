#include "tahoe/store/archive_check.hpp"

#include <algorithm>
#include <map>

#include "tahoe/store/archive_rules.hpp"

namespace cybexd::store {

using namespace archive_layout;
using tahoe::itype;

namespace {

std::string named(std::string_view what, local_id id) {
  return std::string(what) + " number " + std::to_string(id);
}

std::string class_row(std::uint64_t packed) {
  std::string row;
  put_varint(row, packed);
  return row;
}

bool same_counts(const std::vector<class_count>& a, const std::vector<class_count>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const auto& x, const auto& y) { return x.packed == y.packed && x.count == y.count; });
}

std::vector<class_count> listed(const std::map<std::uint64_t, std::uint64_t>& sums) {
  std::vector<class_count> all;
  for (const auto& [packed, count] : sums) all.push_back({packed, count});
  return all;
}

/// Calls `visit` for each row, and stops at the first error that it gives.
template <class F>
expected<void> for_each(archive_reader& from, family f, F visit) {
  expected<void> result;
  auto seen = from.scan_all(f, [&](std::string_view key, std::string_view row) {
    result = visit(key, row);
    return result.has_value();
  });
  return seen ? result : seen;
}

}  // namespace

expected<void> archive_check::run() {
  for (const auto part : {&archive_check::documents, &archive_check::events, &archive_check::trees,
                          &archive_check::sessions, &archive_check::unfiltered}) {
    if (auto done = (this->*part)(); !done) return done;
  }
  return {};
}

expected<void> archive_check::tell(std::string_view what, std::uint64_t done, std::uint64_t total) {
  return listener_.tell(what, done, total);
}

expected<void> archive_check::look_for(family f, std::string_view key, std::string_view row,
                                       const std::string& what) {
  auto found = from_.get(f, key);
  if (!found) return fail(found.error());
  if (!*found) listener_.complain(what + " is missing");
  if (*found && **found != row) listener_.complain(what + " differs");
  return {};
}

expected<counters> archive_check::stored_counters() {
  auto row = from_.get(family::archive_meta, "c");
  if (!row) return fail(row.error());
  return *row ? decode_counters(**row) : expected<counters>(counters{});
}

expected<void> archive_check::documents() {
  const auto stored = stored_counters();
  if (!stored) return fail(stored.error());
  about_documents_ = stored->next_id - 1;
  auto done = for_each(from_, family::archive_docs, [&](std::string_view key, std::string_view row) {
    return key.size() == 8 ? document(number_at(key), row) : expected<void>();
  });
  if (!done) return done;
  std::uint64_t there = 0;
  done = for_each(from_, family::archive_ids, [&](std::string_view, std::string_view row) -> expected<void> {
    std::uint64_t id = 0;
    while (!row.empty() && get_varint(row, id)) ++there;
    return tell("entries of hashes", there, hashes_);
  });
  if (done && there != hashes_)
    listener_.complain("the index of hashes holds " + std::to_string(there) + " entries instead of " +
                       std::to_string(hashes_));
  return done;
}

expected<void> archive_check::document(local_id id, std::string_view row) {
  auto decoded = decode_document(row);
  if (!decoded) return fail(decoded.error());
  if (auto going = tell("index of hashes", ++hashes_, about_documents_); !going) return going;
  const auto name = "document " + crypto::to_hex(decoded->hash);
  auto place = from_.find(decoded->hash);
  if (!place) return fail(place.error());
  if (place->id != id) listener_.complain(name + ": the index of hashes does not name it");
  if (decoded->kind == itype::event) {
    ++events_;
    auto facts = from_.get(family::archive_events, number_key(id));
    if (!facts) return fail(facts.error());
    if (!*facts) listener_.complain(name + ": its event row is missing");
  }
  if (decoded->kind != itype::raw) return {};
  auto& raw = decoded->bare;
  raw.orgid = std::to_string(decoded->org);
  for (const auto& s : decoded->submissions)
    raw.submissions.push_back({std::to_string(s.org), s.timezone, s.filters});
  for (const auto& [org, timezone] : archive_rules::awaiting(raw)) {
    ++unfiltered_;
    auto key = "u" + raw.sub_type;
    key.push_back('\0');
    put_number(key, id);
    put_varint(key, std::stoull(org));
    if (auto done = look_for(family::archive_meta, key, {}, name + ": its entry among the unfiltered"); !done)
      return done;
  }
  return look_for(family::archive_meta, "s" + raw.sub_type, {}, name + ": its entry among the sub_types");
}

expected<void> archive_check::events() {
  std::uint64_t there = 0;
  auto done = for_each(from_, family::archive_events,
                       [&](std::string_view key, std::string_view bytes) -> expected<void> {
                         if (auto going = tell("index of events", ++there, events_); !going) return going;
                         auto row = decode_event(bytes);
                         if (!row) return fail(row.error());
                         return event(number_at(key), *row);
                       });
  if (!done) return done;
  if (there != events_)
    listener_.complain("there are " + std::to_string(there) + " event rows for " + std::to_string(events_) +
                       " events");
  std::uint64_t postings = 0;
  done = for_each(from_, family::archive_postings, [&](std::string_view, std::string_view) {
    return tell("index of attributes", ++postings, postings_);
  });
  if (done && postings != postings_)
    listener_.complain("the index of attributes holds " + std::to_string(postings) + " entries instead of " +
                       std::to_string(postings_));
  return done;
}

expected<void> archive_check::event(local_id id, const event_row& row) {
  auto hash = from_.hash_of(id);
  if (!hash) return fail(hash.error());
  const auto name = "event " + crypto::to_hex(*hash);
  const position at(row.timestamp, *hash);
  for (const auto& part : row.parts) {
    auto bytes = from_.document_row(part.id);
    if (!bytes) return fail(bytes.error());
    auto head = peek_document(*bytes);
    if (!head) return fail(head.error());
    if (head->kind && part.attribute != (head->kind == itype::attribute))
      listener_.complain(name + ": a part is taken for what it is not");
    if (!part.attribute) continue;
    ++postings_;
    const auto packed = event_class{row.org, static_cast<std::uint8_t>(row.category), part.context}.packed();
    if (auto done = look_for(family::archive_postings, posting_key(part.id, at, id), class_row(packed),
                             name + ": its index entry under " + crypto::to_hex(head->hash));
        !done) {
      return done;
    }
  }
  return {};
}

expected<void> archive_check::trees() {
  auto done =
      for_each(from_, family::archive_buckets, [&](std::string_view key, std::string_view) -> expected<void> {
        if (auto going = tell("index of counts", ++rows_of_counts_, 0); !going) return going;
        constexpr std::size_t root_size = 9;
        return key.size() == root_size && key.back() == 0 ? tree(number_at(key), 0, {}, nullptr)
                                                          : expected<void>();
      });
  if (done && rows_of_counts_ != nodes_)
    listener_.complain("there are " + std::to_string(rows_of_counts_) + " rows of counts instead of " +
                       std::to_string(nodes_));
  return done;
}

expected<void> archive_check::tree(local_id attribute, std::size_t depth, const position& prefix,
                                   const bucket* above) {
  stored_index index(from_, attribute);
  auto node = index.node(depth, prefix);
  if (!node) return fail(node.error());
  if (!*node) {
    listener_.complain(named("attribute", attribute) + ": counts are missing");
    return {};
  }
  if (auto going = tell("index of counts", rows_of_counts_, 0); !going) return going;
  ++nodes_;
  std::map<std::uint64_t, std::uint64_t> sums;
  for (const auto& b : (*node)->buckets) {
    for (const auto& c : b.counts) sums[c.packed] += c.count;
    const auto [low, high] = archive_tree::bounds(prefix, depth, b.digit);
    if (b.split) {
      if (auto done = tree(attribute, depth + 1, low, &b); !done) return done;
      continue;
    }
    std::map<std::uint64_t, std::uint64_t> counted;
    auto seen = index.postings(
        low, high, [&](const position&, local_id, std::uint64_t packed) { return ++counted[packed] > 0; });
    if (!seen) return seen;
    if (!same_counts(b.counts, listed(counted)))
      listener_.complain(named("attribute", attribute) + ": counts differ from the index");
  }
  if (above && !same_counts(above->counts, listed(sums)))
    listener_.complain(named("attribute", attribute) + ": counts differ from those below");
  return {};
}

expected<void> archive_check::sessions() {
  std::uint64_t back = 0;
  auto done = for_each(from_, family::archive_sessions,
                       [&](std::string_view key, std::string_view) -> expected<void> {
                         if (key.front() == 'm') return member(key);
                         if (key.front() == 'e') return tell("sessions of events", ++back, 0);
                         return {};
                       });
  if (done && back != memberships_)
    listener_.complain("there are " + std::to_string(back) + " entries from events to sessions instead of " +
                       std::to_string(memberships_));
  return done;
}

expected<void> archive_check::member(std::string_view key) {
  if (auto going = tell("index of sessions", ++memberships_, 0); !going) return going;
  const auto session = number_at(key, 1), id = number_at(key, key.size() - 8);
  auto row = from_.event(id);
  if (!row) return fail(row.error());
  auto hash = from_.hash_of(id);
  if (!hash) return fail(hash.error());
  if (position_at(key, 9) != position(row->timestamp, *hash))
    listener_.complain("event " + crypto::to_hex(*hash) + ": stands in a session at the wrong time");
  return look_for(family::archive_sessions, tagged_key('e', id) + number_key(session), {},
                  "event " + crypto::to_hex(*hash) + ": its entry for a session");
}

expected<void> archive_check::unfiltered() {
  std::uint64_t there = 0;
  auto done = from_.scan(family::archive_meta, "u", "u",
                         [&](std::string_view, std::string_view) { return ++there > 0; });
  if (!done) return done;
  if (there != unfiltered_)
    listener_.complain(std::to_string(there) + " raw records are listed as unfiltered instead of " +
                       std::to_string(unfiltered_));
  const auto counts = stored_counters();
  if (!counts) return fail(counts.error());
  if (counts->unfiltered != there) listener_.complain("the number of unfiltered raw records is wrong");
  return {};
}

}  // namespace cybexd::store
