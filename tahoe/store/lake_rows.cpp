#include "tahoe/store/lake_rows.hpp"

#include <utility>

#include "tahoe/store/lake_rules.hpp"
#include "tahoe/store/row.hpp"

namespace cybexd::store {
namespace {

tl::unexpected<error> broken(std::string_view what, std::uint64_t number) {
  return fail(failure::corrupt,
              "lake: the " + std::string(what) + " of entry " + to_entry_id(number) + " cannot be read");
}

}  // namespace

std::string entry_key(std::uint64_t number) { return key_writer().number(number).letter('e').take(); }
std::string mark_key(std::uint64_t number) { return key_writer().number(number).letter('m').take(); }
std::string number_key(std::uint64_t number) { return key_writer().number(number).take(); }

std::string origin_key(const hash256& origin) {
  constexpr std::size_t enough = 16;  // bytes; two entries that share so many will not be met
  return 'o' + std::string(origin.view().substr(0, enough));
}

std::string to_row(const lake_entry& e) {
  row_writer row;
  row.text(e.name).text(e.orgid).text(e.typetag).text(e.timezone).real(e.timestamp);
  return row.number(e.ndjson ? 1 : 0).number(e.records).number(e.bytes).take();
}

expected<lake_entry> entry_from_row(std::uint64_t number, std::string_view bytes) {
  row_reader row(bytes);
  lake_entry e;
  e.id = to_entry_id(number);
  e.name = row.text();
  e.orgid = row.text();
  e.typetag = row.text();
  e.timezone = row.text();
  e.timestamp = row.real();
  e.ndjson = row.number() != 0;
  e.records = row.number();
  e.bytes = row.number();
  if (!row.whole()) return broken("row", number);
  return e;
}

std::string to_row(const entry_mark& m, std::span<const std::uint64_t> numbers) {
  row_writer row;
  row.number(static_cast<std::uint8_t>(m.state))
      .text(m.reason)
      .number(m.archived)
      .number(m.known)
      .number(m.set_aside);
  const auto refs = numbers.empty() ? std::span<const hash256>(m.refs) : std::span<const hash256>();
  row.number(refs.size());
  for (const auto& ref : refs) row.hash(ref);
  row.number(m.bad_lines.size());
  for (const auto& line : m.bad_lines)
    row.number(line.number).number(static_cast<std::uint8_t>(line.state)).text(line.reason);
  row.number(numbers.size());
  std::uint64_t before = 0;
  for (const auto number : numbers) row.number(number - std::exchange(before, number));
  return row.take();
}

std::string aside_row(const entry_mark& m) {
  const auto state = is_quarantined(m) ? entry_state::quarantined : m.state;
  return number_key(static_cast<std::uint8_t>(state));
}

expected<stored_mark> mark_from_row(std::uint64_t number, std::string_view bytes) {
  constexpr std::uint64_t last_state = static_cast<std::uint8_t>(entry_state::quarantined);
  row_reader row(bytes);
  entry_mark m;
  m.id = to_entry_id(number);
  const auto state = row.number();
  m.reason = row.text();
  m.archived = row.number();
  m.known = row.number();
  m.set_aside = row.number();
  m.refs.resize(row.length(sizeof(hash256)));
  for (auto& ref : m.refs) ref = row.hash();
  m.bad_lines.resize(row.length(3));
  bool sound = state <= last_state;
  for (auto& line : m.bad_lines) {
    line.number = row.number();
    const auto kind = row.number();
    sound = sound && kind <= last_state;
    line.state = static_cast<entry_state>(kind);
    line.reason = row.text();
  }
  std::vector<std::uint64_t> numbers(row.length(1));
  std::uint64_t before = 0;
  for (auto& n : numbers) n = before += row.number();
  if (!row.whole() || !sound) return broken("mark", number);
  m.state = static_cast<entry_state>(state);
  return stored_mark{std::move(m), std::move(numbers)};
}

void lake_sums::add(std::uint64_t records, const std::optional<entry_mark>& mark, int times) {
  const auto change = [times](std::int64_t& sum, std::uint64_t by) {
    sum += times * static_cast<std::int64_t>(by);
  };
  if (!mark) {
    change(accepted, records);
    change(waiting_entries, 1);
    return;
  }
  change(accepted, counted(*mark));
  change(archived, mark->archived);
  change(known, mark->known);
  change(set_aside, mark->set_aside);
  if (is_quarantined(*mark)) change(quarantined_entries, 1);
}

// Each sum is 8 bytes, big-endian two's complement, so that sums are added without knowing what they mean.
std::string to_row(const lake_sums& s) {
  key_writer row;
  for (const auto sum :
       {s.accepted, s.archived, s.known, s.set_aside, s.waiting_entries, s.quarantined_entries})
    row.number(static_cast<std::uint64_t>(sum));
  return row.take();
}

expected<lake_sums> sums_from_row(std::string_view row) {
  lake_sums s;
  const auto fields = {&s.accepted,  &s.archived,        &s.known,
                       &s.set_aside, &s.waiting_entries, &s.quarantined_entries};
  if (row.size() != fields.size() * 8) return fail(failure::corrupt, "lake: the books cannot be read");
  for (auto* field : fields) {
    *field = static_cast<std::int64_t>(number_at(row));
    row.remove_prefix(8);
  }
  return s;
}

}  // namespace cybexd::store
