#include "report/threatrank.hpp"

#include <algorithm>
#include <cmath>

#include "crypto/digest.hpp"
#include "report/rank_graph.hpp"
#include "report/rank_sum.hpp"

namespace cybexd::report {
namespace {

__extension__ typedef __int128 path_count;

/// decay^d, d the event's age in whole days, never below 0.
double weight_by_age(double timestamp, double now, double decay) {
  const double days = std::max(0.0, std::floor((now - timestamp) / 86400));
  return std::pow(decay, days);
}

expected<long double> sum_of_paths(const rank_graph& graph, double now, const rank_options& options,
                                   const go_on& keep_going) {
  std::vector<double> w(graph.events()), v(graph.attributes());
  for (rank_graph::index x = 0; x < w.size(); ++x) {
    const auto size = graph.attributes_of(x).size();
    if (size > 0) w[x] = weight_by_age(graph.timestamp(x), now, options.decay) / static_cast<double>(size);
  }
  for (rank_graph::index a = 0; a < v.size(); ++a)
    v[a] = 1.0 / static_cast<double>(graph.events_of(a).size());
  return rank_sum<double, long double>(graph, std::move(w), std::move(v), keep_going)
      .total(options.max_edges);
}

expected<path_count> number_of_paths(const rank_graph& graph, const rank_options& options,
                                     const go_on& keep_going) {
  std::vector<path_count> w(graph.events(), 1), v(graph.attributes(), 1);
  return rank_sum<path_count, path_count>(graph, std::move(w), std::move(v), keep_going)
      .total(options.max_edges);
}

/// A malicious event that shares an attribute with the asked one: then there surely is a path.
bool has_malicious_neighbour(const rank_graph& graph) {
  for (auto a : graph.attributes_of(0))
    for (auto x : graph.events_of(a))
      if (graph.malicious(x)) return true;
  return false;
}

}  // namespace

expected<rank_result> threatrank(const tahoe::hash256& event, const store::visibility& who,
                                 store::archive_view& view, double now, const rank_options& options,
                                 const go_on& keep_going) {
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
  if (options.max_edges < 2) return rank_result{0.0, 0.0};

  const auto graph = rank_graph::read(**facts, who, view, options, keep_going);
  if (!graph) return fail(graph.error());
  rank_result out;
  // Integers tell a sum that is nothing from one that is almost nothing.
  if (options.count_paths || !has_malicious_neighbour(*graph)) {
    const auto paths = number_of_paths(*graph, options, keep_going);
    if (!paths) return fail(paths.error());
    out.paths = static_cast<double>(*paths);
    if (*paths == 0) return out;
  }
  const auto sum = sum_of_paths(*graph, now, options, keep_going);
  if (!sum) return fail(sum.error());
  out.rank = -static_cast<double>(*sum);
  return out;
}

}  // namespace cybexd::report
