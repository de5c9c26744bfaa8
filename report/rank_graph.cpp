#include "report/rank_graph.hpp"

#include <algorithm>
#include <numeric>
#include <unordered_set>

namespace cybexd::report {

rank_graph::index rank_graph::attribute_index(store::node node) {
  constexpr store::node largest_dense = 1u << 25;
  index* place = nullptr;
  if (node < largest_dense) {
    if (node >= dense_.size()) dense_.resize(static_cast<std::size_t>(node + node / 8 + 1024), 0);
    place = &dense_[static_cast<std::size_t>(node)];
  } else {
    place = &sparse_[node];
  }
  if (*place == 0) {
    nodes_.push_back(node);
    *place = static_cast<index>(nodes_.size());
  }
  return *place - 1;
}

void rank_graph::add(const store::event_facts& event) {
  timestamps_.push_back(event.timestamp);
  malicious_.push_back(event.category == tahoe::category::malicious ? 1 : 0);
  for (auto node : event.attributes) event_attributes_.push_back(attribute_index(node));
  event_starts_.push_back(event_attributes_.size());
}

/// Attributes are asked for by so many, since a store may be a round trip away.
constexpr std::size_t attributes_at_once = 256;

/// False when it gets too much: then nothing of what was read is of use.
expected<bool> rank_graph::read_near(const store::event_facts& start, const store::visibility& who,
                                     store::archive_view& view, const rank_options& options,
                                     const go_on& keep_going) {
  std::unordered_set<store::node> known{start.id};
  add(start);
  std::uint64_t room = options.local_events;
  leash hold(keep_going);
  std::vector<store::node> frontier = nodes_;
  for (int edges = 2; edges <= options.max_edges; edges += 2) {
    const auto read_until = nodes_.size();
    const auto fits = fits_in(room, frontier, who, view, hold);
    if (!fits || !*fits) return fits;
    if (auto read = read_events_of(frontier, known, who, view, hold); !read) return fail(read.error());
    frontier.assign(nodes_.begin() + static_cast<std::ptrdiff_t>(read_until), nodes_.end());
  }
  return true;
}

/// Takes what the attributes' events need from the room, if there is enough.
expected<bool> rank_graph::fits_in(std::uint64_t& room, std::span<const store::node> attributes,
                                   const store::visibility& who, store::archive_view& view, leash& hold) {
  while (!attributes.empty()) {
    const auto some = attributes.first(std::min(attributes_at_once, attributes.size()));
    const auto reach = view.reach(some, who);
    if (!reach) return fail(reach.error());
    if (*reach > room) return false;
    room -= *reach;
    if (auto good = hold.step(64 * some.size()); !good) return fail(good.error());
    attributes = attributes.subspan(some.size());
  }
  return true;
}

expected<void> rank_graph::read_events_of(std::span<const store::node> attributes,
                                          std::unordered_set<store::node>& known,
                                          const store::visibility& who, store::archive_view& view,
                                          leash& hold) {
  std::optional<error> stopped;
  while (!attributes.empty()) {
    const auto some = attributes.first(std::min(attributes_at_once, attributes.size()));
    const auto visited = view.events_of(some, who, [&](const store::event_facts& event) {
      if (known.insert(event.id).second) add(event);
      auto good = hold.step(8);
      if (!good) stopped = good.error();
      return good.has_value();
    });
    if (!visited) return fail(visited.error());
    if (stopped) return fail(*stopped);
    attributes = attributes.subspan(some.size());
  }
  return {};
}

expected<void> rank_graph::read_all(const store::event_facts& start, const store::visibility& who,
                                    store::archive_view& view, const go_on& keep_going) {
  add(start);
  std::optional<error> stopped;
  leash hold(keep_going);
  const auto visited = view.all_events(who, [&](const store::event_facts& event) {
    if (event.id != start.id) add(event);
    auto good = hold.step(8);
    if (!good) stopped = good.error();
    if (event_attributes_.size() > UINT32_MAX - 1'000'000u)
      stopped = error{failure::too_large, "the archive is too large for this report"};
    return !stopped;
  });
  if (!visited) return fail(visited.error());
  if (stopped) return fail(*stopped);
  return {};
}

void rank_graph::number_by_degree() {
  std::vector<index> degree(nodes_.size(), 0), order(nodes_.size()), number(nodes_.size());
  for (auto attribute : event_attributes_) ++degree[attribute];
  std::iota(order.begin(), order.end(), index{0});
  std::stable_sort(order.begin(), order.end(), [&](index a, index b) { return degree[a] < degree[b]; });
  for (index i = 0; i < order.size(); ++i) number[order[i]] = i;
  for (auto& attribute : event_attributes_) attribute = number[attribute];
  for (index event = 0; event < events(); ++event)
    std::sort(event_attributes_.begin() + static_cast<std::ptrdiff_t>(event_starts_[event]),
              event_attributes_.begin() + static_cast<std::ptrdiff_t>(event_starts_[event + 1]));
}

/// From event -> attributes to attribute -> events, by counting.
void rank_graph::turn() {
  number_by_degree();
  attribute_starts_.assign(nodes_.size() + 1, 0);
  for (auto attribute : event_attributes_) ++attribute_starts_[attribute + 1];
  for (std::size_t i = 1; i < attribute_starts_.size(); ++i) attribute_starts_[i] += attribute_starts_[i - 1];
  attribute_events_.resize(event_attributes_.size());
  auto next = attribute_starts_;
  for (index event = 0; event < events(); ++event)
    for (auto attribute : attributes_of(event)) attribute_events_[next[attribute]++] = event;
}

expected<rank_graph> rank_graph::read(const store::event_facts& start, const store::visibility& who,
                                      store::archive_view& view, const rank_options& options,
                                      const go_on& keep_going) {
  rank_graph graph;
  const auto near = graph.read_near(start, who, view, options, keep_going);
  if (!near) return fail(near.error());
  if (!*near) {
    graph = rank_graph();
    if (auto all = graph.read_all(start, who, view, keep_going); !all) return fail(all.error());
  }
  graph.dense_ = {};
  graph.sparse_ = {};
  graph.turn();
  return graph;
}

}  // namespace cybexd::report
