#include "tahoe/store/memory_archive.hpp"

#include <algorithm>
#include <map>
#include <mutex>
#include <set>
#include <unordered_map>

#include "tahoe/store/archive_rules.hpp"

namespace cybexd::store {
namespace {

using tahoe::itype;

/// Everything there is. Views share it; a write copies it first while a view holds it.
struct contents {
  std::map<hash256, document> documents;
  std::vector<hash256> arrivals;  ///< Raw documents in order of arrival.

  const document* find(const hash256& hash) const {
    const auto found = documents.find(hash);
    return found == documents.end() ? nullptr : &found->second;
  }
};

bool visible(const document& event, const visibility& who) {
  return who.everything || std::find(who.orgids.begin(), who.orgids.end(), event.orgid) != who.orgids.end();
}

bool in_range(const document& event, const event_filter& filter) {
  return event.timestamp >= filter.from && event.timestamp <= filter.to && visible(event, filter.who);
}

bool holds(const std::vector<hash256>& sorted, const hash256& hash) {
  return std::binary_search(sorted.begin(), sorted.end(), hash);
}

bool passes(const document& event, const hash256& attribute, const event_filter& filter) {
  if (event.kind != itype::event || !holds(event.ref, attribute) || !in_range(event, filter)) return false;
  if (filter.category && event.category != *filter.category) return false;
  const auto context = archive_rules::context_in(event, attribute);
  switch (filter.context) {
    case context_filter::all:
      return true;
    case context_filter::unknown:
      return context == 0;
    case context_filter::benign:
      return context == 1;
    case context_filter::malicious:
      return context == 2;
  }
  return false;
}

void newest_first(std::vector<event_position>& events) {
  std::sort(events.begin(), events.end(), [](const auto& a, const auto& b) {
    return a.timestamp != b.timestamp ? a.timestamp > b.timestamp : a.hash < b.hash;
  });
}

class memory_view : public archive_view {
 public:
  explicit memory_view(std::shared_ptr<const contents> all) : all_(std::move(all)) {}

  expected<std::optional<document>> get(const hash256& hash) override {
    const auto* found = all_->find(hash);
    return found ? std::optional(*found) : std::nullopt;
  }

  expected<std::vector<document>> get_many(std::span<const hash256> hashes) override {
    std::vector<document> found;
    for (const auto& hash : hashes) {
      if (const auto* d = all_->find(hash)) found.push_back(*d);
    }
    return found;
  }

  expected<std::uint64_t> count(const hash256& attribute, const event_filter& filter) override {
    return matching(attribute, filter).size();
  }

  expected<std::vector<event_position>> page(const hash256& attribute, const event_filter& filter,
                                             std::uint64_t offset, std::size_t limit) override {
    auto events = matching(attribute, filter);
    newest_first(events);
    const auto first = static_cast<std::ptrdiff_t>(std::min<std::uint64_t>(offset, events.size()));
    events.erase(events.begin(), events.begin() + first);
    if (events.size() > limit) events.resize(limit);
    return events;
  }

  expected<std::vector<hash256>> sessions_of(const hash256& event) override {
    std::vector<hash256> sessions;
    const auto* found = all_->find(event);
    if (!found || found->kind != itype::event) return sessions;
    for (const auto& [hash, d] : all_->documents) {
      if (d.kind == itype::session && holds(d.ref, event)) sessions.push_back(hash);
    }
    return sessions;
  }

  expected<std::vector<event_position>> events_of_session(const hash256& session,
                                                          const event_filter& filter) override {
    std::vector<event_position> events;
    const auto* found = all_->find(session);
    if (!found || found->kind != itype::session) return events;
    for (const auto& hash : found->ref) {
      const auto* event = all_->find(hash);
      if (event && event->kind == itype::event && in_range(*event, filter)) {
        events.push_back({hash, event->timestamp});
      }
    }
    newest_first(events);
    return events;
  }

  expected<std::optional<node>> event_node(const hash256& event, const visibility& who) override {
    const auto* found = all_->find(event);
    if (!found || found->kind != itype::event || !visible(*found, who)) return std::nullopt;
    return number(event);
  }

  expected<std::optional<event_facts>> facts(node event, const visibility& who) override {
    number_all();
    if (event >= by_number_.size()) return std::nullopt;
    const auto* found = by_number_[event];
    if (found->kind != itype::event || !visible(*found, who)) return std::nullopt;
    return facts_of(*found);
  }

  expected<std::uint64_t> degree(node attribute, const visibility& who) override {
    std::uint64_t sum = 0;
    auto done = events_of(attribute, who, [&](const event_facts&) { return ++sum > 0; });
    if (!done) return fail(done.error());
    return sum;
  }

  expected<void> events_of(node attribute, const visibility& who,
                           const std::function<bool(const event_facts&)>& visit) override {
    number_all();
    for (const auto* d : by_number_) {
      if (d->kind != itype::event || !visible(*d, who)) continue;
      const auto f = facts_of(*d);
      const bool held = std::find(f.attributes.begin(), f.attributes.end(), attribute) != f.attributes.end();
      if (held && !visit(f)) return {};
    }
    return {};
  }

  expected<void> all_events(const visibility& who,
                            const std::function<bool(const event_facts&)>& visit) override {
    number_all();
    for (const auto* d : by_number_) {
      if (d->kind == itype::event && visible(*d, who) && !visit(facts_of(*d))) return {};
    }
    return {};
  }

