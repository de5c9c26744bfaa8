// The graph of events and attributes, as a look sees it.
#include <algorithm>

#include "tahoe/store/archive_rules.hpp"
#include "tahoe/store/mongodb_archive_documents.hpp"
#include "tahoe/store/mongodb_archive_questions.hpp"
#include "tahoe/store/mongodb_archive_view.hpp"

namespace cybexd::store::mongodb_archive {
namespace {

/// Numbers take memory: about 120 bytes each.
constexpr std::size_t most_nodes = 8'000'000, attributes_at_once = 200, events_at_once = 1'000;

bool visible(const visibility& who, const std::string& orgid) {
  return who.everything || std::find(who.orgids.begin(), who.orgids.end(), orgid) != who.orgids.end();
}

}  // namespace

/// Parts of which nobody knows what they are are looked up; one that is not stored either counts as an
/// attribute.
expected<event_facts> view::facts_of(const bson_view& event) {
  auto reading = nodes_.read(event);
  if (!reading) return fail(reading.error());
  if (!reading->unsure.empty()) {
    const auto kinds = kinds_of(reading->unsure);
    if (!kinds) return fail(kinds.error());
    for (const auto& part : reading->unsure) {
      const auto kind = kinds->find(part);
      nodes_.note(part, kind == kinds->end() || kind->second == tahoe::itype::attribute);
    }
  }
  if (nodes_.count() > most_nodes)
    return fail(failure::too_large,
                "archive: more than " + std::to_string(most_nodes) + " documents within reach");
  last_orgid_ = reading->orgid;
  return nodes_.facts(std::move(*reading));
}

/// What cannot be read is left out, as `read` does.
expected<void> view::visit_events(const bson& filter, const find_options& how, std::string_view what,
                                  bool& going, const std::function<bool(const event_facts&)>& visit) {
  auto at = look_.documents();
  if (!at) return fail(at.error());
  std::unordered_set<node> seen;  // of doubles the first
  expected<void> result;
  auto found = (*at)->find(filter, how, what, [&](const bson_view& stored) {
    ++rows_;
    auto facts = facts_of(stored);
    if (!facts && facts.error().kind == failure::corrupt) {
      say_->say_once(facts.error().text + "; it is left out of answers");
      left_out_ = facts.error();
      return true;
    }
    if (!facts) {
      result = fail(facts.error());
      return false;
    }
    if (!unique_ && !seen.insert(facts->id).second) return true;
    going = visit(*facts);
    return going;
  });
  return found ? result : found;
}

expected<std::optional<node>> view::event_node(const hash256& event, const visibility& who) {
  if (sees_nothing(who)) return std::optional<node>();
  last_event_.reset();
  left_out_.reset();
  bool going = true;
  find_options how;
  how.projection = facts_only();
  auto done = visit_events(events_among({&event, 1}, who), how, "archive: event", going, [&](const auto& f) {
    last_event_ = known_event{f, last_orgid_};
    return false;
  });
  if (!done) return fail(done.error());
  if (!last_event_ && left_out_) return fail(*left_out_);  // it is what was asked for
  return last_event_ ? std::optional<node>(last_event_->facts.id) : std::nullopt;
}

expected<std::optional<event_facts>> view::facts(node event, const visibility& who) {
  if (!last_event_ || last_event_->facts.id != event) {
    const auto* hash = nodes_.hash_of(event);
    if (hash == nullptr) return std::optional<event_facts>();
    const auto found = event_node(hash256(*hash), who);
    if (!found) return fail(found.error());
    if (!*found) return std::optional<event_facts>();
  }
  if (!visible(who, last_event_->orgid)) return std::optional<event_facts>();
  return std::optional<event_facts>(last_event_->facts);
}

std::vector<hash256> view::hashes_of(std::span<const node> attributes) const {
  std::vector<hash256> hashes;
  for (const auto attribute : attributes)
    if (const auto* hash = nodes_.hash_of(attribute)) hashes.push_back(*hash);
  archive_rules::normalise(hashes);
  return hashes;
}

expected<std::uint64_t> view::reach(std::span<const node> attributes, const visibility& who) {
  if (sees_nothing(who)) return 0;
  auto at = look_.documents();
  if (!at) return fail(at.error());
  const auto hashes = hashes_of(attributes);
  std::uint64_t sum = 0;
  for (std::size_t from = 0; from < hashes.size(); from += attributes_at_once) {
    const auto some = std::span(hashes).subspan(from, std::min(attributes_at_once, hashes.size() - from));
    bson_list stages;
    stages.push(bson().add("$match", events_with_any(some, who)));
    if (!unique_) stages.push(bson().add("$group", bson().add("_id", "$_hash")));
    stages.push(bson().add("$count", "n"));
    auto done = (*at)->aggregate(stages, "archive: reach", [&](const bson_view& answer) {
      ++rows_;
      sum += static_cast<std::uint64_t>(answer.find("n").integer().value_or(0));
      return true;
    });
    if (!done) return fail(done.error());
  }
  return sum;
}

expected<void> view::events_of(std::span<const node> attributes, const visibility& who,
                               const std::function<bool(const event_facts&)>& visit) {
  if (sees_nothing(who)) return {};
  const auto hashes = hashes_of(attributes);
  find_options how;
  how.projection = facts_only();
  how.batch = static_cast<std::uint32_t>(events_at_once);
  bool going = true;
  for (std::size_t from = 0; going && from < hashes.size(); from += attributes_at_once) {
    const auto some = std::span(hashes).subspan(from, std::min(attributes_at_once, hashes.size() - from));
    auto done = visit_events(events_with_any(some, who), how, "archive: events", going, visit);
    if (!done) return done;
  }
  return {};
}

/// Those that have numbers already come first, since the others get larger ones.
expected<void> view::all_events(const visibility& who, const std::function<bool(const event_facts&)>& visit) {
  if (sees_nothing(who)) return {};
  const std::vector<node> numbered = nodes_.events();
  const auto first_new = nodes_.count();
  bool going = true;
  if (auto done = visit_numbered(numbered, who, going, visit); !done || !going) return done;
  find_options how;
  how.projection = facts_only();
  how.batch = static_cast<std::uint32_t>(events_at_once);
  how.without_limit_of_time = true;
  return visit_events(mongodb_archive::events_of(who), how, "archive: all events", going,
                      [&](const event_facts& event) { return event.id < first_new || visit(event); });
}

expected<void> view::visit_numbered(std::span<const node> numbered, const visibility& who, bool& going,
                                    const std::function<bool(const event_facts&)>& visit) {
  find_options how;
  how.projection = facts_only();
  for (std::size_t from = 0; going && from < numbered.size(); from += events_at_once) {
    const auto some = numbered.subspan(from, std::min(events_at_once, numbered.size() - from));
    std::vector<event_facts> found;
    const auto keep = [&](const event_facts& event) {
      found.push_back(event);
      return true;
    };
    auto done = visit_events(events_among(hashes_of(some), who), how, "archive: all events", going, keep);
    if (!done) return done;
    std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
    for (std::size_t i = 0; going && i < found.size(); ++i) going = visit(found[i]);
  }
  return {};
}

}  // namespace cybexd::store::mongodb_archive
