#pragma once
// A graph with its sums at a time. Internal to report/.
#include <memory>
#include <vector>

#include "report/rank_graph.hpp"
#include "report/rank_sum.hpp"

namespace cybexd::report {

/// decay^d / |x| of each event, d its age in whole days at `now`, never below 0.
[[nodiscard]] std::vector<double> event_weights(const rank_graph& graph, double now, double decay);
/// 1 / |a| of each attribute.
[[nodiscard]] std::vector<double> attribute_weights(const rank_graph& graph);

class whole_graph {
 public:
  using sums = rank_sum<double, long double>;

  explicit whole_graph(rank_graph graph) : graph_(std::move(graph)) {}
  whole_graph(const whole_graph&) = delete;
  whole_graph& operator=(const whole_graph&) = delete;

  [[nodiscard]] const rank_graph& graph() const { return graph_; }
  /// The sums at `now`: those of the last call where no weight has changed since.
  [[nodiscard]] sums& sums_at(double now, double decay);
  /// With its sums, whether they are there or not.
  [[nodiscard]] std::size_t bytes() const { return graph_.bytes() + sums::bytes(graph_); }

 private:
  rank_graph graph_;
  std::vector<double> weights_;
  std::unique_ptr<sums> sums_;
};

}  // namespace cybexd::report