  std::uint64_t rows_read() const override { return 0; }

 private:
  /// A part that is not there is one of the attributes unless the event's own data says that it is an object.
  bool is_attribute(const document& event, const hash256& part) const {
    if (const auto* stored = all_->find(part)) return stored->kind == itype::attribute;
    return !archive_rules::parts_of(event.data).objects.contains(part);
  }

  std::vector<event_position> matching(const hash256& attribute, const event_filter& filter) const {
    std::vector<event_position> events;
    for (const auto& [hash, d] : all_->documents) {
      if (passes(d, attribute, filter) && is_attribute(d, attribute)) events.push_back({hash, d.timestamp});
    }
    return events;
  }

  void number_all() {
    if (!by_number_.empty()) return;
    for (const auto& [hash, d] : all_->documents) {
      numbers_.emplace(hash, by_number_.size());
      by_number_.push_back(&d);
    }
  }

  /// Parts that are not there get numbers past those of the documents.
  node number(const hash256& hash) {
    number_all();
    return numbers_.emplace(hash, numbers_.size()).first->second;
  }

  event_facts facts_of(const document& event) {
    event_facts f;
    f.id = number(event.hash);
    f.timestamp = event.timestamp;
    f.category = event.category;
    for (const auto& hash : event.ref) {
      if (is_attribute(event, hash)) f.attributes.push_back(number(hash));
    }
    return f;
  }

  std::shared_ptr<const contents> all_;
  std::vector<const document*> by_number_;
  std::unordered_map<hash256, node> numbers_;
};

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
      if (!result.refused) result.stored = put(all, d);
      results.push_back(std::move(result));
    }
    return results;
  }

  expected<std::vector<unfiltered_record>> unfiltered(std::span<const std::string> sub_types,
                                                      const std::optional<hash256>& after,
                                                      std::size_t limit) override {
    const std::scoped_lock lock(mutex_);
    // In the order of sub_types, then of arrival.
    std::vector<unfiltered_record> found;
    const auto* last = after ? all_->find(*after) : nullptr;
    const std::set<std::string> asked(sub_types.begin(), sub_types.end());
    for (const auto& sub_type : asked) {
      if (last && sub_type < last->sub_type) continue;
      bool begun = !last || last->sub_type != sub_type;
      for (const auto& hash : all_->arrivals) {
        const auto& raw = *all_->find(hash);
        if (begun && raw.sub_type == sub_type) {
          if (found.size() >= limit) return found;
          add_unfiltered(raw, found);
        }
        begun = begun || hash == *after;
      }
    }
    return found;
  }

  expected<std::uint64_t> unfiltered_count() override {
    const std::scoped_lock lock(mutex_);
    std::uint64_t sum = 0;
    for (const auto& hash : all_->arrivals) sum += archive_rules::awaiting(*all_->find(hash)).size();
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
    return std::make_unique<memory_view>(all_);
  }

  expected<std::optional<document>> get(const hash256& hash) override {
    const std::scoped_lock lock(mutex_);
    return memory_view(all_).get(hash);
  }

  expected<void> each(const std::function<bool(const document&)>& visit) override {
    std::shared_ptr<const contents> all;
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
  contents& mine() {
    if (all_.use_count() > 1) all_ = std::make_shared<contents>(*all_);
    return *all_;
  }

  static bool put(contents& all, const document& d) {
    if (!all.documents.emplace(d.hash, d).second) return false;
    if (d.kind == itype::raw) all.arrivals.push_back(d.hash);
    return true;
  }

  static record_result write_one(contents& all, const record_write& record) {
    const auto& orgid = record.raw.orgid;
    const bool made = put(all, archive_rules::fresh_raw(record.raw));
    auto& raw = all.documents.at(record.raw.hash);
    const bool joined = !made && archive_rules::add_submitter(raw, orgid, record.raw.timezone);
    if (record.filtered && !archive_rules::has_run(raw, orgid, record.filtered->filter_id)) {
      if (record.filtered->product.usable) apply(all, record.filtered->product);
      archive_rules::record_run(raw, orgid, *record.filtered);
    }
    return {record.raw.hash, !made && !joined};
  }

  static void apply(contents& all, const tahoe::filters::product& product) {
    for (const auto& d : product.documents) {
      if (!put(all, d) && d.kind == itype::event) archive_rules::merge_event(all.documents.at(d.hash), d);
    }
    for (const auto& change : product.sessions) {
      put(all, change.session);
      auto& session = all.documents.at(change.session.hash);
      archive_rules::merge_times(session, change.session);
      session.ref.insert(session.ref.end(), change.events.begin(), change.events.end());
      archive_rules::normalise(session.ref);
    }
  }

  static void add_unfiltered(const document& raw, std::vector<unfiltered_record>& found) {
    for (const auto& [orgid, timezone] : archive_rules::awaiting(raw)) {
      unfiltered_record record{raw, orgid, timezone};
      record.raw.orgid = orgid;
      record.raw.timezone = timezone;
      found.push_back(std::move(record));
    }
  }

  std::mutex mutex_;
  std::shared_ptr<contents> all_ = std::make_shared<contents>();
};

}  // namespace

std::shared_ptr<archive_store> make_memory_archive() { return std::make_shared<memory_archive>(); }

}  // namespace cybexd::store
