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
// the sum, so the differences lose no digits of the whole. C is never stored: the part with T4, summed over
// all a3 and x2 for one a2, is one pass over a2's events, with K(b) the weight that the malicious x2 in a2
// give to their attribute b.
#include <span>
#include <vector>

#include "report/go_on.hpp"
#include "report/rank_graph.hpp"

namespace cybexd::report {

/// `Stored` is what arrays hold, `Sum` what is added up in: at least as wide.
template <class Stored, class Sum>
class rank_sum {
 public:
  using index = rank_graph::index;

  /// `event_weight` for each event, `attribute_weight` for each attribute.
  rank_sum(const rank_graph& graph, std::vector<Stored> event_weight, std::vector<Stored> attribute_weight,
           const go_on& keep_going)
      : graph_(graph), w_(std::move(event_weight)), v_(std::move(attribute_weight)), hold_(keep_going) {}

  /// The sum of all paths with up to `max_edges` edges to event 0, which is not malicious.
  [[nodiscard]] expected<Sum> total(int max_edges) {
    if (auto ready = prepare(); !ready) return fail(ready.error());
    Sum sum{};
    for (auto a : graph_.attributes_of(e)) sum += Sum{v_[a]} * malicious_at_[a];
    if (max_edges >= 4)
      for (auto a : graph_.attributes_of(e)) {
        const auto part = four_edges(a);
        if (!part) return part;
        sum += *part;
      }
    if (max_edges < 6) return sum;
    if (auto ready = prepare_six(); !ready) return fail(ready.error());
    for (auto a : graph_.attributes_of(e)) {
      const auto part = six_edges(a);
      if (!part) return part;
      sum += *part;
    }
    const auto again = from_the_second();
    if (!again) return again;
    return sum - *again;
  }

 private:
  static constexpr index e = 0;

  [[nodiscard]] Stored m(index x) const { return graph_.malicious(x) ? w_[x] : Stored{}; }
  /// What comes back from attribute a to its event x, not from x itself.
  [[nodiscard]] Sum back_by(index x, index a) const { return Sum{v_[a]} * (Sum{malicious_at_[a]} - m(x)); }
  [[nodiscard]] Sum q(index x, index a) const { return w_[x] * (Sum{back_[x]} - back_by(x, a)); }
  [[nodiscard]] bool in_e(index a) const { return in_e_[a] != 0; }

  [[nodiscard]] expected<void> prepare() {
    malicious_at_.assign(graph_.attributes(), Stored{});
    back_.assign(graph_.events(), Stored{});
    in_e_.assign(graph_.attributes(), 0);
    for (auto a : graph_.attributes_of(e)) in_e_[a] = 1;
    for (index a = 0; a < graph_.attributes(); ++a) {
      Sum sum{};
      for (auto x : graph_.events_of(a)) sum += m(x);
      malicious_at_[a] = static_cast<Stored>(sum);
      if (auto good = hold_.step(graph_.events_of(a).size()); !good) return good;
    }
    for (index x = 0; x < graph_.events(); ++x) {
      Sum sum{};
      for (auto a : graph_.attributes_of(x)) sum += back_by(x, a);
      back_[x] = static_cast<Stored>(sum);
      if (auto good = hold_.step(graph_.attributes_of(x).size()); !good) return good;
    }
    return {};
  }

  [[nodiscard]] expected<void> prepare_six() {
    through_.assign(graph_.attributes(), Stored{});
    from_third_.assign(graph_.attributes(), Sum{});
    given_.assign(graph_.attributes(), Sum{});
    for (index a = 0; a < graph_.attributes(); ++a) {
      Sum sum{};
      for (auto x : graph_.events_of(a)) sum += q(x, a);
      through_[a] = static_cast<Stored>(sum);
      if (auto good = hold_.step(graph_.events_of(a).size()); !good) return good;
    }
    return {};
  }

  [[nodiscard]] expected<Sum> four_edges(index a) {
    Sum sum{};
    for (auto x : graph_.events_of(a)) {
      if (x != e) sum += q(x, a);
      if (auto good = hold_.step(); !good) return fail(good.error());
    }
    return v_[a] * sum;
  }

