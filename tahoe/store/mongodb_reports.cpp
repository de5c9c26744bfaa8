// The reports on MongoDB: database `report_db`, collection `instance` of CYBEX-P. What a query has of ours:
// mongodb_reports_query.hpp.
#include <algorithm>
#include <atomic>
#include <set>

#include "tahoe/store/document_facts.hpp"
#include "tahoe/store/mongodb_clock.hpp"
#include "tahoe/store/mongodb_documents.hpp"
#include "tahoe/store/mongodb_reports_query.hpp"
#include "tahoe/store/mongodb_stores.hpp"

namespace cybexd::store {
namespace {

constexpr int most_attempts = 20;  // of an update that others overtake
constexpr int most_looks = 12;     // for queries among documents that cannot be read, each twice as far

bson oldest_first() { return std::move(bson().add("data.timestamp", 1)); }

bson queries_in(std::string_view status) {
  bson filter;
  filter.add("_cref", crypto::to_hex(status_hash(status))).add("sub_type", "query");
  filter.add("data.status.0", status);
  return filter;
}

/// Queries in `processing` whose server is gone, or that another module left there. `ahead`: of the clock by
/// which claims end.
bson left_behind(double now, double foreign_age, double ahead) {
  const auto run_out = bson().add(until_field, bson().add("$lt", now + ahead));
  bson foreign;
  foreign.add(until_field, bson().add("$not", bson().add("$type", "number")));
  foreign.add("data.timestamp.0", bson().add("$not", bson().add("$gte", now - foreign_age)));
  auto filter = queries_in("processing");
  filter.add("$or", bson_list().push(run_out).push(foreign));
  return filter;
}

class mongodb_reports final : public report_store {
 public:
  mongodb_reports(mongodb_collection documents, store_ties ties, bool read_only)
      : documents_(std::move(documents)), ties_(std::move(ties)), read_only_(read_only) {}

  expected<void> put(std::span<const document> documents) override {
    ordered_writes writes;
    std::set<hash256> seen;
    for (const auto& d : documents)
      if (seen.insert(d.hash).second)
        if (auto added = writes.put(d); !added) return added;
    if (writes.empty()) return {};
    auto done = write(writes, documents.size(), "reports: put");
    if (!done) return fail(done.error());
    return {};
  }

  expected<std::optional<document>> get(const hash256& hash) override {
    if (auto ready = ready_(); !ready) return fail(ready.error());
    auto stored = stored_with(documents_, by_hash(hash), {}, "reports: get");
    if (!stored) return fail(stored.error());
    if (stored->empty()) return std::optional<document>();
    auto d = read_document(stored->front().view(), claim_fields);
    if (!d) return fail(d.error());
    return std::optional(std::move(*d));
  }

  expected<bool> update(const query_update& update) override {
    if (update.only_if_absent) return put_claimed(update);
    for (int attempt = 0; attempt < most_attempts; ++attempt) {
      if (auto ready = ready_(); !ready) return fail(ready.error());
      auto stored = stored_with(documents_, by_hash(update.query.hash), {}, "reports: update");
      if (!stored) return fail(stored.error());
      if (stored->empty()) return false;
      auto query = read_query(stored->front().view());
      if (!query) return fail(query.error());
      if (!holds(update, *query, clock_.ahead())) {
        if (update.claim) say_who_else_works(*query);
        return false;
      }
      auto done = apply(update, *stored, *query);
      if (!done || *done) return done;
    }
    return fail(failure::unavailable, "reports: update: query " + crypto::to_hex(update.query.hash) +
                                          " was changed by somebody else each time");
  }

  expected<void> renew(std::span<const hash256> queries, const query_claim& claim) override {
    if (queries.empty()) return {};
    if (auto ready = ready_(); !ready) return ready;
    auto ours = by_hashes(queries);
    ours.add("_cref", crypto::to_hex(status_hash("processing"))).add(owner_field, claim.owner);
    bulk_write write;
    (void)write.update_many(ours, bson().add("$set", claim_fields_of(claim, clock_.ahead())));
    auto done = documents_.write(std::move(write), "reports: renew");
    if (!done) return fail(done.error());
    if (!done->faults.empty()) return fail(done->faults.front().problem);
    return {};
  }

  expected<std::vector<document>> takeable(double now, double foreign_age, std::size_t limit) override {
    std::vector<document> found;
    if (limit == 0) return found;
    if (auto ready = ready_(); !ready) return fail(ready.error());
    clock_.compare_now_and_then(documents_.home());
    if (auto done = look(queries_in("wait"), "wait", limit, found); !done) return fail(done.error());
    if (auto done = look(left_behind(now, foreign_age, clock_.ahead()), "processing", limit, found); !done)
      return fail(done.error());
    std::stable_sort(found.begin(), found.end(), [](const document& a, const document& b) {
      return facts::state_of(a).timestamp < facts::state_of(b).timestamp;
    });
    if (found.size() > limit) found.resize(limit);
    return found;
  }

  expected<void> queries_with(const std::string& userid, const hash256& report,
                              const std::function<bool(const document&)>& visit) override {
    if (auto ready = ready_(); !ready) return ready;
    bson filter;
    filter.add("data.report_id", crypto::to_hex(report)).add("sub_type", "query");
    filter.add("data.userid.0", userid);
    return documents_.find(filter, {}, "reports: whose report", [&](const bson_view& stored) {
      const auto query = read_query(stored);
      return !query || visit(query->query);  // one that cannot be read hides no others
    });
  }

