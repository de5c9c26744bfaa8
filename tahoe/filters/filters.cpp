#include "tahoe/filters/filters.hpp"

#include <algorithm>

namespace cybexd::tahoe::filters {

const std::vector<filter>& all() {
  static const std::vector<filter> filters = {
      {"cowrie", "d2076b75-715e-4e4d-ae0a-a291cc6d90b7", "cowrie", run_cowrie},
      {"email", "6e52bc6a-af7f-41ea-8684-e39c42d4aa3f", "email", run_email},
      {"openphish", "c4cd1ecf-1149-46e0-9daa-e2477016d8dc", "openphish_feed", run_openphish},
      {"phishtank", "e8f53cdc-1a9a-478d-ac4f-ab6a2f7e2341", "phishtank_feed", run_phishtank},
      {"sighting", "05e66bff-c3e1-49a0-bd2e-ad203a1f94fc", "sighting", run_sighting},
  };
  return filters;
}

const filter* for_sub_type(std::string_view sub_type) {
  const auto at =
      std::find_if(all().begin(), all().end(), [&](const filter& f) { return f.sub_type == sub_type; });
  return at == all().end() ? nullptr : &*at;
}

std::vector<std::string> sub_types_of(std::span<const std::string> names) {
  std::vector<std::string> found;
  for (const auto& filter : all())
    if (std::find(names.begin(), names.end(), filter.name) != names.end())
      found.emplace_back(filter.sub_type);
  return found;
}

}  // namespace cybexd::tahoe::filters
