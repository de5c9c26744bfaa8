#include <algorithm>
#include <iterator>
#include <utility>

#include "actors/archive_line.hpp"
#include "actors/log.hpp"

namespace cybexd::actors {

using store::entry_mark;
using store::entry_state;
using store::entry_work;

archive_line::unit archive_line::take_unit(unit_entry at) {
  unit u = std::move(at->second);
  unit_bytes_ -= u.bytes;
  unit_records_ -= u.records;
  units_.erase(at);
  return u;
}

void archive_line::opened(std::uint64_t id, const messages::files_opened& answer) {
  const auto at = units_.find(id);
  if (at == units_.end()) return;
  if (!answer.unavailable.empty()) return unavailable(id, answer.unavailable);
  if (!answer.files || answer.files->size() != at->second.keys.size())
    return lost(id, "a file is missing in the answer");
  if (jobs_.at(at->second.keys.front()).entry.ndjson) {
    const auto as_parts = open_text(at->second, answer.files->front());
    if (!as_parts) return unavailable(id, as_parts.error().text);
    if (*as_parts) {
      take_unit(at);
      return;
    }
  }
  at->second.files = *answer.files;
  parse_files(id, at->second);
}

/// A text of many lines goes on as parts, if it is one and its typetag is known. True: so it does.
expected<bool> archive_line::open_text(const unit& u, const messages::opened_file& file) {
  const auto key = u.keys.front();
  job& j = jobs_.at(key);
  auto sub_type = file.text ? stages_.sub_type_of(j.entry.typetag) : expected<std::string>();
  if (!sub_type) return fail(sub_type.error());
  if (sub_type->empty()) {
    release_text(j);
    return false;
  }
  j.text = file.text;
  j.sub_type = std::move(*sub_type);
  j.parts.emplace(j.text);
  j.sum.id = j.entry.id;
  (j.parts->done() ? finishing_ : reading_).push_back(key);
  return true;
}

void archive_line::parse_files(std::uint64_t id, unit& u) {
  auto texts = std::make_shared<std::vector<messages::record_text>>();
  for (std::size_t i = 0; i < u.keys.size(); ++i) {
    const auto& text = u.files[i].text;
    if (!text) continue;
    const auto& entry = jobs_.at(u.keys[i]).entry;
    auto sub_type = stages_.sub_type_of(entry.typetag);
    if (!sub_type) return unavailable(id, sub_type.error().text);
    texts->push_back({text, 0, text->size(), entry.ndjson && !sub_type->empty(), 1, entry.typetag,
                      std::move(*sub_type), entry.orgid, entry.timezone});
    u.texts.push_back(i);
  }
  if (!texts->empty()) return stages_.parse(id, {std::move(texts)});
  u.batch = std::make_shared<messages::parsed_batch>();
  u.documents = std::make_shared<std::vector<tahoe::document>>();
  commit(id, u, {std::make_shared<std::vector<std::optional<store::filter_result>>>()});
}

void archive_line::parsed(std::uint64_t id, const messages::records_parsed& answer) {
  const auto at = units_.find(id);
  if (at == units_.end()) return;
  unit& u = at->second;
  u.batch = answer.batch;
  u.documents = std::make_shared<std::vector<tahoe::document>>(std::move(u.batch->documents));
  if (!u.documents->empty()) return stages_.filter(id, {u.documents});
  commit(id, u, {std::make_shared<std::vector<std::optional<store::filter_result>>>()});
}

void archive_line::filtered(std::uint64_t id, const messages::records_filtered& answer) {
  const auto at = units_.find(id);
  if (at == units_.end()) return;
  if (!answer.results || answer.results->size() != at->second.documents->size())
    return lost(id, "a record is missing in the filters' answer");
  commit(id, at->second, answer);
}

void archive_line::commit(std::uint64_t id, unit& u, const messages::records_filtered& answer) {
  std::vector<store::record_write> records;
  records.reserve(u.documents->size());
  for (std::size_t i = 0; i < u.documents->size(); ++i)
    records.push_back({std::move((*u.documents)[i]), std::move((*answer.results)[i])});
  u.documents.reset();
  auto work = u.of ? part_work(u, std::move(records)) : entries_work(u, std::move(records));
  stages_.commit(id, {std::move(work), u.alone});
}

std::shared_ptr<std::vector<entry_work>> archive_line::entries_work(
    unit& u, std::vector<store::record_write> records) const {
  auto work = std::make_shared<std::vector<entry_work>>(u.keys.size());
  for (std::size_t i = 0; i < u.keys.size(); ++i) {
    const job& j = jobs_.at(u.keys[i]);
    (*work)[i].mark.id = j.entry.id;
    if (!u.files[i].text) (*work)[i].mark = set_aside(j, entry_state::bad_data, u.files[i].reason);
  }
  for (std::size_t i = 0; i < records.size(); ++i)
    (*work)[u.texts[u.batch->origins[i].text]].records.push_back(std::move(records[i]));
  for (const auto& refused : u.batch->refused) {
    const auto i = u.texts[refused.origin.text];
    (*work)[i].mark = set_aside(jobs_.at(u.keys[i]), refused.state, refused.reason);
  }
  return work;
}

std::shared_ptr<std::vector<entry_work>> archive_line::part_work(unit& u,
                                                                 std::vector<store::record_write> records) {
  const job& j = jobs_.at(u.of->key);
  auto work = std::make_shared<std::vector<entry_work>>(1);
  auto& only = work->front();
  u.final = j.parts->done() && j.open_parts == 1;
  only.last = u.final;
  only.records = std::move(records);
  if (u.final)
    only.mark = j.sum;
  else
    only.mark.id = j.entry.id;
  for (const auto& refused : u.batch->refused)
    only.mark.bad_lines.push_back({refused.origin.line, refused.state, refused.reason});
  only.mark.set_aside += u.batch->refused.size();
  if (u.final) in_order(only.mark);
  return work;
}

entry_mark archive_line::set_aside(const job& j, entry_state state, std::string reason) {
  entry_mark mark = j.sum;  // of an NDJSON entry some parts may be archived already
  mark.id = j.entry.id;
  mark.state = state;
  mark.reason = std::move(reason);
  mark.set_aside = j.entry.records - std::min(j.entry.records, mark.archived + mark.known);
  in_order(mark);
  return mark;
}

void archive_line::committed(std::uint64_t id, const messages::work_committed& answer) {
  const auto at = units_.find(id);
  if (at == units_.end()) return;
  using outcome = messages::work_committed::outcome;
  const bool complete = answer.marks && answer.marks->size() == (at->second.of ? 1 : at->second.keys.size());
  if (answer.what == outcome::refused || (answer.what == outcome::durable && !complete))
    return lost(id, answer.reason);
  if (answer.what == outcome::unavailable) return unavailable(id, answer.reason);
  const unit u = take_unit(at);
  if (!blocked_) trouble_.clear();
  if (u.of)
    part_committed(u, answer.marks->front());
  else
    entries_committed(u, *answer.marks);
}

void archive_line::entries_committed(const unit& u, const std::vector<entry_mark>& marks) {
  for (std::size_t i = 0; i < u.keys.size(); ++i) {
    const auto& mark = marks[i];
    if (mark.state == entry_state::processed && !u.final)
      count_written(mark.archived, mark.known, u.files[i].text ? u.files[i].text->size() : 0);
    else if (mark.state != entry_state::processed)
      count(mark.state, mark.set_aside - std::min(mark.set_aside, jobs_.at(u.keys[i]).sum.set_aside));
    settle(u.keys[i], mark);
  }
}

void archive_line::part_committed(const unit& u, const entry_mark& mark) {
  job& j = jobs_.at(u.of->key);
  const auto before = u.final ? std::exchange(j.sum, {}) : entry_mark{};
  count_written(mark.archived - before.archived, mark.known - before.known, u.of->slice.size);
  for (const auto& refused : u.batch->refused) count(refused.state, 1);
  if (u.final) return settle(u.of->key, mark);
  j.sum.archived += mark.archived;
  j.sum.known += mark.known;
  j.sum.set_aside += mark.set_aside;
  j.sum.refs.insert(j.sum.refs.end(), mark.refs.begin(), mark.refs.end());
  j.sum.bad_lines.insert(j.sum.bad_lines.end(), mark.bad_lines.begin(), mark.bad_lines.end());
  part_done(u.of->key);
}

void archive_line::part_done(std::uint64_t key) {
  job& j = jobs_.at(key);
  if (--j.open_parts == 0 && j.parts->done()) finishing_.push_back(key);
}

void archive_line::settle(std::uint64_t key, const entry_mark& mark) {
  const auto at = jobs_.find(key);
  job& j = at->second;
  bytes_ -= j.entry.bytes;
  release_text(j);
  const bool held = j.held;
  const auto round = j.round;
  jobs_.erase(at);
  if (!held) stages_.left(round, mark.archived + mark.known > 0);
}

void archive_line::lost(std::uint64_t id, const std::string& reason) {
  const auto at = units_.find(id);
  if (at == units_.end()) return;
  const unit u = take_unit(at);
  if (u.of) return part_lost(*u.of, reason);
  for (const auto key : u.keys) {
    if (u.quarantine) {
      log(log_level::error, "cache_poller",
          "entry " + jobs_.at(key).entry.id + " cannot even be set aside: " + reason);
      stages_.refused(jobs_.at(key).entry.id);
      settle(key, {});
    } else {
      entry_lost(key, reason);
    }
  }
}

void archive_line::entry_lost(std::uint64_t key, const std::string& reason) {
  job& j = jobs_.at(key);
  j.last_words = reason;
  if (!j.text) release_text(j);
  if (++j.deaths >= limits_.deaths) return quarantine(key);
  (j.text ? finishing_ : j.entry.ndjson ? ndjson_ : suspects_).push_back(key);
}

void archive_line::quarantine(std::uint64_t key) {
  const job& j = jobs_.at(key);
  auto work = std::make_shared<std::vector<entry_work>>(1);
  work->front().mark =
      set_aside(j, entry_state::quarantined,
                "cost " + std::to_string(j.deaths) + " workers, the last one: " + j.last_words);
  log(log_level::error, "cache_poller",
      "entry " + j.entry.id + " is quarantined: " + work->front().mark.reason);
  unit u;
  u.keys = {key};
  u.files.resize(1);
  u.alone = u.quarantine = true;
  const auto id = new_unit(std::move(u));
  stages_.commit(id, {std::move(work), true});
}

void archive_line::part_lost(const part& p, const std::string& reason) {
  job& j = jobs_.at(p.key);
  std::vector<line_slice> lines;
  each_record(*j.text, p.slice, [&lines](const line_slice& line) { lines.push_back(line); });
  if (lines.size() == 1 && p.deaths + 1 >= limits_.deaths) {
    const auto text = "cost " + std::to_string(p.deaths + 1) + " workers, the last one: " + reason;
    log(log_level::error, "cache_poller",
        "entry " + j.entry.id + ", line " + std::to_string(lines.front().first_line) +
            " is set aside: " + text);
    j.sum.bad_lines.push_back({lines.front().first_line, entry_state::quarantined, text});
    ++j.sum.set_aside;
    count(entry_state::quarantined, 1);
    return part_done(p.key);
  }
  j.open_parts += lines.size();
  for (const auto& line : lines) part_retries_.push_back({p.key, line, p.deaths + 1});
  part_done(p.key);
}

void archive_line::count_written(std::uint64_t archived, std::uint64_t known, std::uint64_t bytes) {
  counts_.archived += archived;
  counts_.known += known;
  metrics_.add(counter::archive_entries, {"archived"}, static_cast<double>(archived));
  metrics_.add(counter::archive_entries, {"known"}, static_cast<double>(known));
  metrics_.add(counter::archive_bytes, {}, static_cast<double>(bytes));
}

void archive_line::count(entry_state state, std::uint64_t records) {
  const auto add = [&](std::uint64_t& into, const char* outcome) {
    into += records;
    metrics_.add(counter::archive_entries, {outcome}, static_cast<double>(records));
  };
  switch (state) {
    case entry_state::not_supported:
      return add(counts_.not_supported, "not_supported");
    case entry_state::bad_data:
      return add(counts_.bad_data, "bad_data");
    case entry_state::quarantined:
      return add(counts_.quarantined, "error");
    case entry_state::error:
    case entry_state::waiting:
    case entry_state::processed:
      return add(counts_.errors, "error");
  }
}

}  // namespace cybexd::actors