  expected<void> each(const std::function<bool(const document&)>& visit) override {
    if (auto ready = ready_(); !ready) return ready;
    return each_document(documents_, claim_fields, visit, "reports: each");
  }

  expected<std::uint64_t> size() override { return documents_.about_how_many("reports: size"); }

  expected<void> check(const check_listener& listener) override {
    if (auto ready = ready_(); !ready) return ready;
    return tell_doubles(documents_, listener, "reports: check");
  }

 private:
  expected<void> prepare() {
    if (read_only_) return documents_.tell_missing_index("_hash", *ties_.say, "reports: indexes");
    const std::vector<index_wish> wishes{{"_hash_1", std::move(bson().add("_hash", 1)), true, {}},
                                         {"_cref_1", std::move(bson().add("_cref", 1)), false, {}},
                                         {"data.report_id_1", std::move(bson().add("data.report_id", 1)),
                                          false, std::move(bson().add("sub_type", "query"))}};
    if (auto made = documents_.make_indexes(wishes, *ties_.say, "reports: indexes"); !made) return made;
    return clock_.compare(documents_.home());
  }

  /// Our servers leave a claim on every query that they take, and it stays. One in work or answered without
  /// is another module's.
  void say_who_else_works(const stored_query& query) {
    const auto status = facts::state_of(query.query).status;
    if (query.claim || query.waits || status == "invalid" || said_.exchange(true)) return;
    ties_.say->say("another program takes queries of " + documents_.full_name() +
                   ": if it is CYBEX-P's own report module, stop it, for it must not run beside this server");
  }

  expected<bool> put_claimed(const query_update& update) {
    ordered_writes writes;
    for (const auto& d : update.new_children)
      if (auto added = writes.put(d); !added) return fail(added.error());
    const auto claim = update.claim ? claim_fields_of(*update.claim, clock_.ahead()) : bson();
    if (auto added = writes.put(update.query, claim); !added) return fail(added.error());
    auto done = write(writes, 1, "reports: put");
    if (!done) return fail(done.error());
    return done->put_last;
  }

  expected<ordered_writes::result> write(const ordered_writes& writes, std::size_t items,
                                         std::string_view what) {
    if (auto ready = ready_(); !ready) return fail(ready.error());
    const auto began = std::chrono::steady_clock::now();
    auto done = writes.write(documents_, what);
    if (done) ties_.committed("report", began, items);
    return done;
  }

  /// False: somebody changed the query meanwhile. Its doubles follow the one that counts.
  expected<bool> apply(const query_update& update, const std::vector<bson>& stored,
                       const stored_query& query) {
    ordered_writes writes;
    std::size_t expected_count = 1;
    for (const auto& d : update.new_children) {
      if (auto added = writes.put(d); !added) return fail(added.error());
      ++expected_count;
    }
    auto change = change_of(update, stored.front().view(), query, clock_.ahead());
    if (!change) return fail(change.error());
    writes.update(unchanged(stored.front().view()), std::move(*change));
    auto done = write(writes, 1, "reports: update");
    if (!done) return fail(done.error());
    if (done->done < expected_count) return false;
    ordered_writes others;
    for (std::size_t i = 1; i < stored.size(); ++i) {
      const auto view = stored[i].view();
      const auto twin = read_query(view);
      if (!twin) continue;
      auto follow = change_of(update, view, *twin, clock_.ahead());
      if (follow) others.update(unchanged(view), std::move(*follow));
    }
    if (!others.empty())
      if (auto followed = write(others, 1, "reports: update"); !followed) return fail(followed.error());
    return true;
  }

  /// The oldest queries that a filter finds. Documents that cannot be read hide no others.
  expected<void> look(const bson& filter, std::string_view status, std::size_t limit,
                      std::vector<document>& found) {
    find_options how;
    how.sort = oldest_first();
    how.limit = limit;
    for (int attempt = 0; attempt < most_looks; ++attempt) {
      std::set<hash256> seen;
      std::vector<document> some;
      std::size_t all = 0;
      auto done = documents_.find(filter, how, "reports: takeable", [&](const bson_view& stored) {
        ++all;
        auto query = read_query(stored);
        if (query && status == "processing") say_who_else_works(*query);
        if (query && facts::state_of(query->query).status == status && seen.insert(query->query.hash).second)
          some.push_back(std::move(query->query));
        return true;
      });
      if (!done) return done;
      if (some.size() >= limit || all < how.limit || attempt + 1 == most_looks) {
        std::move(some.begin(), some.end(), std::back_inserter(found));
        return {};
      }
      how.limit *= 2;
    }
    return {};
  }

  mongodb_collection documents_;
  store_ties ties_;
  bool read_only_;
  mongodb_clock clock_;
  std::atomic<bool> said_{false};
  once_ready ready_{[this] { return prepare(); }};
};

}  // namespace

expected<std::shared_ptr<report_store>> make_mongodb_reports(const mongodb_place& place,
                                                             const store_ties& ties) {
  mongodb_options options;
  options.url = place.url;
  auto home = mongodb_home::open(options);
  if (!home) return fail(home.error());
  return std::make_shared<mongodb_reports>(mongodb_collection(*home, place.db, place.coll), ties,
                                           place.read_only);
}

}  // namespace cybexd::store
