#pragma once
// The closed form of ThreatRank over a graph in arrays, for any kind of number: doubles added up in long
// double give the rank, integers with all weights 1 the number of paths.
//
//   w(x), m(x)  the weight of an event, and the same if it is malicious, else 0        v(a)  of an attribute
//   M(a)   = sum of m(x) over x in a                      malicious weight at an attribute
//   S(x)   = sum of v(a) (M(a) - m(x)) over a in x        all ways one step back from x, not to x itself
//   q(x,a) = w(x) (S(x) - v(a) (M(a) - m(x)))             the same, not through a
//   Q(a)   = sum of q(x,a) over x in a
//   U(x)   = sum of v(a) (Q(a) - q(x,a)) over a in x      all ways two steps back from x, perhaps from x
//   itself C(a,b) = sum of w(x) over x in both a and b K(x)   = sum of v(a) v(b) (C(a,b) - w(x)) over pairs a
//   != b in x     two steps that lead back to x
//
// None of these depends on whose rank is asked. Of an event e that is not malicious the paths with
//   2 edges  are S(e)
//   4 edges  are U(e)
//   6 edges  are the sum over a3 in e, x2 in a3, x2 != e, of v(a3) w(x2) (A - B - m(x2) D)
//     A = U(x2) - v(a3) (Q(a3) - q(x2,a3)) - sum of v(a2) q(e,a2) over a2 != a3 in both x2 and e
//     B = sum of v(a2) v(a3) (R(a2) - r(x2) - [a2 in e] r(e)) over a2 != a3 in x2        a3 would be met
//     twice
//           r(x) = w(x) (M(a3) - m(x)),  R(b) = sum of r(x) over x in both a3 and b
//     D = K(x2) - 2 v(a3) (sum of v(a1) (C(a1,a3) - w(x2)) over a1 != a3 in x2)          x2 would be met
//     twice
//           - w(e) (sum of v(a1) v(a2) over pairs a1 != a2 in both x2 and e, neither being a3)
//
// Every way that is taken away again (it is not simple) has a shorter simple one of at least its value in the
// sum, so the differences lose no digits of the whole.
#include <span>
#include <vector>

#include "report/go_on.hpp"
#include "report/rank_graph.hpp"

namespace cybexd::report {

/// `Stored` is what arrays hold, `Sum` what is added up in: at least as wide. What does not depend on the
/// event is computed when first needed and kept. One thread at a time.
template <class Stored, class Sum>
class rank_sum {
 public:
  using index = rank_graph::index;

  /// `event_weight` for each event, `attribute_weight` for each attribute. `graph` outlives this.
  rank_sum(const rank_graph& graph, const std::vector<Stored>& event_weight,
           const std::vector<Stored>& attribute_weight)
      : graph_(graph), events_(graph.events()), attributes_(graph.attributes()) {
    for (index x = 0; x < events_.size(); ++x) events_[x].w = event_weight[x];
    for (index a = 0; a < attributes_.size(); ++a) attributes_[a].v = attribute_weight[a];
  }

  /// The sum of all paths with up to `max_edges` edges to an event that is not malicious. Errors: those of
  /// `keep_going`; what was computed until then is kept.
  [[nodiscard]] expected<Sum> total(index e, int max_edges, const go_on& keep_going) {
    if (max_edges < 2) return Sum{};
    leash hold(keep_going);
    if (auto ready = prepare(max_edges, hold); !ready) return fail(ready.error());
    Sum sum = events_[e].s;
    if (max_edges >= 4) sum += events_[e].u;
    if (max_edges < 6) return sum;
    for (auto a : graph_.attributes_of(e)) in_e_[a] = 1;
    const auto longest = six_edges(e, hold);
    for (auto a : graph_.attributes_of(e)) in_e_[a] = 0;
    if (!longest) return longest;
    return sum + *longest;
  }

  [[nodiscard]] static std::size_t bytes(const rank_graph& graph) {
    return graph.events() * (sizeof(at_event) + sizeof(Sum) + 1) +
           graph.attributes() * (sizeof(at_attribute) + sizeof(meeting) + 1);
  }

 private:
  struct at_event {
    Stored w{}, s{}, u{};
  };
  struct at_attribute {
    Stored v{}, m{}, q{};
  };
  /// What an attribute shares with the one at hand. Zero between uses.
  struct meeting {
    Sum r{}, c{};
  };

