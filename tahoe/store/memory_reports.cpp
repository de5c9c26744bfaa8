#include <algorithm>
#include <map>
#include <mutex>

#include "tahoe/store/document_facts.hpp"
#include "tahoe/store/memory_stores.hpp"

namespace cybexd::store {
namespace {

class memory_reports final : public report_store {
 public:
  expected<void> put(std::span<const document> documents) override {
    const std::scoped_lock lock(mutex_);
    for (const auto& d : documents) documents_.emplace(d.hash, d);
    return {};
  }

  expected<std::optional<document>> get(const hash256& hash) override {
    const std::scoped_lock lock(mutex_);
    const auto found = documents_.find(hash);
    return found == documents_.end() ? std::nullopt : std::optional(found->second);
  }

  expected<bool> update(const query_update& update) override {
    const std::scoped_lock lock(mutex_);
    auto stored = documents_.find(update.query.hash);
    if (update.only_if_absent) {
      if (stored != documents_.end()) return false;
      stored = documents_.emplace(update.query.hash, update.query).first;
    }
    if (stored == documents_.end()) return false;
    if (update.only_if_status && facts::state_of(stored->second).status != *update.only_if_status)
      return false;
    if (update.only_if_claimed_by) {
      const auto claim = claims_.find(update.query.hash);
      if (claim == claims_.end() || claim->second.owner != *update.only_if_claimed_by) return false;
    }
    if (update.only_if_claim_free_at) {
      const auto claim = claims_.find(update.query.hash);
      if (claim != claims_.end() && claim->second.deadline >= *update.only_if_claim_free_at) return false;
    }
    for (const auto& d : update.new_children) documents_.emplace(d.hash, d);
    stored->second = update.query;
    if (update.claim) claims_[update.query.hash] = *update.claim;
    return true;
  }

  expected<void> renew(std::span<const hash256> queries, const query_claim& claim) override {
    const std::scoped_lock lock(mutex_);
    for (const auto& query : queries) {
      const auto stored = documents_.find(query);
      const auto held = claims_.find(query);
      if (stored == documents_.end() || held == claims_.end() || held->second.owner != claim.owner) continue;
      if (facts::state_of(stored->second).status == "processing") held->second.deadline = claim.deadline;
    }
    return {};
  }

  expected<std::vector<document>> takeable(double now, double foreign_age, std::size_t limit) override {
    const std::scoped_lock lock(mutex_);
    std::vector<std::pair<double, const document*>> found;
    for (const auto& [hash, d] : documents_) {
      if (!facts::is_query(d)) continue;
      const auto state = facts::state_of(d);
      if (may_be_taken(hash, state, now, foreign_age)) found.emplace_back(state.timestamp, &d);
    }
    std::stable_sort(found.begin(), found.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    std::vector<document> some;
    for (const auto& [timestamp, d] : found) {
      if (some.size() == limit) break;
      some.push_back(*d);
    }
    return some;
  }

  expected<void> queries_with(const std::string& userid, const hash256& report,
                              const std::function<bool(const document&)>& visit) override {
    return each([&](const document& d) {
      if (!facts::is_query(d)) return true;
      const auto state = facts::state_of(d);
      const bool names_it = std::binary_search(state.reports.begin(), state.reports.end(), report);
      return state.userid != userid || !names_it || visit(d);
    });
  }

  expected<void> each(const std::function<bool(const document&)>& visit) override {
    const auto all = [&] {
      const std::scoped_lock lock(mutex_);
      return documents_;
    }();
    for (const auto& [hash, d] : all)
      if (!visit(d)) break;
    return {};
  }

  expected<std::uint64_t> size() override {
    const std::scoped_lock lock(mutex_);
    return documents_.size();
  }

 private:
  [[nodiscard]] bool may_be_taken(const hash256& hash, const facts::query_state& state, double now,
                                  double foreign_age) const {
    if (state.status == "wait") return true;
    if (state.status != "processing") return false;
    const auto claim = claims_.find(hash);
    return claim == claims_.end() ? state.timestamp < now - foreign_age : claim->second.deadline < now;
  }

  std::mutex mutex_;
  std::map<hash256, document> documents_;
  std::map<hash256, query_claim> claims_;
};

}  // namespace

std::shared_ptr<report_store> make_memory_reports() { return std::make_shared<memory_reports>(); }

}  // namespace cybexd::store
