// The embedded reports.
//
//   report_docs   hash                             -> document
//   report_index  'w' ordered(timestamp) hash      -> nothing; queries in `wait`
//                 'p' ordered(timestamp) hash      -> nothing; queries in `processing`
//                 'c' hash                         -> claim: owner, deadline
//                 'u' sha256(userid) report query  -> nothing; who has which report
#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <array>
#include <map>
#include <mutex>
#include <set>

#include "tahoe/store/document_facts.hpp"
#include "tahoe/store/document_row.hpp"
#include "tahoe/store/rocksdb_snapshot.hpp"
#include "tahoe/store/rocksdb_stores.hpp"
#include "tahoe/store/row.hpp"

namespace cybexd::store {
namespace {

std::string claim_key(const hash256& query) { return key_writer().letter('c').hash(query).take(); }

std::string owner_prefix(const std::string& userid, const hash256& report) {
  return key_writer().letter('u').hash(crypto::sha256(userid)).hash(report).take();
}

/// The rows that file a query.
std::set<std::string> index_keys(const document& d) {
  std::set<std::string> keys;
  if (!facts::is_query(d)) return keys;
  const auto state = facts::state_of(d);
  const char letter = state.status == "wait" ? 'w' : 'p';
  if (state.status == "wait" || state.status == "processing")
    keys.insert(key_writer().letter(letter).ordered(state.timestamp).hash(d.hash).take());
  for (const auto& report : state.reports)
    keys.insert(key_writer().text(owner_prefix(state.userid, report)).hash(d.hash).take());
  return keys;
}

class rocksdb_reports final : public report_store {
 public:
  explicit rocksdb_reports(std::shared_ptr<rocksdb_home> home) : home_(std::move(home)) {}

  expected<void> put(std::span<const document> documents) override {
    const auto alone = lock(documents, nullptr);
    rocksdb::WriteBatch batch;
    if (auto added = add(documents, batch); !added) return added;
    if (batch.Count() == 0) return {};
    return home_->write(batch, durability::synced, "reports: put", documents.size());
  }

  expected<std::optional<document>> get(const hash256& hash) override {
    return read_document(*home_, family::report_docs, hash);
  }

  expected<bool> update(const query_update& update) override {
    const auto alone = lock(update.new_children, &update.query);
    auto stored = get(update.query.hash);
    if (!stored) return fail(stored.error());
    if (stored->has_value() == update.only_if_absent) return false;
    rocksdb::WriteBatch batch;
    if (auto added = add(update.new_children, batch); !added) return fail(added.error());
    if (*stored) {
      auto allowed = holds(update, **stored);
      if (!allowed || !*allowed) return allowed;
      if (auto replaced = replace(**stored, update.query, batch); !replaced) return fail(replaced.error());
    } else if (auto added = add({&update.query, 1}, batch); !added) {
      return fail(added.error());
    }
    if (update.claim) stage(update.query.hash, *update.claim, batch);
    // A taking that a power failure loses leaves the query in `wait`, which is as good, or a query of HTTP
    // absent: it is made for whoever asks again. A giving back leaves it in `processing`, where the next
    // start finds it, too: a stop gives back thousands, and has no time to wait for the disk by each.
    const auto status = facts::state_of(update.query).status;
    const bool may_be_lost = status == "wait" || (update.claim && status == "processing");
    const auto how = may_be_lost ? durability::in_order : durability::synced;
    if (auto written = home_->write(batch, how, "reports: update", 1); !written) return fail(written.error());
    return true;
  }

  expected<void> renew(std::span<const hash256> queries, const query_claim& claim) override {
    const auto alone = lock(queries);
    rocksdb::WriteBatch batch;
    for (const auto& hash : queries) {
      auto held = claim_of(hash, nullptr);
      if (!held) return fail(held.error());
      if (!*held || (*held)->owner != claim.owner) continue;
      auto stored = get(hash);
      if (!stored) return fail(stored.error());
      if (*stored && facts::state_of(**stored).status == "processing") stage(hash, claim, batch);
    }
    if (batch.Count() == 0) return {};
    return home_->write(batch, durability::in_order, "reports: renew", queries.size());
  }