  [[nodiscard]] Stored m(index x) const { return graph_.malicious(x) ? events_[x].w : Stored{}; }
  /// What comes back from attribute a to its event x, not from x itself.
  [[nodiscard]] Sum back_by(index x, index a) const {
    return Sum{attributes_[a].v} * (Sum{attributes_[a].m} - m(x));
  }
  [[nodiscard]] Sum q(index x, index a) const { return events_[x].w * (Sum{events_[x].s} - back_by(x, a)); }

  [[nodiscard]] expected<void> prepare(int max_edges, leash& hold) {
    for (; prepared_ < max_edges; prepared_ += 2) {
      const auto ready = prepared_ == 0   ? prepare_two(hold)
                         : prepared_ == 2 ? prepare_four(hold)
                                          : prepare_six();
      if (!ready) return ready;
    }
    return {};
  }

  /// Adds up over the events of each attribute.
  template <class Of, class To>
  [[nodiscard]] expected<void> each_attribute(leash& hold, Of of, To to) {
    for (index a = 0; a < attributes_.size(); ++a) {
      const auto events = graph_.events_of(a);
      Sum sum{};
      for (std::size_t i = 0; i < events.size(); ++i) sum += of(events[i], a);
      attributes_[a].*to = static_cast<Stored>(sum);
      if (auto good = hold.step(events.size()); !good) return good;
    }
    return {};
  }

  /// Adds up over the attributes of each event.
  template <class Of, class To>
  [[nodiscard]] expected<void> each_event(leash& hold, Of of, To to) {
    for (index x = 0; x < events_.size(); ++x) {
      Sum sum{};
      for (auto a : graph_.attributes_of(x)) sum += of(x, a);
      events_[x].*to = static_cast<Stored>(sum);
      if (auto good = hold.step(graph_.attributes_of(x).size() + 1); !good) return good;
    }
    return {};
  }

  [[nodiscard]] expected<void> prepare_two(leash& hold) {
    auto done = each_attribute(
        hold, [this](index x, index) { return m(x); }, &at_attribute::m);
    if (!done) return done;
    return each_event(
        hold, [this](index x, index a) { return back_by(x, a); }, &at_event::s);
  }

  [[nodiscard]] expected<void> prepare_four(leash& hold) {
    auto done = each_attribute(
        hold, [this](index x, index a) { return q(x, a); }, &at_attribute::q);
    if (!done) return done;
    return each_event(
        hold, [this](index x, index a) { return attributes_[a].v * (Sum{attributes_[a].q} - q(x, a)); },
        &at_event::u);
  }

  [[nodiscard]] expected<void> prepare_six() {
    in_e_.assign(attributes_.size(), 0);
    meetings_.assign(attributes_.size(), {});
    shared_.assign(attributes_.size(), Sum{});
    returns_.assign(events_.size(), Sum{});
    returns_known_.assign(events_.size(), 0);
    return {};
  }

  [[nodiscard]] expected<Sum> six_edges(index e, leash& hold) {
    if (auto known = find_returns(e, hold); !known) return fail(known.error());
    Sum sum{};
    for (auto a3 : graph_.attributes_of(e)) {
      const auto met = meet_all(a3, hold);
      const auto part = met ? through(e, a3, hold) : expected<Sum>(fail(met.error()));
      forget_meetings();
      if (!part) return part;
      sum += attributes_[a3].v * *part;
    }
    return sum;
  }

  [[nodiscard]] Sum r(index x, index a3) const { return events_[x].w * (Sum{attributes_[a3].m} - m(x)); }

  void forget_meetings() {
    for (auto a : met_) meetings_[a] = {};
    met_.clear();
  }

  /// R and C of all that events hold beside a3.
  [[nodiscard]] expected<void> meet_all(index a3, leash& hold) {
    const auto events = graph_.events_of(a3);
    for (std::size_t i = 0; i < events.size(); ++i) {
      graph_.prefetch(&events[i], events_.data());
      const auto x = events[i];
      const Sum r_x = r(x, a3), w_x = events_[x].w;
      for (auto b : graph_.attributes_of(x)) {
        if (meetings_[b].c == Sum{}) met_.push_back(b);
        meetings_[b].r += r_x;
        meetings_[b].c += w_x;
      }
      if (auto good = hold.step(graph_.attributes_of(x).size()); !good) return good;
    }
    return {};
  }

  /// All paths of six edges by way of a3.
  [[nodiscard]] expected<Sum> through(index e, index a3, leash& hold) {
    const auto events = graph_.events_of(a3);
    Sum sum{};
    for (std::size_t i = 0; i < events.size(); ++i) {
      graph_.prefetch(&events[i], events_.data());
      if (events[i] != e) sum += events_[events[i]].w * through(e, a3, events[i]);
      if (auto good = hold.step(graph_.attributes_of(events[i]).size() + 1); !good) return fail(good.error());
    }
    return sum;
  }

