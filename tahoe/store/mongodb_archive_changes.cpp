#include "tahoe/store/mongodb_archive_changes.hpp"

#include "tahoe/canonical.hpp"
#include "tahoe/store/archive_rules.hpp"
#include "tahoe/store/mongodb_archive_documents.hpp"

namespace cybexd::store::mongodb_archive {
namespace {

using tahoe::category;
using tahoe::value;

bson each(const std::vector<hash256>& hashes) { return bson().add("$each", hex_list(hashes)); }

bson submission(const std::string& orgid, const std::string& timezone, const bson_list& filters) {
  return bson().add("orgid", orgid).add("filters", filters).add("timezone", timezone);
}

/// A raw record that the organisation has not submitted.
bson not_of(const hash256& raw, const std::string& orgid) {
  const auto other = bson().add("$ne", orgid);
  return by_hash(raw).add("orgid", other).add("_cybexd_orgs.orgid", other);
}

/// -0.0 is another one than 0.0.
bool is_same(const std::optional<value>& a, const std::optional<value>& b) {
  if (!a || !b) return !a == !b;
  const auto a_form = tahoe::canonical(*a), b_form = tahoe::canonical(*b);
  return a.value() == b.value() && a_form && b_form && *a_form == *b_form;
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

expected<change> set_times(const bson_view& stored, const document& times, const document& widest) {
  change one;
  one.filter.add_field("_hash", stored);
  bson set, unset;
  for (const auto& [name, field] :
       {std::pair{"start_time", &document::start_time}, std::pair{"end_time", &document::end_time},
        std::pair{"duration", &document::duration}}) {
    add_as_stored(one.filter, name, stored);
    const auto& to = widest.*field;
    if (is_same(to, times.*field)) continue;
    if (!to)
      unset.add(name, "");
    else if (auto added = set.add_value(name, *to); !added)
      return fail(added.error());
  }
  const auto own_times = archive_rules::own_times_field;
  add_as_stored(one.filter, own_times, stored);
  if (const auto* own = archive_rules::own_times_of(widest))
    if (auto added = set.add_value(own_times, *own); !added) return fail(added.error());
  if (!set.empty()) one.update.add("$set", set);
  if (!unset.empty()) one.update.add("$unset", unset);
  return one;
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

std::vector<change> note_in_doubles(const document& together) {
  std::vector<change> changes;
  const auto note = [&](const std::string& orgid, const std::string& timezone,
                        const std::vector<std::string>& filters) {
    for (const auto& id : filters)
      for (const auto who : {submitter::first, submitter::later}) {
        changes.push_back(note_run(together.hash, {orgid, timezone, id, {}}, who));
        changes.back().every = true;
      }
  };
  note(together.orgid, together.timezone, together.filters);
  for (const auto& s : together.submissions) note(s.orgid, s.timezone, s.filters);
  if (together.valid == false) {
    changes.push_back(note_useless(together.hash, together.reason));
    changes.back().every = true;
  }
  return changes;
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
