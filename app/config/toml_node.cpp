#include "app/config/toml_node.hpp"

#include <toml++/toml.h>

#include <sstream>

#include "app/config/keys.hpp"

namespace cybexd::app {
namespace {

std::string shortened(std::string text) {
  constexpr std::size_t longest = 80;
  if (text.size() > longest) text = text.substr(0, longest) + "...";
  return text;
}

toml_node converted(const toml::node& node);

toml_node::list items_of(const toml::array& array) {
  toml_node::list items;
  for (const auto& item : array) items.push_back(converted(item));
  return items;
}

toml_node::table members_of(const toml::table& table) {
  toml_node::table members;
  for (const auto& [name, node] : table) {
    const auto& at = name.source().begin;
    members.push_back({std::string(name.str()), at.line, at.column, converted(node)});
  }
  return members;
}

toml_node converted(const toml::node& node) {
  toml_node out;
  out.line = node.source().begin.line;
  out.column = node.source().begin.column;
  if (const auto* text = node.as_string()) {
    out.data = text->get();
    out.was = shortened(toml_quoted(text->get()));
    return out;
  }
  std::ostringstream written;
  node.visit([&](const auto& value) { written << value; });
  out.was = shortened(written.str());
  if (const auto* boolean = node.as_boolean()) out.data = boolean->get();
  if (const auto* integer = node.as_integer()) out.data = integer->get();
  if (const auto* number = node.as_floating_point()) out.data = number->get();
  if (const auto* array = node.as_array()) out.data = items_of(*array);
  if (const auto* table = node.as_table()) out.data = members_of(*table);
  return out;
}

}  // namespace

tl::expected<toml_node, toml_problem> parse_toml(std::string_view text) {
  try {
    return converted(toml::parse(text));
  } catch (const toml::parse_error& problem) {
    const auto& at = problem.source().begin;
    return tl::unexpected(toml_problem{at.line, at.column, std::string(problem.description())});
  }
}

toml_node text_node(std::string_view text) {
  toml_node node;
  node.data = std::string(text);
  node.was = shortened(toml_quoted(text));
  return node;
}

}  // namespace cybexd::app
