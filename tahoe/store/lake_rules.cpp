#include "tahoe/store/lake_rules.hpp"

#include <algorithm>
#include <charconv>

#include "tahoe/store/row.hpp"

namespace cybexd::store {

std::string_view to_string(entry_state s) {
  switch (s) {
    case entry_state::waiting:
      return "waiting";
    case entry_state::processed:
      return "processed";
    case entry_state::not_supported:
      return "not_supported";
    case entry_state::error:
      return "error";
    case entry_state::bad_data:
      return "bad_data";
    case entry_state::quarantined:
      return "quarantined";
  }
  return "unknown state";
}

entry_id to_entry_id(std::uint64_t number) {
  constexpr std::string_view digits = "0123456789abcdef";
  entry_id id(16, '0');
  for (auto place = id.rbegin(); place != id.rend(); ++place, number >>= 4) *place = digits[number & 15];
  return id;
}

std::optional<std::uint64_t> entry_number(const entry_id& id) {
  if (id.size() != 16 || id.find_first_not_of("0123456789abcdef") != entry_id::npos) return std::nullopt;
  std::uint64_t number = 0;
  std::from_chars(id.data(), id.data() + id.size(), number, 16);
  return number;
}

bool is_set_aside(const entry_mark& mark) {
  const bool as_a_whole = mark.state != entry_state::waiting && mark.state != entry_state::processed;
  return as_a_whole || !mark.bad_lines.empty();
}

bool is_quarantined(const entry_mark& mark) {
  const auto deadly = [](const bad_line& line) { return line.state == entry_state::quarantined; };
  return mark.state == entry_state::quarantined ||
         std::any_of(mark.bad_lines.begin(), mark.bad_lines.end(), deadly);
}

bool is_done_with(const entry_mark& mark) {
  return mark.state == entry_state::processed && mark.bad_lines.empty();
}

entry_report listed(entry_report whole) {
  whole.mark.refs = {};
  if (whole.mark.bad_lines.size() > listed_lines) whole.mark.bad_lines.resize(listed_lines);
  return whole;
}

entry_mark balanced(entry_mark mark, std::uint64_t records) {
  if (counted(mark) < records) mark.set_aside += records - counted(mark);
  return mark;
}

std::optional<entry_mark> adopted_mark(const entry_report& report) {
  if (report.mark.state == entry_state::waiting) return std::nullopt;
  return balanced(report.mark, report.entry.records);
}

hash256 origin_of(const lake_entry& e) {
  // Texts with their lengths, so that no two entries give the same bytes.
  const auto row = row_writer().text(e.id).text(e.name).text(e.orgid).text(e.typetag).text(e.timezone);
  return crypto::sha256(row_writer(row).real(e.timestamp).number(e.records).take());
}

}  // namespace cybexd::store
