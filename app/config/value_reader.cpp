#include "app/config/value_reader.hpp"

#include <algorithm>
#include <cmath>

#include "app/config/units.hpp"
#include "tahoe/document.hpp"

namespace cybexd::app {
namespace {

mistake mistake_at(const setting_key& key, const toml_node& node, std::string problem) {
  mistake m;
  m.line = node.line;
  m.column = node.column;
  m.key = std::string(key.name);
  m.problem = std::move(problem);
  m.was = key.masked ? "(not shown)" : node.was;
  m.may_be = may_be(key);
  return m;
}

/// Reads one node into a place of each type. Every operator answers the mistakes found.
class reader {
 public:
  reader(const setting_key& key, const toml_node& node) : key_(key), node_(node) {}

  std::vector<mistake> operator()(bool& place) const {
    const auto* value = node_.get_if<bool>();
    if (!value) return wrong("wrong type");
    place = *value;
    return {};
  }

  std::vector<mistake> operator()(std::uint64_t& place) const {
    const auto* value = node_.get_if<std::int64_t>();
    if (!value) return wrong("wrong type");
    if (*value < 0 || !in_range(static_cast<double>(*value))) return wrong("out of range");
    place = static_cast<std::uint64_t>(*value);
    return {};
  }

  std::vector<mistake> operator()(double& place) const {
    std::optional<double> value;
    if (const auto* number = node_.get_if<double>()) value = *number;
    if (const auto* whole = node_.get_if<std::int64_t>()) value = static_cast<double>(*whole);
    if (!value) return wrong("wrong type");
    if (!std::isfinite(*value) || !in_range(*value)) return wrong("out of range");
    place = *value;
    return {};
  }

  std::vector<mistake> operator()(duration& place) const {
    const auto* text = node_.get_if<std::string>();
    if (!text) return wrong("wrong type");
    const auto value = duration_from(*text);
    if (!value) return wrong("no length of time");
    if (!in_range(static_cast<double>(value->count()) / 1000)) return wrong("out of range");
    place = *value;
    return {};
  }

  std::vector<mistake> operator()(byte_size& place) const {
    const auto* text = node_.get_if<std::string>();
    if (!text) return wrong("wrong type");
    const auto value = size_from(*text);
    if (!value) return wrong("no size");
    if (!in_range(static_cast<double>(value->bytes))) return wrong("out of range");
    place = *value;
    return {};
  }

  std::vector<mistake> operator()(std::string& place) const {
    const auto* text = node_.get_if<std::string>();
    if (!text) return wrong("wrong type");
    if (!is_choice(*text)) return wrong("unknown value");
    place = *text;
    return {};
  }

  std::vector<mistake> operator()(file_path& place) const {
    const auto* text = node_.get_if<std::string>();
    if (!text) return wrong("wrong type");
    if (text->find('\0') != std::string::npos) return wrong("no path");
    place.path = *text;
    return {};
  }

  std::vector<mistake> operator()(endpoint& place) const {
    const auto* text = node_.get_if<std::string>();
    if (!text) return wrong("wrong type");
    auto value = endpoint_from(*text);
    if (!value) return wrong("no address with a port");
    place = std::move(*value);
    return {};
  }

  std::vector<mistake> operator()(text_list& place) const {
    const auto* list = node_.get_if<toml_node::list>();
    if (!list) return wrong("wrong type");
    std::vector<mistake> mistakes;
    text_list read;
    for (const auto& item : *list) {
      const auto* text = item.get_if<std::string>();
      if (!text) {
        mistakes.push_back(mistake_at(key_, item, "wrong type of an item"));
      } else if (!is_choice(*text) || (key_.identifiers && !tahoe::is_identifier(*text))) {
        mistakes.push_back(mistake_at(key_, item, "unknown value"));
      } else {
        read.push_back(*text);
      }
    }
    if (mistakes.empty()) place = std::move(read);
    return mistakes;
  }

  std::vector<mistake> operator()(text_map& place) const {
    const auto* table = node_.get_if<toml_node::table>();
    if (!table) return wrong("wrong type");
    std::vector<mistake> mistakes;
    for (const auto& [name, line, column, item] : *table) {
      const auto* text = item.get_if<std::string>();
      if (text && tahoe::is_identifier(*text)) {
        place[name] = *text;
        continue;
      }
      mistakes.push_back(mistake_at(key_, item, text ? "no identifier" : "wrong type"));
      mistakes.back().key += "." + name;
    }
    return mistakes;
  }

 private:
  std::vector<mistake> wrong(std::string problem) const {
    return {mistake_at(key_, node_, std::move(problem))};
  }
  bool in_range(double value) const {
    return key_.low == key_.high || (value >= key_.low && value <= key_.high);
  }
  bool is_choice(std::string_view text) const {
    return key_.choices.empty() ||
           std::find(key_.choices.begin(), key_.choices.end(), text) != key_.choices.end();
  }

  const setting_key& key_;
  const toml_node& node_;
};

}  // namespace

std::vector<mistake> read_value(const setting_key& key, const toml_node& node, settings& into) {
  return std::visit([&](auto where) { return reader(key, node)(where(into)); }, key.where);
}

}  // namespace cybexd::app
