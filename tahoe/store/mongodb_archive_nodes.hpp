#pragma once
// Numbers for documents within one look, and which of them are attributes. Internal to tahoe/store/.
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "tahoe/store/archive_store.hpp"
#include "tahoe/store/mongodb_bson.hpp"

namespace cybexd::store::mongodb_archive {

class nodes {
 public:
  [[nodiscard]] node number(const hash256& hash);
  [[nodiscard]] const hash256* hash_of(node number) const;
  [[nodiscard]] std::size_t count() const { return hashes_.size(); }

  /// What an event says of itself, as far as it can be said: `unsure` are the parts of which neither the
  /// event's own data nor any event before tells what they are. Errors: corrupt.
  struct reading {
    event_facts facts;  ///< Without attributes.
    std::string orgid;
    std::vector<hash256> parts, unsure;
  };
  [[nodiscard]] expected<reading> read(const bson_view& event);
  /// Notes what a part is.
  void note(const hash256& part, bool attribute);
  /// The facts, when nothing is unsure any more.
  [[nodiscard]] event_facts facts(reading&& of);

 private:
  enum class kind : std::uint8_t { unknown, attribute, other };
  void learn(const bson_view& event, const std::vector<hash256>& parts);

  std::unordered_map<hash256, node> numbers_;
  std::vector<hash256> hashes_;
  std::vector<kind> kinds_;
};

/// The fields of an event that `read` looks at.
[[nodiscard]] bson facts_only();

}  // namespace cybexd::store::mongodb_archive
