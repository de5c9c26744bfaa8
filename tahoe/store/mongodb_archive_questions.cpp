#include "tahoe/store/mongodb_archive_questions.hpp"

#include <limits>

#include "tahoe/store/mongodb_archive_documents.hpp"

namespace cybexd::store::mongodb_archive {
namespace {

constexpr double endless = std::numeric_limits<double>::infinity();

/// A range that every number is in keeps documents without a time out of the index's range.
bson times(double from, double to) {
  bson range;
  range.add("$gte", from);
  if (to < endless) range.add("$lte", to);
  return range;
}

bson& add_visible(bson& filter, const visibility& who) {
  filter.add("itype", "event");
  if (who.everything) return filter;
  bson_list orgs;
  for (const auto& orgid : who.orgids) orgs.push(orgid);
  return filter.add("orgid", bson().add("$in", orgs));
}

bson any_ref(std::span<const hash256> hashes) {
  if (hashes.size() == 1) return bson().add("_ref", crypto::to_hex(hashes.front()));
  return bson().add("_ref", bson().add("$in", hex_list(hashes)));
}

}  // namespace

bool sees_nothing(const visibility& who) { return !who.everything && who.orgids.empty(); }

bool holds_nothing(const event_filter& filter) {
  return !(filter.from <= filter.to) || sees_nothing(filter.who);
}

bson events_with(const hash256& attribute, const event_filter& filter) {
  const auto hex = crypto::to_hex(attribute);
  const auto other = bson().add("$ne", hex);
  bson asked;
  asked.add("_ref", hex).add("timestamp", times(filter.from, filter.to));
  add_visible(asked, filter.who);
  if (filter.category) asked.add("category", tahoe::to_string(*filter.category));
  switch (filter.context) {
    case context_filter::all:
      break;
    case context_filter::malicious:
      asked.add("_mal_ref", hex);
      break;
    case context_filter::benign:
      asked.add("_ben_ref", hex).add("_mal_ref", other);
      break;
    case context_filter::unknown:
      asked.add("_ben_ref", other).add("_mal_ref", other);
      break;
  }
  return asked;
}

bson events_with_any(std::span<const hash256> attributes, const visibility& who) {
  auto asked = any_ref(attributes);
  asked.add("timestamp", times(-endless, endless));
  return add_visible(asked, who);
}

bson events_among(std::span<const hash256> hashes, const visibility& who) {
  auto asked = by_hashes(hashes);
  return add_visible(asked, who);
}

bson events_of(const visibility& who) {
  bson asked;
  return add_visible(asked, who);
}

bson sessions_with_any(std::span<const hash256> events) { return any_ref(events).add("itype", "session"); }

bson_list stages(std::initializer_list<bson> all) {
  bson_list list;
  for (const auto& one : all) list.push(one);
  return list;
}

bson newest_first() { return bson().add("timestamp", -1); }

bson newest_first_by_hash() { return bson().add("timestamp", -1).add("_hash", 1); }

}  // namespace cybexd::store::mongodb_archive
