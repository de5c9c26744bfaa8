#pragma once
// TOML as a tree of plain values that know where they stood. Keeps the TOML library inside one file.
#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <variant>
#include <vector>

namespace cybexd::app {

struct toml_member;

struct toml_node {
  struct other {};  ///< A date or time, which no setting takes.
  using list = std::vector<toml_node>;
  using table = std::vector<toml_member>;

  std::variant<other, bool, std::int64_t, double, std::string, list, table> data;
  std::uint32_t line = 0, column = 0;  ///< From 1; 0 where the value did not come from a file.
  std::string was;                     ///< As written, short enough for a message.

  template <class T>
  [[nodiscard]] const T* get_if() const {
    return std::get_if<T>(&data);
  }
};

/// Sorted by name.
struct toml_member {
  std::string name;
  std::uint32_t line = 0, column = 0;  ///< Of the name.
  toml_node node;
};

struct toml_problem {
  std::uint32_t line = 0, column = 0;
  std::string text;
};

/// The whole text as a table.
[[nodiscard]] tl::expected<toml_node, toml_problem> parse_toml(std::string_view text);

/// A text as a node, as if it had been written in quotes.
[[nodiscard]] toml_node text_node(std::string_view text);

}  // namespace cybexd::app