  /// A - B - m(x2) D
  [[nodiscard]] Sum through(index e, index a3, index x2) const {
    const bool malicious = graph_.malicious(x2);
    const Sum w = events_[x2].w, v3 = attributes_[a3].v, r_x2 = r(x2, a3), r_e = r(e, a3);
    Sum a = events_[x2].u - v3 * (attributes_[a3].q - q(x2, a3)), b{}, d{}, shared{}, squares{};
    for (auto other : graph_.attributes_of(x2)) {
      if (other == a3) continue;
      const Sum v = attributes_[other].v;
      Sum twice = meetings_[other].r - r_x2;
      if (in_e_[other] != 0) {
        a -= v * q(e, other);
        twice -= r_e;
        shared += v;
        squares += v * v;
      }
      b += v * twice;
      if (malicious) d += v * (meetings_[other].c - w);
    }
    if (!malicious) return a - v3 * b;
    d = returns_[x2] - 2 * v3 * d - events_[e].w * (shared * shared - squares);
    return a - v3 * b - w * d;
  }

  /// K of the malicious events that share an attribute with e.
  [[nodiscard]] expected<void> find_returns(index e, leash& hold) {
    std::vector<index> wanted;
    for (auto a3 : graph_.attributes_of(e))
      for (auto x : graph_.events_of(a3))
        if (graph_.malicious(x) && returns_known_[x] == 0) {
          returns_known_[x] = 1;
          wanted.push_back(x);
        }
    std::vector<std::uint8_t> pending(wanted.empty() ? 0 : events_.size());
    std::vector<std::uint8_t> needed(wanted.empty() ? 0 : attributes_.size());
    for (auto x : wanted) {
      pending[x] = 1;
      const auto all = graph_.attributes_of(x);
      for (std::size_t i = 0; i + 1 < all.size(); ++i) needed[all[i]] = 1;
    }
    for (index a = 0; a < needed.size(); ++a) {
      if (needed[a] == 0) continue;
      if (auto done = add_returns(a, pending, hold); !done) {
        for (auto x : wanted) {
          returns_known_[x] = 0;
          returns_[x] = Sum{};
        }
        return done;
      }
    }
    return {};
  }

  /// The attributes of x that come after a: those of at least its degree.
  [[nodiscard]] std::span<const index> after(index x, index a) const {
    const auto all = graph_.attributes_of(x);
    std::size_t from = all.size();
    while (from > 0 && all[from - 1] > a) --from;
    return all.subspan(from);
  }

  /// Adds to K of the pending events in a the pairs of a and an attribute after it, each twice.
  [[nodiscard]] expected<void> add_returns(index a, const std::vector<std::uint8_t>& pending, leash& hold) {
    const auto events = graph_.events_of(a);
    pending_here_.clear();
    for (std::size_t i = 0; i < events.size(); ++i) {
      graph_.prefetch(&events[i], events_.data());
      const auto x = events[i];
      const Stored w = events_[x].w;
      for (auto b : after(x, a)) {
        if (shared_[b] == Sum{}) met_.push_back(b);
        shared_[b] += w;
      }
      if (pending[x] != 0) pending_here_.push_back(x);
    }
    for (std::size_t i = 0; i < pending_here_.size(); ++i) {
      const auto x = pending_here_[i];
      Sum sum{};
      for (auto b : after(x, a)) sum += attributes_[b].v * (shared_[b] - events_[x].w);
      returns_[x] += 2 * attributes_[a].v * sum;
    }
    const auto work = 2 * met_.size() + events.size() + pending_here_.size();
    for (auto b : met_) shared_[b] = Sum{};
    met_.clear();
    return hold.step(work);
  }

  const rank_graph& graph_;
  std::vector<at_event> events_;
  std::vector<at_attribute> attributes_;
  int prepared_ = 0;                         ///< So many edges.
  std::vector<std::uint8_t> in_e_;           ///< By attribute; zero between uses.
  std::vector<meeting> meetings_;            ///< By attribute.
  std::vector<Sum> shared_;                  ///< C, by attribute.
  std::vector<index> met_, pending_here_;    ///< Those of `meetings_` or `shared_` that are not zero.
  std::vector<Sum> returns_;                 ///< K, by event
  std::vector<std::uint8_t> returns_known_;  ///< where this is not 0.
};

}  // namespace cybexd::report
