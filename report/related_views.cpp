#include "report/related_views.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>

#include "tahoe/json.hpp"

namespace cybexd::report {
namespace {

using tahoe::hash256;
using tahoe::value;

using by_sub_type =
    std::map<std::string, std::vector<std::pair<std::string, value>>>;  ///< With the text to sort by.

value to_object(by_sub_type&& groups) {
  tahoe::object out;
  for (auto& [sub_type, items] : groups) {
    std::stable_sort(items.begin(), items.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    tahoe::array list;
    for (auto& item : items) list.push_back(std::move(item.second));
    out.emplace_back(sub_type, std::move(list));
  }
  return out;
}

constexpr std::uint32_t nowhere = UINT32_MAX;

/// The undirected graph of a report's documents, and the tree of shortest ways to one of them.
class document_graph {
 public:
  explicit document_graph(const related_documents& found) {
    for (const auto* group : {&found.attributes, &found.objects, &found.events, &found.sessions})
      for (const auto& document : *group) add(document);
    for (const auto& document : found.objects) connect(document, document.cref);
    for (const auto& document : found.events) connect(document, document.cref);
    for (const auto& document : found.sessions) connect(document, document.ref);
  }

  void find_ways_to(const hash256& target) {
    next_.assign(labels_.size(), nowhere);
    const auto start = places_.find(target);
    if (start == places_.end()) return;
    std::vector<std::uint32_t> queue{start->second};
    next_[start->second] = start->second;
    for (std::size_t at = 0; at < queue.size(); ++at)
      for (auto neighbour : neighbours_[queue[at]])
        if (next_[neighbour] == nowhere) {
          next_[neighbour] = queue[at];
          queue.push_back(neighbour);
        }
  }

  /// Labels from a document to the target, both included; empty where there is no way.
  [[nodiscard]] tahoe::array way(const hash256& from) const {
    tahoe::array out;
    auto at = places_.at(from);
    if (next_[at] == nowhere) return out;
    for (;; at = next_[at]) {
      out.emplace_back(labels_[at]);
      if (next_[at] == at) return out;
    }
  }

 private:
  void add(const document& document) {
    if (!places_.emplace(document.hash, static_cast<std::uint32_t>(labels_.size())).second) return;
    labels_.push_back(document.sub_type + "=" + std::string(tahoe::to_string(document.kind)));
    neighbours_.emplace_back();
  }

  void connect(const document& document, const std::vector<hash256>& to) {
    const auto here = places_.at(document.hash);
    for (const auto& hash : to) {
      const auto there = places_.find(hash);
      if (there == places_.end()) continue;
      neighbours_[here].push_back(there->second);
      neighbours_[there->second].push_back(here);
    }
  }

  std::unordered_map<hash256, std::uint32_t> places_;
  std::vector<std::string> labels_;
  std::vector<std::vector<std::uint32_t>> neighbours_;
  std::vector<std::uint32_t> next_;  ///< The neighbour one step nearer to the target.
};

}  // namespace

value summary(const related_documents& found) {
  by_sub_type groups;
  for (const auto& attribute : found.attributes)
    groups[attribute.sub_type].emplace_back(tahoe::to_json(attribute.data), attribute.data);
  return to_object(std::move(groups));
}

value summary_graph(const related_documents& found, const hash256& asked) {
  document_graph graph(found);
  graph.find_ways_to(asked);
  by_sub_type groups;
  for (const auto& attribute : found.attributes) {
    auto way = graph.way(attribute.hash);
    if (way.empty()) continue;
    groups[attribute.sub_type].emplace_back(tahoe::to_json(attribute.data),
                                            tahoe::array{attribute.data, std::move(way)});
  }
  return to_object(std::move(groups));
}

value list(const related_documents& found, const return_type& only) {
  tahoe::array out;
  for (const auto* group : {&found.events, &found.sessions, &found.objects, &found.attributes})
    for (const auto& document : *group)
      if (!only || *only == document.kind) out.push_back(tahoe::to_value(document));
  return out;
}

}  // namespace cybexd::report
