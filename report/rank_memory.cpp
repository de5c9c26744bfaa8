#include "report/rank_memory.hpp"

#include <algorithm>
#include <cmath>
#include <list>
#include <mutex>
#include <optional>

#include "report/whole_graph.hpp"

namespace cybexd::report {
namespace {

/// A graph's share beside the arrays that `rank_graph::read_all` bounds: sums, and what arranging takes.
constexpr std::size_t parts_of_graph = 2;

store::visibility in_order(store::visibility who) {
  if (who.everything) who.orgids.clear();
  std::sort(who.orgids.begin(), who.orgids.end());
  who.orgids.erase(std::unique(who.orgids.begin(), who.orgids.end()), who.orgids.end());
  return who;
}

bool same(const store::visibility& a, const store::visibility& b) {
  return a.everything == b.everything && a.orgids == b.orgids;
}

}  // namespace

std::vector<double> event_weights(const rank_graph& graph, double now, double decay) {
  std::vector<double> out(graph.events()), by_day;
  constexpr std::size_t days_at_most = 100'000;
  for (rank_graph::index x = 0; x < out.size(); ++x) {
    const double days = std::max(0.0, std::floor((now - graph.timestamp(x)) / 86'400));
    double power = 0;
    if (days < static_cast<double>(days_at_most)) {
      const auto day = static_cast<std::size_t>(days);
      for (auto next = by_day.size(); next <= day; ++next)
        by_day.push_back(std::pow(decay, static_cast<double>(next)));
      power = by_day[day];
    } else {
      power = std::pow(decay, days);
    }
    if (graph.size_of(x) > 0) out[x] = power / static_cast<double>(graph.size_of(x));
  }
  return out;
}

std::vector<double> attribute_weights(const rank_graph& graph) {
  std::vector<double> out(graph.attributes());
  for (rank_graph::index a = 0; a < out.size(); ++a)
    out[a] = 1.0 / static_cast<double>(graph.events_of(a).size());
  return out;
}

whole_graph::sums& whole_graph::sums_at(double now, double decay) {
  auto weights = event_weights(graph_, now, decay);
  if (!sums_ || weights != weights_) {
    sums_.reset();  // before there are new ones
    sums_ = std::make_unique<sums>(graph_, weights, attribute_weights(graph_));
    weights_ = std::move(weights);
  }
  return *sums_;
}

struct rank_memory::impl {
  struct entry {
    store::visibility who;
    store::archive_version version;
    std::unique_ptr<whole_graph> graph;
  };

  std::size_t most_bytes;
  std::timed_mutex turn;
  mutable std::mutex guard;  ///< Of all below. Changed by who has the turn only.
  std::list<entry> kept;     ///< Last used first.
  uses counted;

  [[nodiscard]] std::size_t bytes() const {
    std::size_t sum = 0;
    for (const auto& one : kept) sum += one.graph->bytes();
    return sum;
  }

  whole_graph* find(const store::visibility& who, const store::archive_version& version) {
    const std::lock_guard lock(guard);
    const auto found = std::find_if(kept.begin(), kept.end(), [&](const entry& one) {
      return same(one.who, who) && one.version == version;
    });
    if (found == kept.end()) return nullptr;
    kept.splice(kept.begin(), kept, found);
    ++counted.kept;
    return found->graph.get();
  }

  /// Drops what another version of the archive made, and the graphs that were used longest ago until no more
  /// than `bytes_at_most` are kept.
  void make_room(const std::optional<store::archive_version>& version, std::size_t bytes_at_most) {
    const std::lock_guard lock(guard);
    if (version) kept.remove_if([&](const entry& one) { return one.version != *version; });
    while (!kept.empty() && bytes() > bytes_at_most) kept.pop_back();
  }

  expected<void> take_turn(const go_on& keep_going) {
    constexpr std::chrono::milliseconds look_up{50};
    while (!turn.try_lock_for(look_up))
      if (keep_going)
        if (auto good = keep_going(); !good) return good;
    return {};
  }
};

rank_memory::rank_memory(std::size_t most_bytes) : impl_(std::make_unique<impl>()) {
  impl_->most_bytes = most_bytes;
}
rank_memory::~rank_memory() = default;

expected<void> rank_memory::with_graph(const store::visibility& who, store::archive_view& view,
                                       const go_on& keep_going,
                                       const std::function<expected<void>(whole_graph&)>& use) {
  if (auto ours = impl_->take_turn(keep_going); !ours) return ours;
  const std::unique_lock turn(impl_->turn, std::adopt_lock);
  const auto version = view.version();
  if (!version) return fail(version.error());
  const auto seen = in_order(who);
  if (*version)
    if (auto* graph = impl_->find(seen, **version)) return use(*graph);
  // Half for those that are kept: a second group of users does not drop the first one's.
  impl_->make_room(*version, impl_->most_bytes / 2);
  auto read = rank_graph::read_all(seen, view, impl_->most_bytes / 2 / parts_of_graph, keep_going);
  if (!read) return fail(read.error());
  auto made = std::make_unique<whole_graph>(std::move(*read));
  auto& graph = *made;
  {
    const std::lock_guard lock(impl_->guard);
    ++impl_->counted.read;
    if (*version) impl_->kept.push_front({seen, **version, std::move(made)});
  }
  impl_->make_room(*version, impl_->most_bytes);
  return use(graph);
}

rank_memory::uses rank_memory::counted() const {
  const std::lock_guard lock(impl_->guard);
  return impl_->counted;
}

std::size_t rank_memory::bytes() const {
  const std::lock_guard lock(impl_->guard);
  return impl_->bytes();
}

}  // namespace cybexd::report
