#include "actors/typetags.hpp"

#include "tahoe/document.hpp"
#include "tahoe/filters/filter.hpp"

namespace cybexd::actors {

typetag_table::typetag_table(std::map<std::string, std::string> configured, bool accept_unknown)
    : configured_(std::move(configured)), accept_unknown_(accept_unknown) {
  for (const auto& filter : tahoe::filters::all()) known_.emplace(filter.sub_type);
}

void typetag_table::add_archived(std::span<const std::string> sub_types) {
  known_.insert(sub_types.begin(), sub_types.end());
}

std::optional<std::string> typetag_table::sub_type_of(const std::string& typetag) const {
  if (const auto found = configured_.find(typetag); found != configured_.end()) return found->second;
  if (known_.contains(typetag) || (accept_unknown_ && tahoe::is_identifier(typetag))) return typetag;
  return std::nullopt;
}

}  // namespace cybexd::actors
