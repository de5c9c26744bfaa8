#include "actors/query_records.hpp"

#include <algorithm>

#include "crypto/digest.hpp"

namespace cybexd::actors {
namespace {

constexpr std::string_view seen_field = "_cybexd_visible";
constexpr std::string_view answer_field = "_cybexd_answer";
constexpr std::string_view our_fault = "our_fault";  // of an answer: there only where it is so

std::vector<std::string> in_order(std::vector<std::string> orgids) {
  std::sort(orgids.begin(), orgids.end());
  orgids.erase(std::unique(orgids.begin(), orgids.end()), orgids.end());
  return orgids;
}

/// What the user may see, as a query keeps it: organisations in order, or `true` for everything.
tahoe::value seen_by(const store::visibility& who) {
  if (who.everything) return true;
  tahoe::array orgids;
  for (auto& orgid : in_order(who.orgids)) orgids.emplace_back(std::move(orgid));
  return orgids;
}

void set_extra(tahoe::document& d, std::string_view key, tahoe::value v) {
  const auto found =
      std::find_if(d.extra.begin(), d.extra.end(), [&](const auto& m) { return m.first == key; });
  if (found == d.extra.end())
    d.extra.emplace_back(std::string(key), std::move(v));
  else
    found->second = std::move(v);
}

const tahoe::value* extra(const tahoe::document& d, std::string_view key) {
  const auto found =
      std::find_if(d.extra.begin(), d.extra.end(), [&](const auto& m) { return m.first == key; });
  return found == d.extra.end() ? nullptr : &found->second;
}

/// What we keep of the report that a query names. Another module may write old values back, so they say which
/// report they are about.
const tahoe::value* answer_of(const tahoe::document& query) {
  const auto* answer = extra(query, answer_field);
  const auto* made = answer == nullptr ? nullptr : answer->find("report");
  const bool is_it = made != nullptr && *made == tahoe::value(report::report_id_of(query));
  return is_it ? answer : nullptr;
}

/// Whether the report that a query names was made for what the user may see now, and not in a moment of
/// trouble.
bool still_holds(const tahoe::document& query, const store::visibility& who) {
  const auto* seen = extra(query, seen_field);
  const auto* answer = answer_of(query);
  return seen != nullptr && *seen == seen_by(who) && answer != nullptr && answer->find(our_fault) == nullptr;
}

/// Keeps with the query which report it is, what its asker could see, whether it is a failure of ours, and
/// time and pages of its own, since a stored report may be another query's.
void remember_answer(tahoe::document& query, const messages::store_report& done) {
  const auto& report = *done.report;
  tahoe::value answer{tahoe::object{}};
  answer.set("report", crypto::to_hex(report.hash));
  answer.set("timestamp", report.timestamp);
  for (const std::string_view key : {"current_page", "next_page"})
    if (const auto* page = extra(report, key)) answer.set(key, *page);
  if (done.our_fault) answer.set(our_fault, true);
  set_extra(query, answer_field, std::move(answer));
  set_extra(query, seen_field, seen_by(done.who));
}

/// What taking a query changes in it, without conditions.
expected<store::query_update> taking(const tahoe::document& query, double now, const query_claims& claims) {
  auto update = report::with_status(query, "processing");
  if (!update) return update;
  update->claim = store::query_claim{claims.owner, now + claims.lasts};
  return update;
}

/// Sets a stored query to `processing` under our claim, if it still is as it was read.
expected<taken_query> take(store::report_store& store, const tahoe::document& stored, double now,
                           const query_claims& claims, std::optional<double> claims_end_before = {}) {
  const auto status = report::status_of(stored);
  auto update = taking(stored, now, claims);
  if (!update) return fail(update.error());
  update->only_if_status = status;
  if (status == "processing") update->only_if_claim_free_at = claims_end_before.value_or(now);
  const auto applied = store.update(*update);
  if (!applied) return fail(applied.error());
  taken_query out;
  out.what = *applied ? taken_query::outcome::taken : taken_query::outcome::busy;
  out.query = std::move(update->query);
  return out;
}

/// The report that a finished query names, if it is still there.
expected<std::optional<tahoe::document>> report_of(store::report_store& store, const tahoe::document& query) {
  const auto id = crypto::hash_from_hex(report::report_id_of(query));
  if (!id) return std::optional<tahoe::document>();
  return store.get(*id);
}

double asked_at(const tahoe::document& query) {
  const auto fields = report::read_query_document(query);
  return fields ? fields->timestamp : 0;
}

/// A query that is not stored yet is ours with the same step that puts it: no other server finds it waiting.
/// False: it is there by now.
expected<std::optional<taken_query>> put_taken(store::report_store& store,
                                               const report::query_document& asked, double now,
                                               const query_claims& claims) {
  auto update = taking(asked.query, now, claims);
  if (!update) return fail(update.error());
  update->only_if_absent = true;
  update->new_children.insert(update->new_children.begin(), asked.parts.begin(), asked.parts.end());
  const auto applied = store.update(*update);
  if (!applied) return fail(applied.error());
  if (!*applied) return std::optional<taken_query>();
  taken_query out;
  out.what = taken_query::outcome::taken;
  out.query = std::move(update->query);
  return std::optional(std::move(out));
}

}  // namespace

expected<taken_query> open_query(store::report_store& store, const report::query_document& asked,
                                 const store::visibility& who, bool redo, double now,
                                 const query_claims& claims) {
  auto stored = store.get(asked.query.hash);
  if (!stored) return fail(stored.error());
  if (!*stored) {
    auto taken = put_taken(store, asked, now, claims);
    if (!taken) return fail(taken.error());
    if (*taken) return std::move(**taken);
    stored = store.get(asked.query.hash);
    if (!stored) return fail(stored.error());
    if (!*stored) return taken_query{taken_query::outcome::busy, asked.query, false, std::nullopt};
  }
  const auto status = report::status_of(**stored);
  const bool finished = status == "ready" || status == "failed";
  if (finished && !redo && still_holds(**stored, who)) {
    auto report = report_of(store, **stored);
    if (!report) return fail(report.error());
    if (*report)
      return taken_query{taken_query::outcome::answered, std::move(**stored), status == "failed",
                         std::move(*report)};
  }
  if (status == "processing" && asked_at(**stored) > now - claims.foreign_age) {
    // It may be another module's, which sets no claim: only our own kind of claim that has run out frees it
    // sooner.
    return taken_query{taken_query::outcome::busy, std::move(**stored), false, std::nullopt};
  }
  return take(store, **stored, now, claims);
}

expected<taken_query> take_found_query(store::report_store& store, const tahoe::document& found, double now,
                                       const query_claims& claims, std::optional<double> claims_end_before) {
  return take(store, found, now, claims, claims_end_before);
}

expected<bool> give_back(store::report_store& store, const tahoe::document& query, const std::string& owner) {
  return set_status(store, query, "wait", owner);
}

expected<bool> set_status(store::report_store& store, const tahoe::document& query, std::string_view status,
                          const std::string& owner) {
  auto update = report::with_status(query, status);
  if (!update) return fail(update.error());
  update->only_if_status = "processing";
  update->only_if_claimed_by = owner;
  return store.update(*update);
}

messages::report_stored finish_query(store::report_store& store, const messages::store_report& done) {
  using outcome = messages::report_stored::outcome;
  const auto unavailable = [](const error& e) {
    return messages::report_stored{outcome::unavailable, e.text, {}};
  };
  // A foreign module may have changed the query meanwhile.
  auto stored = store.get(done.query->hash);
  if (!stored) return unavailable(stored.error());
  if (!*stored || report::status_of(**stored) != "processing") return {outcome::superseded, "", {}};
  auto update = done.report ? report::with_report(**stored, done.status, crypto::to_hex(done.report->hash))
                            : report::with_status(**stored, done.status);
  if (!update) return unavailable(update.error());
  if (done.report) {
    update->new_children.insert(update->new_children.begin(), *done.report);  // before what names it
    remember_answer(update->query, done);
  }
  update->only_if_status = "processing";
  update->only_if_claimed_by = done.owner;
  const auto applied = store.update(*update);
  if (!applied) return unavailable(applied.error());
  if (!*applied) return {outcome::superseded, "", {}};
  // The socket is the asker's to change until now.
  if (auto now = store.get(done.query->hash); now && *now) stored = std::move(now);
  const auto socket = report::socket_of(**stored);
  return {outcome::stored, "", socket ? *socket : report::reply_socket{}};
}

tahoe::document as_asked(tahoe::document report, const tahoe::document& query) {
  set_extra(report, "userid", report::userid_of(query));
  const auto* answer = answer_of(query);
  if (answer == nullptr) {
    report.timestamp = asked_at(query);
    return report;
  }
  double room = 0;
  if (const auto* when = answer->find("timestamp"))
    if (const auto* seconds = when->number(room)) report.timestamp = *seconds;
  for (const std::string_view key : {"current_page", "next_page"})
    if (const auto* page = answer->find(key)) set_extra(report, key, *page);
  return report;
}

bool sees_all_of(const store::visibility& now, const store::visibility& then) {
  if (now.everything || then.everything) return now.everything;
  const auto have = in_order(now.orgids), need = in_order(then.orgids);
  return std::includes(have.begin(), have.end(), need.begin(), need.end());
}

bool may_still_see(const tahoe::document& query, const store::visibility& who) {
  const auto* seen = answer_of(query) != nullptr ? extra(query, seen_field) : nullptr;
  if (seen == nullptr || who.everything) return true;
  const auto* orgids = seen->get_if<tahoe::array>();
  if (orgids == nullptr) return false;
  store::visibility then;
  for (const auto& orgid : *orgids) {
    if (orgid.text() == nullptr) return false;
    then.orgids.push_back(*orgid.text());
  }
  return sees_all_of(who, then);
}

expected<std::optional<tahoe::document>> find_report(store::report_store& store, const std::string& userid,
                                                     const store::visibility& who,
                                                     const tahoe::hash256& report) {
  constexpr int most_looked_at = 1'000;  // of one user's queries with one answer
  std::optional<tahoe::document> last;
  int looked_at = 0;
  const auto done = store.queries_with(userid, report, [&](const tahoe::document& query) {
    if (may_still_see(query, who) && (!last || asked_at(*last) < asked_at(query))) last = query;
    return ++looked_at < most_looked_at;
  });
  if (!done) return fail(done.error());
  if (!last) return std::optional<tahoe::document>();
  auto found = store.get(report);
  if (!found || !*found) return found;
  return as_asked(std::move(**found), *last);
}

}  // namespace cybexd::actors
