#pragma once
// The closed form of ThreatRank over a graph in arrays, for any kind of number: long double gives the rank,
// integers with all weights 1 the number of paths.
//
//   w(x), m(x)  the weight of an event, and the same if it is malicious, else 0        v(a)  the weight of an
//   attribute M(a)   = sum of m(x) over x in a                      malicious weight at an attribute S(x)   =
//   sum of v(a) (M(a) - m(x)) over a in x        all ways one step back from x, not to x itself q(x,a) = w(x)
//   (S(x) - v(a) (M(a) - m(x)))             the same, not through a Q(a)   = sum of q(x,a) over x in a C(a,b)
//   = sum of w(x) over x in both a and b
//
// over all simple paths with
//   2 edges  P1 = sum over a in e of v(a) M(a)
//   4 edges  P2 = sum over a in e, x in a, x != e of v(a) q(x,a)
//   6 edges  P3 = sum over a3 in e, x2 in a3, x2 != e, a2 in x2, a2 != a3 of v(a3) w(x2) v(a2) (T1 - T3 -
//   m(x2) T4)
//     T1 = Q(a2) - q(x2,a2) - [a2 in e] q(e,a2)
//     T3 = v(a3) (R(a2) - r(x2) - [a2 in e] r(e)),  r(x) = w(x) (M(a3) - m(x)),  R(b) = sum of r(x) over x in
//     a3 and b T4 = sum over a1 in x2, a1 != a2, a3 of v(a1) (C(a1,a2) - w(x2) - [a1, a2 in e] w(e))
//
// Every path that is taken away again (it is not simple) has a shorter simple one of at least its value in
// the sum, so the differences lose no digits of the whole. C is never stored: for each a3 and a2 the sum over
// x2 and a1 of v(a1) C(a1,a2) is one pass over a2's events, with K(b) the weight that the malicious x2 give
// to attribute b.
#include <algorithm>
#include <vector>

#include "report/go_on.hpp"
#include "report/rank_graph.hpp"

namespace cybexd::report {

template <class Number>
class rank_sum {
 public:
  using index = rank_graph::index;

  /// `event_weight` for each event, `attribute_weight` for each attribute.
  rank_sum(const rank_graph& graph, std::vector<Number> event_weight, std::vector<Number> attribute_weight,
           const go_on& keep_going)
      : graph_(graph), w_(std::move(event_weight)), v_(std::move(attribute_weight)), hold_(keep_going) {}

  /// The sum of all paths with up to `max_edges` edges to event 0, which is not malicious.
  [[nodiscard]] expected<Number> total(int max_edges) {
    prepare();
    Number sum{};
    for (auto a : graph_.attributes_of(e)) sum += v_[a] * malicious_at_[a];
    for (int edges = 4; edges <= max_edges && edges <= 6; edges += 2) {
      if (edges == 6) prepare_six();
      for (auto a : graph_.attributes_of(e)) {
        const auto part = edges == 4 ? four_edges(a) : six_edges(a);
        if (!part) return part;
        sum += *part;
      }
    }
    return sum;
  }

 private:
  static constexpr index e = 0;

  [[nodiscard]] Number m(index x) const { return graph_.malicious(x) ? w_[x] : Number{}; }
  [[nodiscard]] Number q(index x, index a) const {
    return w_[x] * (back_[x] - v_[a] * (malicious_at_[a] - m(x)));
  }
  [[nodiscard]] bool in_e(index a) const { return in_e_[a] != 0; }

  void prepare() {
    malicious_at_.assign(graph_.attributes(), Number{});
    back_.assign(graph_.events(), Number{});
    in_e_.assign(graph_.attributes(), 0);
    for (auto a : graph_.attributes_of(e)) in_e_[a] = 1;
    for (index x = 0; x < graph_.events(); ++x)
      if (graph_.malicious(x))
        for (auto a : graph_.attributes_of(x)) malicious_at_[a] += w_[x];
    for (index x = 0; x < graph_.events(); ++x)
      for (auto a : graph_.attributes_of(x)) back_[x] += v_[a] * (malicious_at_[a] - m(x));
  }

  void prepare_six() {
    through_.assign(graph_.attributes(), Number{});
    from_third_.assign(graph_.attributes(), Number{});
    given_.assign(graph_.attributes(), Number{});
    for (index x = 0; x < graph_.events(); ++x)
      for (auto a : graph_.attributes_of(x)) through_[a] += q(x, a);
  }

