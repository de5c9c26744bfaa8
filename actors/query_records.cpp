#include "actors/query_records.hpp"

#include <algorithm>

#include "crypto/digest.hpp"

namespace cybexd::actors {
namespace {

constexpr std::string_view seen_field = "_cybexd_visible";
constexpr std::string_view answer_field = "_cybexd_answer";

/// What the user may see, as one word to compare.
std::string fingerprint(const store::visibility& who) {
  auto orgids = who.orgids;
  std::sort(orgids.begin(), orgids.end());
  std::string text = who.everything ? "everything" : "";
  for (const auto& orgid : orgids) text += std::to_string(orgid.size()) + ":" + orgid;
  return crypto::to_hex(crypto::sha256(text));
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

/// Whether the report that a query names was made for what the user may see now. Another module may write old
/// values of both fields back, so that one says which report it is about.
bool made_for(const tahoe::document& query, const store::visibility& who) {
  const auto* seen = extra(query, seen_field);
  const auto* answer = extra(query, answer_field);
  const auto* made = answer == nullptr ? nullptr : answer->find("report");
  return seen != nullptr && *seen == tahoe::value(fingerprint(who)) && made != nullptr &&
         *made == tahoe::value(report::report_id_of(query));
}

/// What taking a query changes in it, without conditions.
expected<store::query_update> taking(const tahoe::document& query, const store::visibility& who, double now,
                                     const query_claims& claims) {
  auto update = report::with_status(query, "processing");
  if (!update) return update;
  set_extra(update->query, seen_field, fingerprint(who));
  update->claim = store::query_claim{claims.owner, now + claims.lasts};
  return update;
}

/// Sets a stored query to `processing` under our claim, if it still is as it was read.
expected<taken_query> take(store::report_store& store, const tahoe::document& stored,
                           const store::visibility& who, double now, const query_claims& claims) {
  const auto status = report::status_of(stored);
  auto update = taking(stored, who, now, claims);
  if (!update) return fail(update.error());
  update->only_if_status = status;
  if (status == "processing") update->only_if_claim_free_at = now;
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
                                               const report::query_document& asked,
                                               const store::visibility& who, double now,
                                               const query_claims& claims) {
  auto update = taking(asked.query, who, now, claims);
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
    auto taken = put_taken(store, asked, who, now, claims);
    if (!taken) return fail(taken.error());
    if (*taken) return std::move(**taken);
    stored = store.get(asked.query.hash);
    if (!stored) return fail(stored.error());
    if (!*stored) return taken_query{taken_query::outcome::busy, asked.query, false, std::nullopt};
  }
  const auto status = report::status_of(**stored);
  const bool finished = status == "ready" || status == "failed";
  if (finished && !redo && made_for(**stored, who)) {
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
  return take(store, **stored, who, now, claims);
}

expected<taken_query> take_found_query(store::report_store& store, const tahoe::document& found,
                                       const store::visibility& who, double now, const query_claims& claims) {
  return take(store, found, who, now, claims);
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
  if (done.report)
    if (auto put = store.put({done.report.get(), 1}); !put) return unavailable(put.error());
  auto update = done.report ? report::with_report(**stored, done.status, crypto::to_hex(done.report->hash))
                            : report::with_status(**stored, done.status);
  if (!update) return unavailable(update.error());
  if (done.report) remember_answer(update->query, *done.report);
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

void remember_answer(tahoe::document& query, const tahoe::document& report) {
  tahoe::value answer{tahoe::object{}};
  answer.set("report", crypto::to_hex(report.hash));
  answer.set("timestamp", report.timestamp);
  for (const std::string_view key : {"current_page", "next_page"})
    if (const auto* page = extra(report, key)) answer.set(key, *page);
  set_extra(query, answer_field, std::move(answer));
}

tahoe::document as_asked(tahoe::document report, const tahoe::document& query) {
  set_extra(report, "userid", report::userid_of(query));
  const auto* answer = extra(query, answer_field);
  if (answer == nullptr) return report;
  double room = 0;
  if (const auto* when = answer->find("timestamp"))
    if (const auto* seconds = when->number(room)) report.timestamp = *seconds;
  for (const std::string_view key : {"current_page", "next_page"})
    if (const auto* page = answer->find(key)) set_extra(report, key, *page);
  return report;
}

}  // namespace cybexd::actors
