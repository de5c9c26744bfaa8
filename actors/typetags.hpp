#pragma once
// Which raw sub_type a typetag names.
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>

namespace cybexd::actors {

class typetag_table {
 public:
  /// `configured` maps typetags to sub_types and wins; the built-in filters' sub_types are typetags of their
  /// own name. With `accept_unknown` every identifier is one.
  explicit typetag_table(std::map<std::string, std::string> configured = {}, bool accept_unknown = false);

  /// sub_types that are in the archive already are typetags of their own name.
  void add_archived(std::span<const std::string> sub_types);

  /// Nothing for an unknown typetag.
  [[nodiscard]] std::optional<std::string> sub_type_of(const std::string& typetag) const;

 private:
  std::map<std::string, std::string> configured_;
  std::set<std::string, std::less<>> known_;
  bool accept_unknown_;
};

}  // namespace cybexd::actors