  [[nodiscard]] expected<Number> four_edges(index a) {
    Number sum{};
    for (auto x : graph_.events_of(a)) {
      if (x != e) sum += q(x, a);
      if (auto good = hold_.step(); !good) return fail(good.error());
    }
    return v_[a] * sum;
  }

  [[nodiscard]] Number r(index x, index a3) const { return w_[x] * (malicious_at_[a3] - m(x)); }

  [[nodiscard]] expected<Number> six_edges(index a3) {
    for (auto x : graph_.events_of(a3))
      for (auto b : graph_.attributes_of(x)) from_third_[b] += r(x, a3);
    Number sum{};
    for (auto x2 : graph_.events_of(a3)) {
      if (x2 == e) continue;
      Number inner{};
      for (auto a2 : graph_.attributes_of(x2)) {
        if (a2 == a3 || graph_.events_of(a2).size() < 2) continue;
        Number t1 = through_[a2] - q(x2, a2);
        Number t3 = from_third_[a2] - r(x2, a3);
        if (in_e(a2)) {
          t1 -= q(e, a2);
          t3 -= r(e, a3);
        }
        inner += v_[a2] * (t1 - v_[a3] * t3);
      }
      sum += w_[x2] * inner;
      if (auto good = hold_.step(graph_.attributes_of(x2).size() + 1); !good) return fail(good.error());
    }
    for (auto x : graph_.events_of(a3))
      for (auto b : graph_.attributes_of(x)) from_third_[b] = Number{};
    const auto again = from_the_second(a3);
    if (!again) return again;
    return v_[a3] * (sum - *again);
  }

  struct visit {
    index attribute, event;
  };

  /// The paths that start at x2 itself: sum over malicious x2 in a3, a2 in x2, of w(x2) v(a2) m(x2) T4.
  [[nodiscard]] expected<Number> from_the_second(index a3) {
    std::vector<visit> visits;
    for (auto x2 : graph_.events_of(a3)) {
      if (x2 == e || !graph_.malicious(x2)) continue;
      for (auto a2 : graph_.attributes_of(x2))
        if (a2 != a3 && graph_.events_of(a2).size() > 1) visits.push_back({a2, x2});
    }
    std::sort(visits.begin(), visits.end(), [](const visit& a, const visit& b) {
      return a.attribute != b.attribute ? a.attribute < b.attribute : a.event < b.event;
    });
    Number sum{};
    for (std::size_t from = 0; from < visits.size();) {
      auto to = from;
      while (to < visits.size() && visits[to].attribute == visits[from].attribute) ++to;
      const auto part = from_the_second_by(a3, std::span(visits).subspan(from, to - from));
      if (!part) return part;
      sum += *part;
      from = to;
    }
    return sum;
  }

  [[nodiscard]] expected<Number> from_the_second_by(index a3, std::span<const visit> visits) {
    const auto a2 = visits.front().attribute;
    Number away{};
    for (const auto& [a, x2] : visits) {
      const Number weight = w_[x2] * m(x2);
      for (auto b : graph_.attributes_of(x2)) {
        if (b == a2 || b == a3) continue;
        given_[b] += weight * v_[b];
        away += weight * v_[b] * w_[x2];
        if (in_e(b) && in_e(a2)) away += weight * v_[b] * w_[e];
      }
    }
    Number sum{};
    for (auto x : graph_.events_of(a2)) {
      Number taken{};
      for (auto b : graph_.attributes_of(x)) taken += given_[b];
      sum += w_[x] * taken;
      if (auto good = hold_.step(graph_.attributes_of(x).size()); !good) return fail(good.error());
    }
    for (const auto& [a, x2] : visits)
      for (auto b : graph_.attributes_of(x2)) given_[b] = Number{};
    return v_[a2] * (sum - away);
  }

  const rank_graph& graph_;
  std::vector<Number> w_, v_;
  leash hold_;
  std::vector<Number> malicious_at_, back_, through_;  ///< M, S, Q
  std::vector<Number> from_third_, given_;             ///< R and K, zero between uses
  std::vector<std::uint8_t> in_e_;
};

}  // namespace cybexd::report
