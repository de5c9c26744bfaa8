#include "report/threatrank.hpp"

#include <algorithm>

#include "crypto/digest.hpp"
#include "report/whole_graph.hpp"

namespace cybexd::report {
namespace {

__extension__ typedef __int128 path_count;

expected<double> number_of_paths(const rank_graph& graph, rank_graph::index event, int max_edges,
                                 const go_on& keep_going) {
  const std::vector<path_count> w(graph.events(), 1), v(graph.attributes(), 1);
  const auto paths = rank_sum<path_count, path_count>(graph, w, v).total(event, max_edges, keep_going);
  if (!paths) return fail(paths.error());
  return static_cast<double>(*paths);
}

/// The rank of one event of a graph; `sums` is called only where a path leads to it.
template <class SumsAtNow>
expected<rank_result> rank_in(const rank_graph& graph, rank_graph::index event, const rank_options& options,
                              const go_on& keep_going, SumsAtNow sums) {
  const int max_edges = options.max_edges;
  rank_result out;
  if (options.count_paths) {
    const auto paths = number_of_paths(graph, event, max_edges, keep_going);
    if (!paths) return fail(paths.error());
    out.paths = *paths;
  }
  if (!graph.reaches_malicious(event, max_edges)) return out;
  const auto sum = sums().total(event, max_edges, keep_going);
  if (!sum) return fail(sum.error());
  const auto value = static_cast<double>(*sum);
  out.rank = value > 0 ? -value : 0.0;  // a sum too small for a double is no negative zero
  return out;
}

/// How many events can be looked up one by one in the time that a pass over all takes.
std::uint64_t worth_looking_up(const store::archive_view& view) {
  constexpr std::uint64_t least = 1'000, most = 40'000, pass_is_cheaper_by = 8;
  return std::clamp(view.about_events() / pass_is_cheaper_by, least, most);
}

}  // namespace

expected<rank_result> threatrank(const tahoe::hash256& event, const store::visibility& who,
                                 store::archive_view& view, double now, const rank_options& options,
                                 rank_memory& memory, const go_on& keep_going) {
  const auto unknown = [&] {
    return fail(failure::not_found, "'_hash' was \"" + crypto::to_hex(event) +
                                        "\"; it may be the hash of an event that you may see");
  };
  const auto node = view.event_node(event, who);
  if (!node) return fail(node.error());
  if (!*node) return unknown();
  const auto facts = view.facts(**node, who);
  if (!facts) return fail(facts.error());
  if (!*facts) return unknown();
  if ((*facts)->category == tahoe::category::malicious) return rank_result{-1.0, std::nullopt};

  const auto visits = options.near_visits.value_or(worth_looking_up(view));
  const auto near = rank_graph::read_near(**facts, who, view, options.max_edges, visits, keep_going);
  if (!near) return fail(near.error());
  if (*near) {
    std::optional<whole_graph::sums> sums;
    return rank_in(
        **near, 0, options, keep_going, [&]() -> auto& {
          return sums.emplace(**near, event_weights(**near, now, options.decay), attribute_weights(**near));
        });
  }
  expected<rank_result> found;
  const auto done = memory.with_graph(who, view, keep_going, [&](whole_graph& whole) -> expected<void> {
    const auto place = whole.graph().find(**node);
    if (!place) return fail(failure::corrupt, "archive: an event is missing among all events");
    found = rank_in(
        whole.graph(), *place, options,
        keep_going, [&]() -> auto& { return whole.sums_at(now, options.decay); });
    return found ? expected<void>() : fail(found.error());
  });
  if (!done) return fail(done.error());
  return found;
}

}  // namespace cybexd::report
