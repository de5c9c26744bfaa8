#include "tahoe/store/memory_archive_view.hpp"

#include <algorithm>
#include <unordered_map>

#include "tahoe/store/archive_rules.hpp"

namespace cybexd::store {
namespace {

using tahoe::itype;

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
  explicit memory_view(std::shared_ptr<const memory_contents> all) : all_(std::move(all)) {}

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

  expected<std::vector<hash256>> sessions_of(std::span<const hash256> events) override {
    std::vector<hash256> sessions;
    const auto held = [&](const document& session) {
      return std::any_of(events.begin(), events.end(), [&](const hash256& event) {
        const auto* found = all_->find(event);
        return found && found->kind == itype::event && holds(session.ref, event);
      });
    };
    for (const auto& [hash, d] : all_->documents) {
      if (d.kind == itype::session && held(d)) sessions.push_back(hash);
    }
    return sessions;
  }

  expected<std::vector<event_position>> events_of_sessions(std::span<const hash256> sessions,
                                                           const event_filter& filter) override {
    std::vector<hash256> members;
    for (const auto& session : sessions) {
      const auto* found = all_->find(session);
      if (found && found->kind == itype::session)
        members.insert(members.end(), found->ref.begin(), found->ref.end());
    }
    archive_rules::normalise(members);
    std::vector<event_position> events;
    for (const auto& hash : members) {
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

  expected<std::uint64_t> reach(std::span<const node> attributes, const visibility& who) override {
    std::uint64_t sum = 0;
    auto done = events_of(attributes, who, [&](const event_facts&) { return ++sum > 0; });
    if (!done) return fail(done.error());
    return sum;
  }

  expected<void> events_of(std::span<const node> attributes, const visibility& who,
                           const std::function<bool(const event_facts&)>& visit) override {
    number_all();
    for (const auto* d : by_number_) {
      if (d->kind != itype::event || !visible(*d, who)) continue;
      const auto f = facts_of(*d);
      const bool held = std::find_first_of(f.attributes.begin(), f.attributes.end(), attributes.begin(),
                                           attributes.end()) != f.attributes.end();
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

  std::shared_ptr<const memory_contents> all_;
  std::vector<const document*> by_number_;
  std::unordered_map<hash256, node> numbers_;
};

}  // namespace

std::unique_ptr<archive_view> make_memory_view(std::shared_ptr<const memory_contents> all) {
  return std::make_unique<memory_view>(std::move(all));
}

}  // namespace cybexd::store
