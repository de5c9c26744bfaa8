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

bool same_visibility(const tahoe::document& query, const store::visibility& who) {
  const auto* seen = extra(query, seen_field);
  return seen != nullptr && seen->text() != nullptr && *seen->text() == fingerprint(who);
}

/// Sets a stored query to `processing` under our claim, if it still is as it was read.
expected<taken_query> take(store::report_store& store, const tahoe::document& stored,
                           const store::visibility& who, double now, const query_claims& claims) {
  const auto status = report::status_of(stored);
  auto update = report::with_status(stored, "processing");
  if (!update) return fail(update.error());
  set_extra(update->query, seen_field, fingerprint(who));
  update->only_if_status = status;
  if (status == "processing") update->only_if_claim_free_at = now;
  update->claim = store::query_claim{claims.owner, now + claims.lasts};
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

}  // namespace

expected<taken_query> open_query(store::report_store& store, const report::query_document& asked,
                                 const store::visibility& who, bool redo, double now,
                                 const query_claims& claims) {
  auto stored = store.get(asked.query.hash);
  if (!stored) return fail(stored.error());
  if (!*stored) {
    auto waiting = report::with_status(asked.query, "wait");
    if (!waiting) return fail(waiting.error());
    auto documents = asked.parts;
    documents.insert(documents.end(), waiting->new_children.begin(), waiting->new_children.end());
    documents.push_back(waiting->query);
    if (auto put = store.put(documents); !put) return fail(put.error());
    return take(store, waiting->query, who, now, claims);
  }
  const auto status = report::status_of(**stored);
  const bool finished = status == "ready" || status == "failed";
  if (finished && !redo && same_visibility(**stored, who)) {
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
  // The socket is the asker's to change until the end, so it is read now; a foreign module may have changed
  // the rest, too.
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
  const auto socket = report::socket_of(**stored);
  return {outcome::stored, "", socket ? *socket : report::reply_socket{}};
}

void remember_answer(tahoe::document& query, const tahoe::document& report) {
  tahoe::value answer{tahoe::object{}};
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
