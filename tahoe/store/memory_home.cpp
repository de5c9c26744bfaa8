#include "tahoe/store/memory_archive.hpp"
#include "tahoe/store/memory_stores.hpp"

namespace cybexd::store {

stores make_memory() {
  stores all;
  all.lake = make_memory_lake();
  all.archive = make_memory_archive();
  all.reports = make_memory_reports();
  all.identity = make_memory_identity();
  all.commit = make_committer(all.archive, all.lake);
  all.statistics = [] { return std::vector<std::pair<std::string, double>>(); };
  all.backup = [](const std::string&) -> expected<void> {
    return fail(failure::bad_input, "backup: a store in memory cannot be copied");
  };
  all.on_commit = std::make_shared<std::function<void(std::string_view, double, std::size_t)>>();
  return all;
}

}  // namespace cybexd::store
