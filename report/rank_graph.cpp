#include "report/rank_graph.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <unordered_set>

namespace cybexd::report {

/// Takes events in, and arranges them at the end.
class rank_graph::reader {
 public:
  /// Node numbers below `dense` have a place in a table: quick, but as large as the numbers, however few
  /// attributes there are.
  explicit reader(store::node dense) : most_dense_(dense) {}

  /// Numbers of attributes as they come.
  [[nodiscard]] const std::vector<store::node>& attribute_nodes() const { return attribute_nodes_; }

  void add(const store::event_facts& event) {
    into_.nodes_.push_back(event.id);
    into_.timestamps_.push_back(event.timestamp);
    into_.malicious_.push_back(event.category == tahoe::category::malicious ? 1 : 0);
    into_.sizes_.push_back(static_cast<index>(event.attributes.size()));
    for (auto node : event.attributes) {
      const auto number = attribute_index(node);
      into_.event_attributes_.push_back(number);
      if (number == degrees_.size()) degrees_.push_back(0);
      ++degrees_[number];
    }
    into_.event_starts_.push_back(static_cast<index>(into_.event_attributes_.size()));
  }

  /// False: no more fits into `most_bytes`, or into the numbers.
  [[nodiscard]] bool has_room(std::size_t most_bytes) const {
    constexpr std::size_t of_event = 40, of_edge = 8, of_attribute = 16, of_sparse = 48;
    const auto edges = into_.event_attributes_.size();
    return edges < std::numeric_limits<index>::max() - (1u << 20) &&
           into_.nodes_.size() * of_event + edges * of_edge + attribute_nodes_.size() * of_attribute +
                   dense_.size() * sizeof(index) + sparse_.size() * of_sparse <=
               most_bytes;
  }

  rank_graph finish() {
    dense_ = {};
    sparse_ = {};
    attribute_nodes_ = {};
    number_by_degree();
    turn();
    return std::move(into_);
  }

 private:
  [[nodiscard]] index attribute_index(store::node node) {
    index* place = nullptr;
    if (node < most_dense_) {
      if (node >= dense_.size())
        dense_.resize(static_cast<std::size_t>(std::min(most_dense_, node + node / 8 + 1024)), 0);
      place = &dense_[static_cast<std::size_t>(node)];
    } else {
      place = &sparse_[node];
    }
    if (*place == 0) {
      attribute_nodes_.push_back(node);
      *place = static_cast<index>(attribute_nodes_.size());
    }
    return *place - 1;
  }

  /// New numbers for attributes that more than one event holds; the others go.
  void number_by_degree() {
    std::vector<index> order;
    for (index a = 0; a < degrees_.size(); ++a)
      if (degrees_[a] > 1) order.push_back(a);
    std::sort(order.begin(), order.end(), [&](index a, index b) {
      return degrees_[a] != degrees_[b] ? degrees_[a] < degrees_[b] : a < b;
    });
    constexpr index none = std::numeric_limits<index>::max();
    std::vector<index> number(degrees_.size(), none);
    into_.attribute_starts_.assign(order.size() + 1, 0);
    for (index i = 0; i < order.size(); ++i) {
      number[order[i]] = i;
      into_.attribute_starts_[i + 1] = into_.attribute_starts_[i] + degrees_[order[i]];
    }
    degrees_ = {};
    auto& edges = into_.event_attributes_;
    std::size_t kept = 0, at = 0;
    for (std::size_t event = 0; event < into_.nodes_.size(); ++event) {
      const auto begin = kept;
      for (const std::size_t end = into_.event_starts_[event + 1]; at < end; ++at)
        if (number[edges[at]] != none) edges[kept++] = number[edges[at]];
      std::sort(edges.begin() + static_cast<std::ptrdiff_t>(begin),
                edges.begin() + static_cast<std::ptrdiff_t>(kept));
      into_.event_starts_[event + 1] = static_cast<index>(kept);
    }
    edges.resize(kept);
    edges.shrink_to_fit();
  }

  /// From event -> attributes to attribute -> events, by counting.
  void turn() {
    into_.attribute_events_.resize(into_.event_attributes_.size());
    std::vector<index> next(into_.attribute_starts_.begin(), into_.attribute_starts_.end());
    for (index event = 0; event < into_.events(); ++event)
      for (auto attribute : into_.attributes_of(event)) into_.attribute_events_[next[attribute]++] = event;
  }

  rank_graph into_;
  store::node most_dense_;
  std::vector<store::node> attribute_nodes_;
  std::vector<index> degrees_;
  std::unordered_map<store::node, index> sparse_;  ///< Index + 1 of an attribute with a large node number.
  std::vector<index> dense_;                       ///< The same for small ones; 0 is none.
};

/// Attribute by attribute, as far as paths lead.
class rank_graph::near_reader {
 public:
  near_reader(reader& into, const store::visibility& who, store::archive_view& view, std::uint64_t visits,
              leash& hold)
      : into_(into), who_(who), view_(view), visits_(visits), hold_(hold) {}

