#include "tahoe/store/mongodb_lake_entry.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "tahoe/json.hpp"
#include "tahoe/store/lake_rules.hpp"
#include "tahoe/store/mongodb_collection.hpp"

namespace cybexd::store::lake_document {
namespace {

constexpr std::string_view dropped_state = "dropped";
constexpr std::string_view lines_state = "lines";
constexpr std::array mark_fields{
    "skip",          "skip_reason",      "bad_data",      "_cybexd_state",    "_cybexd_lines",
    "_cybexd_parts", "_cybexd_archived", "_cybexd_known", "_cybexd_set_aside"};

bson_list noes() { return bson_list().push(false).push_null().push(0); }

std::uint64_t count(const bson_view& document, std::string_view key, std::uint64_t otherwise) {
  const auto n = document.find(key).integer();
  return n && *n >= 0 ? static_cast<std::uint64_t>(*n) : otherwise;
}

void read_line(const bson_view& line, entry_mark& into) {
  bad_line bad;
  bad.number = count(line, "number", 0);
  const auto name = line.find("state").text().value_or("");
  for (const auto state : {entry_state::not_supported, entry_state::bad_data, entry_state::quarantined})
    if (name == to_string(state)) bad.state = state;
  bad.reason = line.find("reason").text().value_or("");
  into.bad_lines.push_back(std::move(bad));
}

/// Whether it says that lines of it, or all of it, are set aside.
bool names_lines(const bson_view& document) {
  const auto name = document.find("_cybexd_state").text().value_or("");
  return name == lines_state || name == to_string(entry_state::quarantined);
}

}  // namespace

std::string stored_text(std::string_view text) {
  std::string out(text);
  if (!tahoe::is_valid_utf8(out))
    std::replace_if(
        out.begin(), out.end(), [](char c) { return (c & 0x80) != 0; }, '?');
  return out;
}

bson is_no() { return bson().add("$in", noes()); }
bson is_yes() { return bson().add("$nin", noes()); }
bool yes(const bson_element& field) {
  if (!field.exists() || field.is_null()) return false;
  if (const auto b = field.boolean()) return *b;
  if (const auto n = field.number()) return *n != 0;
  return true;
}

double arrival(const bson_element& timestamp, const object_id& id) {
  if (const auto date = timestamp.date()) return static_cast<double>(*date) / 1000;
  const auto seconds = timestamp.number();
  return seconds && std::isfinite(*seconds) ? *seconds : id.seconds();
}

std::optional<object_id> to_object_id(const entry_id& id) { return object_id::from_hex(id); }

bson from(const new_entry& entry, const object_id& id, const object_id& file) {
  bson document;
  document.add("_id", id)
      .add("name", stored_text(entry.name))
      .add("orgid", stored_text(entry.orgid))
      .add("typetag", stored_text(entry.typetag))
      .add("timezone", stored_text(entry.timezone))
      .add("timestamp", entry.timestamp)
      .add("processed", false)
      .add("fid", file);
  if (entry.ndjson) document.add("format", "ndjson");
  if (entry.records != 1) document.add("_cybexd_records", entry.records);
  document.add_int64("_cybexd_bytes", static_cast<std::int64_t>(entry.sealed.size()));
  return document;
}

bson entry_fields() {
  bson fields;
  for (const auto* field : {"name", "orgid", "typetag", "timezone", "timestamp", "fid", "format", "skip",
                            "bad_data", "skip_reason", "_cybexd_records", "_cybexd_bytes", "_cybexd_state",
                            "_cybexd_archived", "_cybexd_aside", "_ref"})
    fields.add(field, 1);
  return fields;
}

read_entry to_entry(const bson_view& document) {
  read_entry read;
  auto& e = read.entry;
  read.id = document.find("_id").id().value_or(object_id());
  e.id = read.id.to_hex();
  const auto text = [&](const char* key, std::string_view otherwise, bool needed) {
    const auto field = document.find(key);
    if (const auto t = field.text()) return std::string(*t);
    if (e.fault.empty() && (needed || (field.exists() && !field.is_null())))
      e.fault = std::string("the entry's ") + key + (field.exists() ? " is not a text" : " is missing");
    return std::string(otherwise);
  };
  e.name = document.find("name").text().value_or("");  // which nothing depends on
  e.orgid = text("orgid", "", true);
  e.typetag = text("typetag", "", true);
  e.timezone = text("timezone", "UTC", false);
  e.timestamp = arrival(document.find("timestamp"), read.id);
  e.ndjson = document.find("format").text() == "ndjson";
  e.records = count(document, "_cybexd_records", 1);
  read.own = document.find("_cybexd_bytes").integer().has_value();
  e.bytes = count(document, "_cybexd_bytes", 0);
  e.forced = yes(document.find("skip")) || yes(document.find("bad_data")) || names_lines(document);
  read.fresh = std::none_of(mark_fields.begin(), mark_fields.end(),
                            [&](const char* field) { return document.find(field).exists(); }) &&
               !document.find("_cybexd_aside").exists() && !document.find("_ref").exists();
  read.file = document.find("fid").id();
  if (!read.file)
    read.damage =
        document.find("fid").exists() ? "the entry's fid is not an ObjectId" : "the entry has no fid";
  return read;
}

held_entry held_from(const read_entry& read) {
  return {read.id,  {},        read.entry.records, read.entry.forced, read.fresh,
          read.own, read.file, read.entry.bytes,   read.damage};
}

bson not_done_with() {
  const auto lines =
      bson().add("$in", bson_list().push(lines_state).push(to_string(entry_state::quarantined)));
  return bson().add(
      "$or", bson_list().push(bson().add("processed", is_no())).push(bson().add("_cybexd_state", lines)));
}

bool set_aside(const bson_view& document) {
  const auto state = state_of(document);
  if (state == entry_state::processed) return names_lines(document);
  return state != entry_state::waiting;
}

bool dropped(const bson_view& document) { return document.find("_cybexd_state").text() == dropped_state; }

entry_state state_of(const bson_view& document) {
  if (yes(document.find("processed"))) return entry_state::processed;
  if (yes(document.find("bad_data"))) return entry_state::bad_data;
  if (!yes(document.find("skip"))) return entry_state::waiting;
  const auto name = document.find("_cybexd_state").text().value_or("");
  for (const auto state : {entry_state::not_supported, entry_state::quarantined})
    if (name == to_string(state)) return state;
  return entry_state::error;
}

entry_mark to_mark(const bson_view& document) {
  entry_mark mark;
  mark.id = to_entry(document).entry.id;
  mark.state = state_of(document);
  mark.reason = document.find("skip_reason").text().value_or("");
  if (const auto refs = document.find("_ref").document())
    refs->each([&](const bson_element& ref) {
      if (const auto hash = crypto::hash_from_hex(ref.text().value_or(""))) mark.refs.push_back(*hash);
      return true;
    });
  if (const auto lines = document.find("_cybexd_lines").document())
    lines->each([&](const bson_element& line) {
      if (const auto fields = line.document()) read_line(*fields, mark);
      return true;
    });
  if (mark.state == entry_state::waiting) return mark;
  // The original keeps no counts: one file is one record.
  const bool processed = mark.state == entry_state::processed;
  mark.archived = count(document, "_cybexd_archived", processed ? 1 : 0);
  mark.known = count(document, "_cybexd_known", 0);
  mark.set_aside = count(document, "_cybexd_set_aside", processed ? 0 : 1);
  return mark;
}

std::vector<mark_part> parts_of(const entry_mark& mark) {
  constexpr std::size_t most = 8u << 20;  // half of what a document may be: an entry has other fields too
  std::vector<mark_part> parts(1);
  const auto room = [&]() -> mark_part& {
    if (parts.back().refs.size() + parts.back().lines.size() > most) parts.emplace_back();
    return parts.back();
  };
  for (const auto& ref : mark.refs) room().refs.push(crypto::to_hex(ref));
  for (const auto& line : mark.bad_lines)
    room().lines.push(bson()
                          .add("number", line.number)
                          .add("state", to_string(line.state))
                          .add("reason", stored_text(line.reason)));
  return parts;
}

namespace {

bson unset(const std::vector<std::string_view>& fields) {
  bson list;
  for (const auto field : fields) list.add(field, "");
  return list;
}

/// The marks that a change does not set.
bson rest(const bson& set) {
  std::vector<std::string_view> gone;
  for (const auto* field : mark_fields)
    if (!set.find(field).exists()) gone.emplace_back(field);
  return unset(gone);
}

}  // namespace

namespace {

/// Small lists are added to what is there. Large ones replace it: adding compares every pair, and a mark
/// names all refs of its entry anyhow.
void add_refs(bson& change, bson& set, const bson_list& refs, bool replace) {
  constexpr std::size_t few = 100;
  if (refs.count() == 0) return;
  if (replace || refs.count() > few) {
    set.add("_ref", refs);
  } else {
    change.add("$addToSet", bson().add("_ref", bson().add("$each", refs)));
  }
}

}  // namespace

bson marking(const entry_mark& mark, const mark_part& first, std::size_t parts, const mark_ways& ways) {
  if (mark.state == entry_state::waiting) return waiting_again();
  bson set, change;
  set.add("processed", mark.state == entry_state::processed);
  const bool whole = mark.state != entry_state::processed;
  if (!whole && is_set_aside(mark))
    set.add("_cybexd_state", is_quarantined(mark) ? to_string(entry_state::quarantined) : lines_state)
        .add("_cybexd_aside", true);
  if (whole) {
    set.add(mark.state == entry_state::bad_data ? "bad_data" : "skip", true)
        .add("skip_reason", stored_text(mark.reason))
        .add("_cybexd_state", to_string(mark.state))
        .add("_cybexd_aside", true);
  }
  set.add("_cybexd_archived", mark.archived)
      .add("_cybexd_known", mark.known)
      .add("_cybexd_set_aside", mark.set_aside);
  if (ways.lists && first.lines.count() != 0) set.add("_cybexd_lines", first.lines);
  if (parts > 1) set.add("_cybexd_parts", static_cast<std::uint64_t>(parts - 1));
  if (ways.lists) add_refs(change, set, first.refs, ways.replace_refs);
  change.add("$set", set);
  if (!ways.fresh) change.add("$unset", rest(set));
  return change;
}

bson waiting_again() {
  bson set;
  set.add("processed", false).add("_cybexd_aside", true);
  return bson().add("$set", set).add("$unset", rest(set));
}

bson dropping(const entry_mark& mark) {
  bson set;
  set.add("processed", true)
      .add("_cybexd_state", dropped_state)
      .add("_cybexd_archived", mark.archived)
      .add("_cybexd_known", mark.known)
      .add("_cybexd_set_aside", mark.set_aside)
      .add("_cybexd_aside", true);
  return bson().add("$set", set).add("$unset", unset({"fid", "name", "_cybexd_lines", "_cybexd_parts"}));
}

}  // namespace cybexd::store::lake_document
