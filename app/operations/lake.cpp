// Records on their way in, and those that could not be archived.
#include <algorithm>

#include "actors/retry_rule.hpp"
#include "app/operations/all.hpp"
#include "app/operations/arguments.hpp"
#include "app/secrets.hpp"
#include "crypto/envelope.hpp"
#include "report/time_range.hpp"

namespace cybexd::app::operations {
namespace {

constexpr std::size_t longest_name = 1024;

/// One item of `entries`, sealed here unless it is an envelope already.
expected<store::new_entry> sealed_entry(const tahoe::value& item, const crypto::public_key& key) {
  store::new_entry entry;
  entry.name = text_or(item, "name", "record");
  entry.ndjson = boolean(item, "ndjson");
  const auto records = integer(item, "records").value_or(1);
  if (entry.name.size() > longest_name || records < 1) {
    return fail(failure::bad_input, "entries: a name or a number of records is out of range");
  }
  entry.records = static_cast<std::uint64_t>(records);
  if (const auto* coded = item.find("base64"); coded && coded->text()) {
    auto bytes = crypto::from_base64(*coded->text());
    if (!bytes) return fail(failure::bad_input, "entries: base64 is none");
    if (boolean(item, "sealed")) {  // whether it opens is told when it is archived, as of any other
      entry.sealed = std::move(*bytes);
      return entry;
    }
    entry.sealed = crypto::seal_envelope(key, *bytes);
    return entry;
  }
  const auto* plain = item.find("text");
  if (!plain || !plain->text()) return fail(failure::bad_input, "entries: one has neither text nor base64");
  entry.sealed = crypto::seal_envelope(key, *plain->text());
  return entry;
}

/// Bad lines of an upload of many; a list may show fewer.
std::uint64_t lines_set_aside(const store::entry_mark& mark) {
  return mark.state == store::entry_state::processed ? mark.set_aside : mark.bad_lines.size();
}

tahoe::value as_value(const store::entry_report& r) {
  tahoe::array refs, lines;
  for (const auto& ref : r.mark.refs) refs.push_back(crypto::to_hex(ref));
  for (const auto& line : r.mark.bad_lines) {
    lines.push_back(tahoe::object{{"number", static_cast<std::int64_t>(line.number)},
                                  {"state", to_string(line.state)},
                                  {"reason", line.reason}});
  }
  return tahoe::object{{"id", r.entry.id},
                       {"name", r.entry.name},
                       {"orgid", r.entry.orgid},
                       {"typetag", r.entry.typetag},
                       {"timezone", r.entry.timezone},
                       {"timestamp", r.entry.timestamp},
                       {"records", static_cast<std::int64_t>(r.entry.records)},
                       {"bytes", static_cast<std::int64_t>(r.entry.bytes)},
                       {"state", to_string(r.mark.state)},
                       {"reason", r.mark.reason},
                       {"lines_set_aside", static_cast<std::int64_t>(lines_set_aside(r.mark))},
                       {"lines", std::move(lines)},
                       {"refs", std::move(refs)}};
}

/// The ids of `id`, after every one of them was found to be set aside.
expected<std::vector<store::entry_id>> ids_of(engine& on, const tahoe::value& input) {
  auto ids = texts(input, "id");
  if (!ids) return ids;
  if (ids->empty()) return fail(failure::bad_input, "id: none given");
  for (const auto& id : *ids) {
    const auto found = on.stores().lake->find(id);
    if (!found) return fail(found.error());
    if (!*found || !is_set_aside((*found)->mark)) {
      return fail(failure::not_found,
                  "no entry " + id + " was set aside; `cybexd quarantine list --all` lists those that were");
    }
  }
  return ids;
}

/// Errors: conflict, naming the first that a retry could only make worse.
expected<void> may_all_be_retried(engine& on, const std::vector<store::entry_id>& ids) {
  for (const auto& id : ids) {
    const auto found = on.stores().lake->find(id);
    if (!found) return fail(found.error());
    if (!*found || (*found)->mark.state != store::entry_state::processed) continue;
    const auto key = read_private_key(*on.values(), on.environment());
    if (!key) return fail(key.error());
    const auto may = actors::may_be_retried(*on.stores().lake, *key, **found);
    if (!may) return fail(may.error());
    if (!*may)
      return fail(failure::conflict,
                  "entry " + id +
                      " stays as it is: lines of it are archived, and its envelope does not "
                      "open with the private key of now");
  }
  return {};
}

}  // namespace

expected<tahoe::value> raw_put(engine& on, const tahoe::value& input) {
  const auto typetag = text(input, "typetag"), org = text(input, "org");
  if (!typetag) return fail(typetag.error());
  if (!org) return fail(org.error());
  if (typetag->size() > longest_name) return fail(failure::bad_input, "typetag: longer than 1024 bytes");
  const auto zone = text_or(input, "timezone", "UTC");
  if (!report::is_time_zone(zone)) {
    return fail(failure::bad_input,
                "timezone: was \"" + zone + "\"; may be an IANA name such as Europe/Vienna");
  }
  const auto orgid = orgid_of(on, *org);
  if (!orgid) return fail(orgid.error());
  const auto key = on.sealing_key();
  if (!key) return fail(key.error());
  const auto list = items(input, "entries");
  if (!list) return fail(list.error());
  std::vector<store::new_entry> entries;
  std::int64_t records = 0;
  const double now = unix_now();
  for (const auto& item : **list) {
    auto entry = sealed_entry(item, *key);
    if (!entry) return fail(entry.error());
    entry->typetag = *typetag;
    entry->orgid = *orgid;
    entry->timezone = zone;
    entry->timestamp = now;
    records += static_cast<std::int64_t>(entry->records);
    entries.push_back(std::move(*entry));
  }
  const auto put = on.stores().lake->put(entries);
  if (!put) return fail(put.error());
  if (const auto line = on.actors_if_running()) line->nudge();
  return tahoe::object{{"entries", static_cast<std::int64_t>(put->size())}, {"records", records}};
}

expected<tahoe::value> quarantine_list(engine& on, const tahoe::value& input) {
  constexpr std::int64_t page = 500;
  const auto limit = std::clamp<std::int64_t>(integer(input, "limit").value_or(page), 1, page);
  const auto found = on.stores().lake->set_aside(text_or(input, "after", ""), static_cast<std::size_t>(limit),
                                                 !boolean(input, "all"));
  if (!found) return fail(found.error());
  tahoe::array entries;
  for (const auto& one : *found) entries.push_back(as_value(one));
  const bool more = static_cast<std::int64_t>(entries.size()) == limit;
  return tahoe::object{{"entries", std::move(entries)}, {"more", more}};
}

expected<tahoe::value> quarantine_show(engine& on, const tahoe::value& input) {
  const auto id = text(input, "id");
  if (!id) return fail(id.error());
  const auto found = on.stores().lake->find(*id);
  if (!found) return fail(found.error());
  if (!*found)
    return fail(failure::not_found,
                "no entry " + *id + "; `cybexd quarantine list --all` lists those that were set aside");
  return as_value(**found);
}

expected<tahoe::value> quarantine_retry(engine& on, const tahoe::value& input) {
  const auto ids = ids_of(on, input);
  if (!ids) return fail(ids.error());
  if (auto may = may_all_be_retried(on, *ids); !may) return fail(may.error());
  if (const auto retried = on.stores().lake->retry(*ids); !retried) return fail(retried.error());
  if (const auto line = on.actors_if_running()) line->nudge();
  return tahoe::object{{"retried", static_cast<std::int64_t>(ids->size())}};
}

expected<tahoe::value> quarantine_drop(engine& on, const tahoe::value& input) {
  const auto ids = ids_of(on, input);
  if (!ids) return fail(ids.error());
  if (const auto dropped = on.stores().lake->drop(*ids); !dropped) return fail(dropped.error());
  return tahoe::object{{"dropped", static_cast<std::int64_t>(ids->size())}};
}

}  // namespace cybexd::app::operations
