#pragma once
// The answers of `spec/report.md` by looking at every document, written apart from the reports: nothing of
// report/ is used, not even to read a query.
#include <cmath>
#include <cstdlib>
#include <optional>
#include <set>

#include "tests/fixtures/random_archive.hpp"

namespace cybexd::brute_force {

using fixtures::documents;
using hashes = std::set<tahoe::hash256>;
using tahoe::document;
using tahoe::hash256;
using tahoe::itype;

inline bool has(const std::vector<hash256>& list, const hash256& hash) {
  for (const auto& one : list)
    if (one == hash) return true;
  return false;
}

/// A query of `random_archive::query`, read anew.
struct asked_query {
  std::string sub_type, category = "all", context = "all", return_type = "all";
  tahoe::value data;
  double start = 0, end = fixtures::random_now;
  std::int64_t level = 1, page = 1;
  bool summary = true, summary_graph = false;

  explicit asked_query(const tahoe::value& query) {
    for (const auto& [key, member] : *query.get_if<tahoe::object>()) {
      if (key == "sub_type") sub_type = *member.text() == "ip" ? "ipv4" : *member.text();
      if (key == "data") data = member;
      if (key == "category") category = *member.text();
      if (key == "context") context = *member.text();
      if (key == "return_type") return_type = *member.text();
      if (key == "from") start = std::strtod(member.text()->c_str(), nullptr);
      if (key == "to") end = std::strtod(member.text()->c_str(), nullptr);
      if (key == "last") start = end - std::strtod(member.text()->c_str(), nullptr) * 86'400;  // always days
      if (key == "level") level = *member.get_if<std::int64_t>();
      if (key == "page") page = *member.get_if<std::int64_t>();
      if (key == "summary") summary = *member.get_if<bool>();
      if (key == "summary_graph") summary_graph = *member.get_if<bool>();
    }
  }
  bool holds(double time) const { return (start == 0 || time >= start) && (end == 0 || time <= end); }
  /// The attribute that is asked for, where the archive has it.
  std::optional<hash256> attribute(const documents& all) const {
    for (const auto& [hash, d] : all)
      if (d.kind == itype::attribute && d.sub_type == sub_type && d.data == data) return hash;
    return std::nullopt;
  }
};

struct world {
  const documents& all;
  std::vector<std::string> orgs;