  [[nodiscard]] Sum r(index x, index a3) const { return w_[x] * (Sum{malicious_at_[a3]} - m(x)); }

  /// All of P3 by way of a3 but for T4.
  [[nodiscard]] expected<Sum> six_edges(index a3) {
    for (auto x : graph_.events_of(a3))
      for (auto b : graph_.attributes_of(x)) from_third_[b] += r(x, a3);
    Sum sum{};
    for (auto x2 : graph_.events_of(a3)) {
      if (x2 == e) continue;
      const Sum r_x2 = r(x2, a3);
      Sum inner{};
      for (auto a2 : graph_.attributes_of(x2)) {
        if (a2 == a3 || graph_.events_of(a2).size() < 2) continue;
        Sum t1 = Sum{through_[a2]} - q(x2, a2);
        Sum t3 = from_third_[a2] - r_x2;
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
      for (auto b : graph_.attributes_of(x)) from_third_[b] = Sum{};
    return v_[a3] * sum;
  }

  /// The paths that start at x2 itself: sum over a3 in e, malicious x2 in a3, a2 in x2, of v(a3) w(x2) v(a2)
  /// m(x2) T4.
  [[nodiscard]] expected<Sum> from_the_second() {
    std::vector<Stored> to_e(graph_.events(), Stored{});  // of malicious x2: sum of v(a3) over a3 in x2 and e
    for (auto a3 : graph_.attributes_of(e))
      for (auto x2 : graph_.events_of(a3))
        if (graph_.malicious(x2)) to_e[x2] += v_[a3];
    Sum sum{};
    for (index a2 = 0; a2 < graph_.attributes(); ++a2) {
      if (graph_.events_of(a2).size() < 2) continue;
      const auto part = from_the_second_by(a2, to_e);
      if (!part) return part;
      sum += *part;
    }
    return sum;
  }

  /// The attributes of x that come after a: those of at least its degree.
  [[nodiscard]] std::span<const index> after(index x, index a) const {
    const auto all = graph_.attributes_of(x);
    std::size_t from = all.size();
    while (from > 0 && all[from - 1] > a) --from;
    return all.subspan(from);
  }

  /// Everything is the same with a1 and a2 exchanged: so only pairs with a1 after a2 are summed, and counted
  /// twice.
  [[nodiscard]] expected<Sum> from_the_second_by(index a2, const std::vector<Stored>& to_e) {
    Sum away{};
    bool any = false;
    for (auto x2 : graph_.events_of(a2)) {
      if (auto good = hold_.step(); !good) return fail(good.error());
      if (to_e[x2] == Stored{}) continue;
      any = true;
      const Sum weight = Sum{w_[x2]} * w_[x2];
      for (auto b : after(x2, a2)) {
        const Sum given = weight * v_[b] * (in_e(a2) || in_e(b) ? third_between(x2, a2, b) : Sum{to_e[x2]});
        given_[b] += given;
        away += given * w_[x2];
        if (in_e(b) && in_e(a2)) away += given * w_[e];
      }
    }
    if (!any) return Sum{};
    Sum sum{};
    for (auto x : graph_.events_of(a2)) {
      Sum taken{};
      for (auto b : after(x, a2)) taken += given_[b];
      sum += w_[x] * taken;
      if (auto good = hold_.step(graph_.attributes_of(x).size()); !good) return fail(good.error());
    }
    for (auto x2 : graph_.events_of(a2))
      if (to_e[x2] != Stored{})
        for (auto b : after(x2, a2)) given_[b] = Sum{};
    return v_[a2] * (sum - away) * 2;
  }

  /// Sum of v(a3) over a3 in x2 and e other than a2 and b.
  [[nodiscard]] Sum third_between(index x2, index a2, index b) const {
    Sum sum{};
    for (auto a3 : graph_.attributes_of(x2))
      if (in_e(a3) && a3 != a2 && a3 != b) sum += v_[a3];
    return sum;
  }

  const rank_graph& graph_;
  std::vector<Stored> w_, v_;
  leash hold_;
  std::vector<Stored> malicious_at_, back_, through_;  ///< M, S, Q
  std::vector<Sum> from_third_, given_;                ///< R and K, zero between uses
  std::vector<std::uint8_t> in_e_;
};

}  // namespace cybexd::report