  /// A query that cannot be read is left out, so that it does not keep the others from being taken; `check`
  /// names it. One whose claim cannot be read counts as one that nobody claims.
  expected<std::vector<document>> takeable(double now, double foreign_age, std::size_t limit) override {
    const rocksdb_snapshot look(*home_);
    std::vector<filed_query> found;
    auto done = filed(
        'w', look, limit, [](double, const hash256&) { return true; }, found);
    if (!done) return fail(done.error());
    std::optional<error> trouble;
    done = filed(
        'p', look, limit,
        [&](double timestamp, const hash256& query) {
          auto claim = claim_of(query, look.get());
          if (!claim && claim.error().kind != failure::corrupt) trouble = claim.error();
          return claim && *claim ? (*claim)->deadline < now : timestamp < now - foreign_age;
        },
        found);
    if (!done) return fail(done.error());
    if (trouble) return fail(*trouble);
    std::sort(found.begin(), found.end(), [](const filed_query& a, const filed_query& b) {
      return std::pair(a.timestamp, a.query.hash) < std::pair(b.timestamp, b.query.hash);
    });
    if (found.size() > limit) found.resize(limit);
    std::vector<document> some;
    for (auto& one : found) some.push_back(std::move(one.query));
    return some;
  }

  expected<void> queries_with(const std::string& userid, const hash256& report,
                              const std::function<bool(const document&)>& visit) override {
    std::optional<error> trouble;
    auto done = each_row(*home_, family::report_index, owner_prefix(userid, report), nullptr,
                         [&](std::string_view query, std::string_view) {
                           auto d = get(hash_at(query).value_or(hash256{}));
                           if (!d) trouble = d.error();
                           return d && (!*d || visit(**d));
                         });
    if (!done) return done;
    return trouble ? expected<void>(fail(*trouble)) : expected<void>();
  }

  expected<void> each(const std::function<bool(const document&)>& visit) override {
    return each_document(*home_, family::report_docs, visit);
  }

  expected<void> check(const check_listener& listener) override {
    const rocksdb_snapshot now(*home_);
    std::uint64_t looked_at = 0;
    expected<void> goes_on;
    const auto tell = [&] { return (goes_on = listener.tell("report rows", ++looked_at, 0)).has_value(); };
    auto done = each_row(
        *home_, family::report_docs, "", now.get(), [&](std::string_view name, std::string_view row) {
          if (!tell()) return false;
          const auto d = document_from_row(hash_at(name).value_or(hash256{}), row);
          if (!d) listener.complain(d.error().text);
          for (const auto& key : d ? index_keys(*d) : std::set<std::string>()) {
            auto there = home_->get(family::report_index, key, "reports: check", now.get());
            if (!there) goes_on = fail(there.error());
            if (there && !*there)
              listener.complain("query " + crypto::to_hex(name) + " is not filed as what it is");
          }
          return goes_on.has_value();
        });
    if (!done || !goes_on) return done ? goes_on : done;
    done = each_row(*home_, family::report_index, "", now.get(), [&](std::string_view key, std::string_view) {
      if (!tell()) return false;
      const auto query = hash_at(key.substr(key.size() - std::min<std::size_t>(key.size(), 32)));
      auto d = query ? read_document(*home_, family::report_docs, *query, now.get())
                     : expected<std::optional<document>>(std::nullopt);
      if (!d || !*d || (!key.starts_with('c') && !index_keys(**d).contains(std::string(key))))
        listener.complain("a row files query " + (query ? crypto::to_hex(*query) : "?") +
                          " as what it is not");
      return true;
    });
    return done ? goes_on : done;
  }

  expected<std::uint64_t> size() override {
    std::uint64_t about = 0;
    home_->db().GetIntProperty(home_->handle(family::report_docs), rocksdb::DB::Properties::kEstimateNumKeys,
                               &about);
    return about;
  }

 private:
  using locks = std::vector<std::unique_lock<std::mutex>>;

  /// Nobody else writes these queries and reports meanwhile; others are written, so that they share syncs.
  /// What a query is made of is what its hash says, whoever writes it: all queries of a status have an
  /// attribute in common, and would wait for each other.
  locks lock(std::span<const document> some, const document* one) {
    std::vector<hash256> hashes;
    for (const auto& d : some)
      if (d.kind == tahoe::itype::report || facts::is_query(d)) hashes.push_back(d.hash);
    if (one != nullptr) hashes.push_back(one->hash);
    return lock(hashes);
  }

  locks lock(std::span<const hash256> hashes) {
    std::set<std::size_t> wanted;
    for (const auto& hash : hashes) wanted.insert(hash.bytes[0] % stripes_.size());
    locks held;
    for (const auto stripe : wanted)
      held.emplace_back(stripes_[stripe]);  // ascending, so no two wait for each other
    return held;
  }