  bool sees(const document& event) const {
    for (const auto& org : orgs)
      if (event.orgid == org) return true;
    return false;
  }
  bool matches(const document& event, const hash256& attribute, const asked_query& asked) const {
    if (event.kind != itype::event || !sees(event) || !asked.holds(event.timestamp)) return false;
    if (asked.category != "all" && asked.category != tahoe::to_string(event.category)) return false;
    const bool benign = has(event.ben_ref, attribute), malicious = has(event.mal_ref, attribute);
    if (asked.context == "benign") return benign;
    if (asked.context == "malicious") return malicious;
    if (asked.context == "unknown") return has(event.ref, attribute) && !benign && !malicious;
    return has(event.ref, attribute);
  }
};

/// All that match, newest first, then by hash.
inline std::vector<hash256> matching(const world& w, const asked_query& asked) {
  const auto attribute = asked.attribute(w.all);
  if (!attribute) return {};
  std::vector<const document*> found;
  for (const auto& [hash, d] : w.all)
    if (w.matches(d, *attribute, asked)) found.push_back(&d);
  std::sort(found.begin(), found.end(), [](const auto* a, const auto* b) {
    return a->timestamp != b->timestamp ? a->timestamp > b->timestamp : a->hash < b->hash;
  });
  std::vector<hash256> out;
  for (const auto* d : found) out.push_back(d->hash);
  return out;
}

/// The hashes of every document in a related report.
inline hashes related(const world& w, const asked_query& asked) {
  const auto matched = matching(w, asked);
  hashes events, sessions, out;
  for (std::size_t i = 0; i < matched.size(); ++i)
    if (static_cast<std::int64_t>(i / 10) == asked.page - 1) events.insert(matched[i]);
  for (int level = 2; level <= asked.level; ++level) {
    hashes more;
    for (const auto& [hash, d] : w.all) {
      if (d.kind != itype::session) continue;
      bool holds = false;
      for (const auto& event : events) holds = holds || has(d.ref, event);
      if (!holds) continue;
      sessions.insert(hash);
      for (const auto& part : d.ref) {
        const auto& inner = w.all.at(part);
        if (inner.kind == itype::event && w.sees(inner) && asked.holds(inner.timestamp)) more.insert(part);
      }
    }
    events.insert(more.begin(), more.end());
  }
  out = sessions;
  for (const auto& event : events) {
    out.insert(event);
    for (const auto& part : w.all.at(event).ref) out.insert(part);
  }
  return out;
}

/// Steps from every document of a report to `target`, by looking at every pair again and again.
inline std::map<hash256, std::size_t> distances(const world& w, const hashes& shown, const hash256& target) {
  std::map<hash256, std::size_t> out{{target, 0}};
  for (bool changed = true; changed;) {
    changed = false;
    for (const auto& hash : shown) {
      const auto& d = w.all.at(hash);
      if (d.kind == itype::attribute) continue;
      for (const auto& other : d.kind == itype::session ? d.ref : d.cref) {
        if (!shown.contains(other)) continue;
        for (const auto& [from, to] : {std::pair(hash, other), std::pair(other, hash)}) {
          if (!out.contains(from)) continue;
          const auto steps = out[from] + 1;
          if (out.contains(to) && out[to] <= steps) continue;
          out[to] = steps;
          changed = true;
        }
      }
    }
  }
  return out;
}

/// ThreatRank by walking every path.
class ranks {
 public:
  explicit ranks(const world& w, double now) : now_(now) {
    for (const auto& [hash, d] : w.all) {
      if (d.kind != itype::event || !w.sees(d)) continue;
      auto& node = events_[hash];
      node.malicious = d.category == tahoe::category::malicious;
      for (const auto& part : d.ref)
        if (w.all.at(part).kind == itype::attribute) {
          node.neighbours.push_back(part);
          attributes_[part].push_back(hash);
        }
      const double days = std::max(0.0, std::floor((now_ - d.timestamp) / 86'400));
      node.weight = std::pow(0.998, days) / static_cast<double>(node.neighbours.size());
    }
  }

  /// Nothing where there are too many paths to walk, or no such event.
  std::optional<double> rank(const hash256& event, int edges) {
    const auto found = events_.find(event);
    if (found == events_.end()) return std::nullopt;
    if (found->second.malicious) return -1;
    steps_ = 0;
    sum_ = 0;
    walk(found->second, event, 1, edges);
    return steps_ > most_steps ? std::nullopt : std::optional(-static_cast<double>(sum_) + 0.0);
  }
  bool knows(const hash256& event) const { return events_.contains(event); }

 private:
  static constexpr std::size_t most_steps = 300'000;
  struct node {
    bool malicious = false;
    double weight = 0;
    std::vector<hash256> neighbours;
  };

  void walk(const node& at, const hash256& hash, long double value, int edges) {
    if (edges < 2 || ++steps_ > most_steps) return;
    on_path_.insert(hash);
    for (const auto& attribute : at.neighbours) {
      if (!on_path_.insert(attribute).second) continue;
      const auto& holders = attributes_.at(attribute);
      for (const auto& other : holders) {
        if (on_path_.contains(other)) continue;
        const auto& next = events_.at(other);
        const long double reached = value / static_cast<long double>(holders.size()) * next.weight;
        if (next.malicious) sum_ += reached;
        walk(next, other, reached, edges - 2);
      }
      on_path_.erase(attribute);
    }
    on_path_.erase(hash);
  }

  double now_;
  std::map<hash256, node> events_;
  std::map<hash256, std::vector<hash256>> attributes_;
  hashes on_path_;
  std::size_t steps_ = 0;
  long double sum_ = 0;
};

}  // namespace cybexd::brute_force