  /// False where the attributes from `begin` on have more events than may still be visited.
  [[nodiscard]] expected<bool> fits(std::size_t begin) {
    return each_part(begin, [&](std::span<const store::node> some) -> expected<bool> {
      const auto reach = view_.reach(some, who_);
      if (!reach) return fail(reach.error());
      if (*reach > visits_) return false;
      visits_ -= *reach;
      if (auto good = hold_.step(64 * some.size()); !good) return fail(good.error());
      return true;
    });
  }

  [[nodiscard]] expected<bool> read(std::size_t begin) {
    return each_part(begin, [&](std::span<const store::node> some) -> expected<bool> {
      expected<void> going;
      const auto visited = view_.events_of(some, who_, [&](const store::event_facts& event) {
        if (known_.insert(event.id).second) into_.add(event);
        going = hold_.step(8);
        return going.has_value();
      });
      if (!visited) return fail(visited.error());
      if (!going) return fail(going.error());
      return true;
    });
  }

  void know(store::node event) { known_.insert(event); }

 private:
  /// Attributes are asked for by so many, since a store may be a round trip away.
  static constexpr std::size_t at_once = 256;

  /// Those that are there now, not those that come in meanwhile; until one part says false.
  template <class Part>
  [[nodiscard]] expected<bool> each_part(std::size_t begin, Part part) {
    const std::vector<store::node> all(into_.attribute_nodes().begin() + static_cast<std::ptrdiff_t>(begin),
                                       into_.attribute_nodes().end());
    for (std::size_t at = 0; at < all.size(); at += at_once) {
      const auto good = part(std::span(all).subspan(at, std::min(at_once, all.size() - at)));
      if (!good || !*good) return good;
    }
    return true;
  }

  reader& into_;
  const store::visibility& who_;
  store::archive_view& view_;
  std::uint64_t visits_;
  leash& hold_;
  std::unordered_set<store::node> known_;
};

expected<std::optional<rank_graph>> rank_graph::read_near(const store::event_facts& start,
                                                          const store::visibility& who,
                                                          store::archive_view& view, int max_edges,
                                                          std::uint64_t most_visits,
                                                          const go_on& keep_going) {
  reader into(0);
  leash hold(keep_going);
  near_reader near(into, who, view, most_visits, hold);
  into.add(start);
  near.know(start.id);
  std::size_t read_attributes = 0;  // the events of these are there
  for (int edges = 2; edges <= max_edges; edges += 2) {
    const auto frontier = into.attribute_nodes().size();
    const auto fits = near.fits(read_attributes);
    if (!fits) return fail(fits.error());
    if (!*fits) return std::nullopt;
    if (auto read = near.read(read_attributes); !read) return fail(read.error());
    read_attributes = frontier;
  }
  return std::optional(into.finish());
}

expected<rank_graph> rank_graph::read_all(const store::visibility& who, store::archive_view& view,
                                          std::size_t most_bytes, const go_on& keep_going) {
  constexpr store::node table_of_64_mib = 1u << 24;
  reader into(table_of_64_mib);
  std::optional<error> stopped;
  leash hold(keep_going);
  const auto visited = view.all_events(who, [&](const store::event_facts& event) {
    into.add(event);
    if (!into.has_room(most_bytes))
      stopped = error{failure::too_large, "more events lie within reach than this server ranks at once"};
    if (auto good = hold.step(8); !good) stopped = good.error();
    return !stopped;
  });
  if (!visited) return fail(visited.error());
  if (stopped) return fail(*stopped);
  return into.finish();
}

std::optional<rank_graph::index> rank_graph::find(store::node event) const {
  const auto at = std::lower_bound(nodes_.begin(), nodes_.end(), event);
  if (at == nodes_.end() || *at != event) return std::nullopt;
  return static_cast<index>(at - nodes_.begin());
}

bool rank_graph::reaches_malicious(index event, int max_edges) const {
  // The shortest way is a path, so nothing needs to be kept apart.
  std::vector<bool> seen_events(events()), seen_attributes(attributes());
  std::vector<index> last{event}, next;
  seen_events[event] = true;
  for (int edges = 2; edges <= max_edges && !last.empty(); edges += 2) {
    next.clear();
    for (auto from : last)
      for (auto a : attributes_of(from)) {
        if (seen_attributes[a]) continue;
        seen_attributes[a] = true;
        for (auto x : events_of(a)) {
          if (malicious(x)) return true;
          if (!seen_events[x]) next.push_back(x);
          seen_events[x] = true;
        }
      }
    last.swap(next);
  }
  return false;
}

std::size_t rank_graph::bytes() const {
  const auto of = [](const auto& v) { return v.capacity() * sizeof(v[0]); };
  return of(nodes_) + of(timestamps_) + of(malicious_) + of(sizes_) + of(event_starts_) +
         of(attribute_starts_) + of(event_attributes_) + of(attribute_events_);
}

}  // namespace cybexd::report
