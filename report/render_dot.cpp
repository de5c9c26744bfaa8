#include <map>
#include <vector>

#include "report/render.hpp"
#include "tahoe/json.hpp"

namespace cybexd::report {
namespace {

using tahoe::value;

/// A quoted string of the DOT language.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (char c : one_line(text)) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

std::string_view shape_of(std::string_view label) {
  if (label.ends_with("=event")) return "box";
  if (label.ends_with("=object")) return "component";
  if (label.ends_with("=session")) return "folder";
  return "ellipse";
}

/// Draws ways from the asked attribute outwards; what they have in common at the start is drawn once.
class drawing {
 public:
  [[nodiscard]] bool add(std::string_view sub_type, const value& pair) {
    const auto* parts = pair.get_if<tahoe::array>();
    const auto* labels =
        parts != nullptr && parts->size() == 2 ? parts->back().get_if<tahoe::array>() : nullptr;
    if (labels == nullptr || labels->empty()) return false;
    std::string key;
    std::size_t before = 0;
    for (auto label = labels->rbegin(); label != labels->rend(); ++label) {
      if (label->text() == nullptr) return false;
      const bool last = label + 1 == labels->rend();
      // The asked attribute begins every way: its key is empty.
      if (before != 0) key.append(1, '\n').append(*label->text());
      if (before != 0 && last) key.append(1, '\n').append(tahoe::to_json(parts->front()));
      const auto here = node(key, *label->text());
      if (last) name(here, sub_type, parts->front());
      if (before != 0) edge(before, here);
      before = here;
    }
    return true;
  }

  [[nodiscard]] std::string text() const {
    std::string out =
        "graph related {\n  graph [overlap=false, splines=true];\n  node [fontname=\"sans-serif\"];\n";
    for (std::size_t i = 0; i < labels_.size(); ++i)
      out +=
          "  n" + std::to_string(i + 1) + " [label=" + quoted(labels_[i]) + ", shape=" + shapes_[i] + "];\n";
    return out + edges_ + "}\n";
  }

 private:
  std::size_t node(const std::string& key, const std::string& label) {
    const auto [found, added] = nodes_.emplace(key, labels_.size() + 1);
    if (!added) return found->second;
    labels_.push_back(label);
    shapes_.emplace_back(shape_of(label));
    return found->second;
  }

  void name(std::size_t node, std::string_view sub_type, const value& data) {
    const auto* text = data.text();
    labels_[node - 1] = std::string(sub_type) + ": " + (text != nullptr ? *text : tahoe::to_json(data));
  }

  void edge(std::size_t from, std::size_t to) {
    if (drawn_.emplace(std::pair(from, to), true).second)
      edges_ += "  n" + std::to_string(from) + " -- n" + std::to_string(to) + ";\n";
  }

  std::map<std::string, std::size_t> nodes_;
  std::map<std::pair<std::size_t, std::size_t>, bool> drawn_;
  std::vector<std::string> labels_, shapes_;
  std::string edges_;
};

}  // namespace

expected<std::string> render_dot(const value& report) {
  const auto wrong = [] {
    return fail(failure::bad_input, "only a related report with summary_graph true can be drawn as a graph");
  };
  const auto* data = report.find("data");
  const auto* groups = data != nullptr ? data->get_if<tahoe::object>() : nullptr;
  if (groups == nullptr) return wrong();
  drawing out;
  for (const auto& [sub_type, items] : *groups) {
    const auto* list = items.get_if<tahoe::array>();
    if (list == nullptr) return wrong();
    for (const auto& item : *list)
      if (!out.add(sub_type, item)) return wrong();
  }
  return out.text();
}

}  // namespace cybexd::report
