// When filters first ran on a raw record, which dates what they make of one without a time.
#include <algorithm>

#include "tahoe/store/archive_rules.hpp"

namespace cybexd::store::archive_rules {

namespace {

// Of the organisation that sent the record first, and of the later ones: a list of objects {orgid,
// first_run}.
constexpr std::string_view first_run_field = "_cybexd_first_run", first_runs_field = "_cybexd_first_runs";

}  // namespace

bool is_first_run(std::string_view field) { return field == first_run_field || field == first_runs_field; }

std::vector<std::pair<std::string, double>> first_runs_of(const document& raw) {
  std::vector<std::pair<std::string, double>> found;
  double room = 0;
  const auto add = [&](const std::string* orgid, const tahoe::value* when) {
    const auto* number = when != nullptr ? when->number(room) : nullptr;
    if (orgid != nullptr && number != nullptr) found.emplace_back(*orgid, *number);
  };
  for (const auto& [key, field] : raw.extra) {
    if (key == first_run_field) add(&raw.orgid, &field);
    const auto* later = key == first_runs_field ? field.get_if<tahoe::array>() : nullptr;
    if (later == nullptr) continue;
    for (const auto& item : *later) {
      const auto* orgid = item.find("orgid");
      add(orgid != nullptr ? orgid->text() : nullptr, item.find("first_run"));
    }
  }
  return found;
}

std::optional<double> first_run_of(const document& raw, const std::string& orgid) {
  for (const auto& [whose, when] : first_runs_of(raw))
    if (whose == orgid) return when;
  return std::nullopt;
}

bool note_first_run(document& raw, const std::string& orgid, double first_run) {
  if (first_run_of(raw, orgid)) return false;
  const auto field = [&](std::string_view key) -> tahoe::value& {
    const auto there =
        std::find_if(raw.extra.begin(), raw.extra.end(), [&](const auto& m) { return m.first == key; });
    return there != raw.extra.end() ? there->second
                                    : raw.extra.emplace_back(std::string(key), tahoe::array{}).second;
  };
  if (orgid == raw.orgid) {
    field(first_run_field) = first_run;
    return true;
  }
  auto* later = field(first_runs_field).get_if<tahoe::array>();
  if (later != nullptr) later->push_back(tahoe::object{{"orgid", orgid}, {"first_run", first_run}});
  return later != nullptr;
}

std::optional<filter_result> at_first_run(const document& stored, const document& raw,
                                          const filter_result& result) {
  const auto first = result.product.keeps_first_run ? first_run_of(stored, raw.orgid) : std::nullopt;
  if (!first || *first == result.first_run) return std::nullopt;
  for (const auto& filter : tahoe::filters::all())
    if (filter.id == result.filter_id)
      return filter_result{result.filter_id, filter.run(raw.data, {raw.orgid, raw.timezone, *first}), *first};
  return std::nullopt;
}

}  // namespace cybexd::store::archive_rules
