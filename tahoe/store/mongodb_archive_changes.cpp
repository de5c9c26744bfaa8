#include "tahoe/store/mongodb_archive_changes.hpp"

#include "tahoe/store/archive_rules.hpp"
#include "tahoe/store/mongodb_archive_documents.hpp"

namespace cybexd::store::mongodb_archive {
namespace {

using tahoe::category;
using tahoe::value;

bson each(const std::vector<hash256>& hashes) { return bson().add("$each", hex_list(hashes)); }

bson exists(bool there) { return bson().add("$exists", there); }

/// Documents of the hash for which one of the conditions holds.
bson any_of(const hash256& hash, const bson_list& conditions) { return by_hash(hash).add("$or", conditions); }

/// Conditions under which a stored field comes before `v` in the order of times: numbers by value, then
/// texts, then the rest (`archive_rules::merge_times`); or is not there.
expected<bson_list> absent_or_less(std::string_view field, const value& v) {
  bson_list conditions;
  conditions.push(bson().add(field, exists(false)));
  double room = 0;
  const bool is_number = v.number(room) != nullptr, is_text = v.text() != nullptr;
  // A comparison in a filter holds within one type only.
  if (!is_number) conditions.push(bson().add(field, bson().add("$type", "number")));
  if (!is_number && !is_text) conditions.push(bson().add(field, bson().add("$type", "string")));
  if (is_number || is_text) {
    bson less;
    if (auto added = less.add_value("$lt", v); !added) return fail(added.error());
    conditions.push(bson().add(field, less));
  }
  return conditions;
}

/// Those under which `v` comes before the stored field; or that is not there.
expected<bson_list> absent_or_more(std::string_view field, const value& v) {
  bson_list conditions;
  double room = 0;
  const bool is_number = v.number(room) != nullptr, is_text = v.text() != nullptr;
  if (is_number || is_text) {
    bson more;
    if (auto added = more.add_value("$gt", v); !added) return fail(added.error());
    conditions.push(bson().add(field, more));
    bson_list before;  // kinds that never come after `v`; what is not there is none of them
    before.push("number");
    if (is_text) before.push("string");
    conditions.push(bson().add(field, bson().add("$not", bson().add("$type", before))));
  } else {
    conditions.push(bson().add(field, exists(false)));
  }
  return conditions;
}

expected<bson> set_field(std::string_view field, const value& v) {
  bson set;
  if (auto added = set.add_value(field, v); !added) return fail(added.error());
  return bson().add("$set", set);
}

/// The later end, with its duration, which may be none.
expected<change> later_end(const document& again) {
  auto when = absent_or_less("end_time", *again.end_time);
  if (!when) return fail(when.error());
  bson set;
  if (auto added = set.add_value("end_time", *again.end_time); !added) return fail(added.error());
  if (again.duration)
    if (auto added = set.add_value("duration", *again.duration); !added) return fail(added.error());
  bson update = bson().add("$set", set);
  if (!again.duration) update.add("$unset", bson().add("duration", ""));
  return change{any_of(again.hash, *when), update};
}

/// The longer duration of the same end, or of none.
expected<change> longer_duration(const document& again) {
  auto when = absent_or_less("duration", *again.duration);
  if (!when) return fail(when.error());
  auto filter = any_of(again.hash, *when);
  if (again.end_time) {
    bson same;
    if (auto added = same.add_value("$eq", *again.end_time); !added) return fail(added.error());
    filter.add("end_time", same);
  } else {
    filter.add("end_time", exists(false));
  }
  auto update = set_field("duration", *again.duration);
  if (!update) return fail(update.error());
  return change{filter, *update};
}

bson submission(const std::string& orgid, const std::string& timezone, const bson_list& filters) {
  return bson().add("orgid", orgid).add("filters", filters).add("timezone", timezone);
}

/// A raw record that the organisation has not submitted.
bson not_of(const hash256& raw, const std::string& orgid) {
  const auto other = bson().add("$ne", orgid);
  return by_hash(raw).add("orgid", other).add("_cybexd_orgs.orgid", other);
}

bson with_made(bson update, const std::vector<hash256>& made) {
  return update.add("$addToSet", bson().add("_ref", each(made)))
      .add("$unset", bson().add("_valid", "").add("_cybexd_reason", ""));
}

}  // namespace

std::vector<change> merge_event(const document& again) {
  std::vector<change> changes;
  if (again.category != category::unknown) {
    bson_list grave;
    grave.push(tahoe::to_string(category::malicious));
    if (again.category == category::benign) grave.push(tahoe::to_string(category::benign));
    changes.push_back({by_hash(again.hash).add("category", bson().add("$nin", grave)),
                       bson().add("$set", bson().add("category", tahoe::to_string(again.category)))});
  }
  if (!again.mal_ref.empty())
    changes.push_back(
        {by_hash(again.hash),
         bson()
             .add("$addToSet", bson().add("_mal_ref", each(again.mal_ref)))
             .add("$pull", bson().add("_ben_ref", bson().add("$in", hex_list(again.mal_ref))))});
  for (const auto& part : again.ben_ref)
    changes.push_back({by_hash(again.hash).add("_mal_ref", bson().add("$ne", crypto::to_hex(part))),
                       bson().add("$addToSet", bson().add("_ben_ref", crypto::to_hex(part)))});
  return changes;
}

expected<change> join_session(const document& session, const std::vector<hash256>& members) {
  auto json = tahoe::to_value(session);
  for (const auto* key : {"_hash", "_ref"}) json.erase(key);
  auto made = bson::from(json);
  if (!made) return fail(made.error());
  auto all = session.ref;
  all.insert(all.end(), members.begin(), members.end());
  archive_rules::normalise(all);
  return change{by_hash(session.hash),
                bson().add("$addToSet", bson().add("_ref", each(all))).add("$setOnInsert", *made), true};
}

expected<std::vector<change>> merge_times(const document& again) {
  std::vector<change> changes;
  if (again.start_time) {
    auto when = absent_or_more("start_time", *again.start_time);
    if (!when) return fail(when.error());
    auto update = set_field("start_time", *again.start_time);
    if (!update) return fail(update.error());
    changes.push_back({any_of(again.hash, *when), *update});
  }
  if (again.end_time) {
    auto later = later_end(again);
    if (!later) return fail(later.error());
    changes.push_back(std::move(*later));
  }
  if (again.duration) {
    auto longer = longer_duration(again);
    if (!longer) return fail(longer.error());
    changes.push_back(std::move(*longer));
  }
  return changes;
}

change note_run(const hash256& raw, const raw_run& run, submitter who) {
  const auto not_run = bson().add("$ne", run.filter_id);
  if (who == submitter::first)
    return {by_hash(raw).add("orgid", run.orgid).add("filters", not_run),
            with_made(bson().add("$push", bson().add("filters", run.filter_id)), run.made)};
  if (who == submitter::later) {
    const auto submitted = bson().add("orgid", run.orgid).add("filters", not_run);
    return {by_hash(raw).add("_cybexd_orgs", bson().add("$elemMatch", submitted)),
            with_made(bson().add("$push", bson().add("_cybexd_orgs.$.filters", run.filter_id)), run.made)};
  }
  bson_list ran;
  ran.push(run.filter_id);
  const auto fresh = submission(run.orgid, run.timezone, ran);
  return {not_of(raw, run.orgid),
          with_made(bson().add("$push", bson().add("_cybexd_orgs", fresh)), run.made)};
}

alike_change note_alike(std::span<const first_note* const> notes) {
  bson_list hashes, refs, ran;
  for (const auto* note : notes) {
    hashes.push(crypto::to_hex(note->raw));
    refs.push(hex_list(note->made));
  }
  ran.push(notes.front()->filter_id);
  const auto literal = [](const bson_list& list) { return bson().add("$literal", list); };
  const auto nothing = bson().add("$size", 0);
  // Each finds what was made of it at the place where its hash stands among all.
  const auto place = bson().add("$indexOfArray", bson_list().push(literal(hashes)).push("$_hash"));
  bson set;
  set.add("filters", literal(ran))
      .add("_ref", bson().add("$arrayElemAt", bson_list().push(literal(refs)).push(place)));
  alike_change all;
  all.filter.add("_hash", bson().add("$in", hashes))
      .add("orgid", notes.front()->orgid)
      .add("filters", nothing)
      .add("_ref", nothing)
      .add("_valid", bson().add("$ne", false));
  all.stages.push(bson().add("$set", set));
  return all;
}

change note_useless(const hash256& raw, const std::string& reason) {
  bson set;
  set.add("_valid", false);
  if (!reason.empty()) set.add("_cybexd_reason", reason);
  return {by_hash(raw).add("_valid", bson().add("$ne", false)), bson().add("$set", set)};
}

change note_submitter(const hash256& raw, const std::string& orgid, const std::string& timezone) {
  return {not_of(raw, orgid),
          bson().add("$push", bson().add("_cybexd_orgs", submission(orgid, timezone, {})))};
}

change note_first_run(const hash256& raw, const std::string& orgid, double first_run, submitter who) {
  const auto number = bson().add("$type", "number");
  if (who == submitter::first)
    return {by_hash(raw).add("_cybexd_first_run", bson().add("$not", number)),
            bson().add("$set", bson().add("_cybexd_first_run", first_run))};
  const auto noted = bson().add("$elemMatch", bson().add("orgid", orgid).add("first_run", number));
  const auto run = bson().add("orgid", orgid).add("first_run", first_run);
  return {by_hash(raw).add("_cybexd_first_runs", bson().add("$not", noted)),
          bson().add("$push", bson().add("_cybexd_first_runs", run))};
}

}  // namespace cybexd::store::mongodb_archive
