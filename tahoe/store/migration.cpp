#include "tahoe/store/migration.hpp"

#include <algorithm>

#include "tahoe/bson.hpp"
#include "tahoe/store/migration_steps.hpp"

namespace cybexd::store {
namespace migration_steps {

void context::complain(std::string store, std::string item, std::string problem) const {
  constexpr std::size_t most = 100;
  if (result.faults.size() < most)
    result.faults.push_back({std::move(store), std::move(item), std::move(problem)});
}

std::uint64_t weight_of(const document& d) {
  constexpr std::uint64_t fixed = 200;  // names and all that is small
  return fixed + tahoe::bson_size(d.data) + 64 * (d.cref.size() + d.ref.size());
}

namespace {

/// Lists of hashes mean sets; our own fields are each home's own.
tahoe::value plain(const document& d) {
  auto value = tahoe::to_value(d);
  auto& members = *value.get_if<tahoe::object>();
  std::erase_if(members, [](const tahoe::member& m) {
    return m.first.starts_with("_cybexd_") && m.first != "_cybexd_orgs" && m.first != "_cybexd_reason";
  });
  for (auto& [key, item] : members) {
    auto* list = item.get_if<tahoe::array>();
    const auto is_text = [](const tahoe::value& v) { return v.text() != nullptr; };
    if (!list || !std::all_of(list->begin(), list->end(), is_text)) continue;
    std::sort(list->begin(), list->end(), [](const auto& a, const auto& b) { return *a.text() < *b.text(); });
  }
  std::sort(members.begin(), members.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  return value;
}

}  // namespace

bool same_content(const document& a, const document& b) { return plain(a) == plain(b); }

bool is_refusal(const error& e) { return e.kind == failure::bad_input || e.kind == failure::too_large; }

}  // namespace migration_steps

bool migration_result::complete() const {
  const auto whole = [](const migration_counts& c) { return c.refused == 0 && c.missing == 0; };
  return whole(documents) && whole(entries) && whole(reports) && whole(identities) && whole(tokens) &&
         whole(audit_lines);
}

expected<migration_result> migrate(const stores& from, const stores& to, const migration_options& options) {
  using namespace migration_steps;
  migration_result result;
  const context c{from, to, options, result};
  identity_plan plan;
  if (options.identity) {
    auto made = plan_identities(c);
    if (!made) return fail(made.error());
    plan = std::move(*made);
  }
  // The lake comes last: what waits in it must find its organisation and the records that are there already.
  expected<void> done;
  if (done && options.identity) done = copy_identities(c, plan);
  if (done && options.archive) done = copy_archive(c);
  if (done && options.reports) done = copy_reports(c);
  if (done && options.lake) done = copy_lake(c);
  if (done && options.identity) done = check_identities(c);
  if (done && options.archive) done = check_archive(c);
  if (done && options.reports) done = check_reports(c);
  if (done && options.lake) done = check_lake(c);
  if (!done) return fail(done.error());
  return result;
}

}  // namespace cybexd::store
