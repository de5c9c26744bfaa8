#pragma once
// Reads CYBEX-P's configuration key by key and notes what was asked for, so that the rest can be told.
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "app/config/config.hpp"
#include "tahoe/value.hpp"

namespace cybexd::app {

/// A text of the original, and where it stood: `cache.mongo_url`.
struct original_text {
  std::string value, key;
};

class original_reader {
 public:
  original_reader(const tahoe::value& root, std::string file) : root_(root), file_(std::move(file)) {}

  [[nodiscard]] bool has(std::string_view section) const { return root_.find(section) != nullptr; }
  /// The first of these keys that is there, as a text. A wrong type is a mistake, and so is a text that
  /// `is_right` does not like.
  struct expectation {
    std::string_view may_be;
    bool (*is_right)(std::string_view) = nullptr;
    bool secret = false;  ///< Never shown.
  };
  std::optional<original_text> text(std::string_view section, const std::vector<std::string>& keys,
                                    const expectation& expected);
  void complain(std::string key, std::string problem, std::string was, std::string may_be);
  /// Sections and keys that nobody asked for, as sentences.
  [[nodiscard]] std::vector<std::string> leftovers() const;

  std::vector<mistake> mistakes;

 private:
  const tahoe::value& root_;
  const std::string file_;
  std::set<std::string, std::less<>> asked_;  ///< `section.key`
};

/// Where a byte of a text stands, from 1.
struct text_position {
  std::uint32_t line = 1, column = 1;
};
[[nodiscard]] text_position position_in(std::string_view text, std::size_t offset);
/// The text as a value, or the one mistake that makes it none.
[[nodiscard]] tl::expected<tahoe::value, mistake> parse_original(std::string_view json,
                                                                 const std::string& file);

}  // namespace cybexd::app