  expected<void> add(std::span<const document> documents, rocksdb::WriteBatch& batch) {
    std::set<hash256> seen;
    for (const auto& d : documents) {
      if (!seen.insert(d.hash).second) continue;
      auto there = home_->get(family::report_docs, d.hash.view(), "reports: put");
      if (!there) return fail(there.error());
      if (*there) continue;
      auto row = document_to_row(d);
      if (!row) return fail(row.error());
      (void)batch.Put(home_->handle(family::report_docs),
                      rocksdb::Slice(d.hash.view().data(), d.hash.view().size()), *row);
      for (const auto& key : index_keys(d)) (void)batch.Put(home_->handle(family::report_index), key, "");
    }
    return {};
  }

  /// Whether the conditions of an update hold.
  expected<bool> holds(const query_update& update, const document& stored) {
    if (update.only_if_status && facts::state_of(stored).status != *update.only_if_status) return false;
    if (!update.only_if_claimed_by && !update.only_if_claim_free_at) return true;
    auto claim = claim_of(stored.hash, nullptr);
    if (!claim) return fail(claim.error());
    if (update.only_if_claimed_by && (!*claim || (*claim)->owner != *update.only_if_claimed_by)) return false;
    return !update.only_if_claim_free_at || !*claim || (*claim)->deadline < *update.only_if_claim_free_at;
  }

  void stage(const hash256& query, const query_claim& claim, rocksdb::WriteBatch& batch) {
    const auto row = row_writer().text(claim.owner).real(claim.deadline).take();
    (void)batch.Put(home_->handle(family::report_index), claim_key(query), row);
  }

  expected<void> replace(const document& before, const document& after, rocksdb::WriteBatch& batch) {
    auto row = document_to_row(after);
    if (!row) return fail(row.error());
    const auto old_keys = index_keys(before), new_keys = index_keys(after);
    for (const auto& key : old_keys)
      if (!new_keys.contains(key)) (void)batch.Delete(home_->handle(family::report_index), key);
    for (const auto& key : new_keys) (void)batch.Put(home_->handle(family::report_index), key, "");
    (void)batch.Put(home_->handle(family::report_docs),
                    rocksdb::Slice(after.hash.view().data(), after.hash.view().size()), *row);
    return {};
  }

  expected<std::optional<query_claim>> claim_of(const hash256& query, const rocksdb::Snapshot* at) {
    auto found = home_->get(family::report_index, claim_key(query), "reports: claim", at);
    if (!found) return fail(found.error());
    if (!*found) return std::optional<query_claim>();
    row_reader row(**found);
    query_claim claim;
    claim.owner = row.text();
    claim.deadline = row.real();
    if (!row.whole())
      return fail(failure::corrupt,
                  "reports: the claim of query " + crypto::to_hex(query) + " cannot be read");
    return std::optional(std::move(claim));
  }

  struct filed_query {
    double timestamp = 0;
    document query;
  };

  /// Up to `limit` queries filed under a letter that pass and can be read, oldest first.
  template <class Passes>
  expected<void> filed(char letter, const rocksdb_snapshot& look, std::size_t limit, Passes passes,
                       std::vector<filed_query>& found) {
    const auto full = found.size() + limit;
    std::optional<error> trouble;
    auto done = each_row(*home_, family::report_index, std::string(1, letter), look.get(),
                         [&](std::string_view rest, std::string_view) {
                           if (found.size() >= full || rest.size() < 8) return false;
                           const auto hash = hash_at(rest.substr(8));
                           if (!hash || !passes(ordered_at(rest), *hash)) return true;
                           auto query = read_document(*home_, family::report_docs, *hash, look.get());
                           if (!query && query.error().kind != failure::corrupt) trouble = query.error();
                           if (query && *query) found.push_back({ordered_at(rest), std::move(**query)});
                           return !trouble;
                         });
    if (done && trouble) return fail(*trouble);
    return done;
  }

  std::shared_ptr<rocksdb_home> home_;
  std::array<std::mutex, 16> stripes_;
};

}  // namespace

std::shared_ptr<report_store> make_rocksdb_reports(std::shared_ptr<rocksdb_home> home) {
  return std::make_shared<rocksdb_reports>(std::move(home));
}

}  // namespace cybexd::store
