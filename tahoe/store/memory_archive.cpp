#include "tahoe/store/memory_archive.hpp"

#include <mutex>
#include <set>

#include "tahoe/bson.hpp"
#include "tahoe/store/archive_rules.hpp"
#include "tahoe/store/memory_archive_view.hpp"

namespace cybexd::store {
namespace {

using tahoe::itype;

class memory_archive : public archive_store {
 public:
  expected<std::vector<record_result>> write(std::span<const record_write> records) override {
    const std::scoped_lock lock(mutex_);
    auto& all = mine();
    std::vector<record_result> results;
    for (const auto& record : records) results.push_back(write_one(all, record));
    return results;
  }

  expected<std::vector<import_result>> import(std::span<const document> documents) override {
    const std::scoped_lock lock(mutex_);
    auto& all = mine();
    std::vector<import_result> results;
    for (const auto& d : documents) {
      import_result result;
      result.refused = archive_rules::why_refused(d);
      if (!result.refused) result.refused = over_the_limit(d);
      if (!result.refused) result.stored = put(all, d);
      results.push_back(std::move(result));
    }
    return results;
  }

  expected<std::vector<import_result>> adopt(std::span<const document> documents) override {
    auto results = import(documents);
    const std::scoped_lock lock(mutex_);
    auto& all = mine();
    for (std::size_t i = 0; i < documents.size(); ++i) {
      const auto& d = documents[i];
      if ((*results)[i].refused || (*results)[i].stored) continue;
      auto& there = all.documents.at(d.hash);
      if (d.kind == itype::event) archive_rules::merge_event(there, d);
      if (d.kind == itype::session) archive_rules::merge_session(there, d);
      if (d.kind == itype::raw) archive_rules::merge_raw(there, d);
    }
    return results;
  }

  expected<std::uint64_t> size() override {
    const std::scoped_lock lock(mutex_);
    return all_->documents.size();
  }

  expected<std::vector<unfiltered_record>> unfiltered(std::span<const std::string> sub_types,
                                                      const std::optional<hash256>& after,
                                                      std::size_t limit) override {
    const std::scoped_lock lock(mutex_);
    // In the order of sub_types, then of arrival.
    std::vector<unfiltered_record> found;
    std::size_t bytes = 0;
    const auto* last = after ? all_->find(*after) : nullptr;
    const std::set<std::string> asked(sub_types.begin(), sub_types.end());
    for (const auto& sub_type : asked) {
      if (last && sub_type < last->sub_type) continue;
      bool begun = !last || last->sub_type != sub_type;
      for (const auto& hash : all_->arrivals) {
        const auto& raw = *all_->find(hash);
        if (begun && raw.sub_type == sub_type) {
          if (found.size() >= limit || bytes >= archive_rules::enough_for_a_page) return found;
          bytes += archive_rules::add_awaiting(raw, found);
        }
        begun = begun || hash == *after;
      }
    }
    return found;
  }

  expected<std::uint64_t> unfiltered_count(std::span<const std::string> sub_types) override {
    const std::scoped_lock lock(mutex_);
    const std::set<std::string> asked(sub_types.begin(), sub_types.end());
    std::uint64_t sum = 0;
    for (const auto& hash : all_->arrivals)
      if (const auto& raw = *all_->find(hash); asked.contains(raw.sub_type))
        sum += archive_rules::awaiting(raw).size();
    return sum;
  }

  expected<std::vector<std::string>> raw_sub_types() override {
    const std::scoped_lock lock(mutex_);
    std::set<std::string> found;
    for (const auto& hash : all_->arrivals) found.insert(all_->find(hash)->sub_type);
    return std::vector<std::string>(found.begin(), found.end());
  }

  expected<std::unique_ptr<archive_view>> view() override {
    const std::scoped_lock lock(mutex_);
    return make_memory_view(all_);
  }

  expected<std::optional<document>> get(const hash256& hash) override {
    const std::scoped_lock lock(mutex_);
    return make_memory_view(all_)->get(hash);
  }

  expected<void> each(const std::function<bool(const document&)>& visit) override {
    std::shared_ptr<const memory_contents> all;
    {
      const std::scoped_lock lock(mutex_);
      all = all_;
    }
    for (const auto& [hash, d] : all->documents) {
      if (!visit(d)) return {};
    }
    return {};
  }

 private:
  memory_contents& mine() {
    if (all_.use_count() > 1) all_ = std::make_shared<memory_contents>(*all_);
    return *all_;
  }

  static bool put(memory_contents& all, const document& d) {
    const auto [kept, fresh] = all.documents.emplace(d.hash, d);
    if (!fresh) return false;
    if (d.kind == itype::session) archive_rules::forget_null_times(kept->second);
    if (d.kind == itype::raw) all.arrivals.push_back(d.hash);
    return true;
  }

  static record_result write_one(memory_contents& all, const record_write& record) {
    const auto& orgid = record.raw.orgid;
    const bool made = put(all, archive_rules::fresh_raw(record.raw));
    auto& raw = all.documents.at(record.raw.hash);
    tahoe::join_submissions(raw);
    const bool joined = !made && archive_rules::add_submitter(raw, orgid, record.raw.timezone);
    if (record.filtered && !archive_rules::has_run(raw, orgid, record.filtered->filter_id)) {
      const auto again = archive_rules::at_first_run(raw, record.raw, *record.filtered);
      const auto result = as_far_as_it_fits(again ? *again : *record.filtered);
      if (result.product.usable) apply(all, result.product, orgid);
      archive_rules::record_run(raw, orgid, result);
    }
    return {record.raw.hash, !made && !joined};
  }

  /// What no other home could hold is not held here either.
  static std::optional<error> over_the_limit(const document& d) {
    const auto stored = tahoe::to_bson(tahoe::to_value(d));
    return stored ? std::nullopt : std::optional(stored.error());
  }

  /// The result, or that the record is of no use where something was made that cannot be stored.
  static filter_result as_far_as_it_fits(const filter_result& result) {
    for (const auto& d : result.product.documents) {
      const auto refused = over_the_limit(d);
      if (!refused) continue;
      filter_result useless;
      useless.filter_id = result.filter_id;
      useless.product.usable = false;
      useless.product.reason = refused->text;
      return useless;
    }
    return result;
  }

  static void apply(memory_contents& all, const tahoe::filters::product& product, const std::string& orgid) {
    for (const auto& d : product.documents) {
      if (!put(all, d) && d.kind == itype::event) archive_rules::merge_event(all.documents.at(d.hash), d);
    }
    for (const auto& change : product.sessions) {
      const auto noted = archive_rules::noted_for(change.session, orgid);
      put(all, noted ? *noted : change.session);
      auto& session = all.documents.at(change.session.hash);
      if (noted) archive_rules::merge_times(session, *noted);
      session.ref.insert(session.ref.end(), change.events.begin(), change.events.end());
      archive_rules::normalise(session.ref);
    }
  }

  std::mutex mutex_;
  std::shared_ptr<memory_contents> all_ = std::make_shared<memory_contents>();
};

}  // namespace

std::shared_ptr<archive_store> make_memory_archive() { return std::make_shared<memory_archive>(); }

}  // namespace cybexd::store
