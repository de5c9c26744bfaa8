#include "actors/archive_line.hpp"

#include <algorithm>
#include <utility>

namespace cybexd::actors {

namespace {

/// Bytes that a text of many lines holds while it is read: itself, and of each line what is to be marked, at
/// worst why it was set aside.
std::uint64_t text_cost(const store::lake_entry& entry) {
  constexpr std::uint64_t line_bytes = 128;
  return entry.bytes + entry.records * line_bytes;
}

}  // namespace

void archive_line::in_order(store::entry_mark& mark) {
  std::sort(mark.bad_lines.begin(), mark.bad_lines.end(),
            [](const auto& a, const auto& b) { return a.number < b.number; });
}

void archive_line::add(store::lake_entry entry, std::uint64_t round) {
  const std::uint64_t key = ++last_key_;
  bytes_ += entry.bytes;
  (entry.ndjson ? ndjson_ : singles_).push_back(key);
  job& j = jobs_[key];
  j.entry = std::move(entry);
  j.round = round;
  if (blocked_) hold(j);
}

void archive_line::pump() {
  while (!blocked_ && units_.size() < limits_.units && start_something()) {
  }
}

bool archive_line::start_something() {
  if (start_doomed() || start_finish()) return true;
  if (stopped_) return false;
  if (start_suspect()) return true;
  // Parts of a long text and fresh entries take turns, so that neither waits for the end of the other.
  parts_turn_ = !parts_turn_;
  if (parts_turn_ && start_part()) return true;
  return start_entries() || start_ndjson() || start_part();
}

bool archive_line::room_for(std::uint64_t bytes, std::size_t records) const {
  return units_.empty() || (unit_bytes_ + bytes <= limits_.unit_bytes_total &&
                            unit_records_ + records <= limits_.unit_records_total);
}

std::uint64_t archive_line::new_unit(unit u) {
  const std::uint64_t id = ++last_key_;
  unit_bytes_ += u.bytes;
  unit_records_ += u.records;
  units_.emplace(id, std::move(u));
  return id;
}

void archive_line::open(unit u) {
  auto ids = std::make_shared<std::vector<store::entry_id>>();
  for (const auto key : u.keys) ids->push_back(jobs_.at(key).entry.id);
  const auto id = new_unit(std::move(u));
  stages_.open(id, {std::move(ids)});
}

/// An entry or a line that has cost a worker before: on its own.
bool archive_line::start_suspect() {
  if (!part_retries_.empty()) {
    if (!room_for(part_retries_.front().slice.size, 1)) return false;
    part p = part_retries_.front();
    part_retries_.pop_front();
    parse_part(p, p.deaths > 0);
    return true;
  }
  if (suspects_.empty()) return false;
  unit u;
  u.keys = {suspects_.front()};
  u.alone = true;
  u.bytes = jobs_.at(u.keys.front()).entry.bytes;
  if (!room_for(u.bytes, 1)) return false;
  suspects_.pop_front();
  open(std::move(u));
  return true;
}

/// Entries of the next unit. Each unit wakes a dozen threads, so large ones cost less; but a few entries in
/// one unit would be opened by one worker while the others look on: they are shared out.
std::size_t archive_line::unit_size() const {
  constexpr std::size_t smallest = 16;
  if (units_.size() >= limits_.busy_units) return limits_.unit_entries;
  const auto idle = limits_.busy_units - units_.size();
  return std::min(limits_.unit_entries, std::max(smallest, (singles_.size() + idle - 1) / idle));
}

bool archive_line::start_entries() {
  const auto size = unit_size();
  if (singles_.empty() || !room_for(jobs_.at(singles_.front()).entry.bytes, std::min(size, singles_.size())))
    return false;
  unit u;
  while (!singles_.empty() && u.keys.size() < size) {
    const auto bytes = jobs_.at(singles_.front()).entry.bytes;
    if (!u.keys.empty() && u.bytes + bytes > limits_.unit_bytes) break;
    u.keys.push_back(singles_.front());
    u.bytes += bytes;
    singles_.pop_front();
  }
  u.records = u.keys.size();
  open(std::move(u));
  return true;
}

bool archive_line::start_ndjson() {
  if (ndjson_.empty()) return false;
  const auto bytes = text_cost(jobs_.at(ndjson_.front()).entry);
  if (texts_ != 0 && (texts_ >= limits_.texts || text_bytes_ + bytes > limits_.text_bytes)) return false;
  unit u;
  u.keys = {ndjson_.front()};
  ndjson_.pop_front();
  ++texts_;
  text_bytes_ += bytes;
  jobs_.at(u.keys.front()).counted = true;
  open(std::move(u));
  return true;
}

bool archive_line::start_part() {
  if (reading_.empty() || !room_for(1, 1)) return false;
  const auto key = reading_.front();
  reading_.pop_front();
  job& j = jobs_.at(key);
  if (const auto slice = j.parts->next()) {
    ++j.open_parts;
    parse_part({key, *slice, 0}, false);
  }
  if (!j.parts->done())
    reading_.push_back(key);  // texts take turns
  else if (j.open_parts == 0)
    finishing_.push_back(key);
  return true;
}

void archive_line::parse_part(part p, bool alone) {
  const job& j = jobs_.at(p.key);
  auto texts = std::make_shared<std::vector<messages::record_text>>();
  texts->push_back({j.text, p.slice.offset, p.slice.size, true, p.slice.first_line, j.entry.typetag,
                    j.sub_type, j.entry.orgid, j.entry.timezone});
  unit u;
  u.of = p;
  u.alone = alone;
  u.bytes = p.slice.size;
  const auto begin = j.text->begin() + static_cast<std::ptrdiff_t>(p.slice.offset);
  u.records = 1 + static_cast<std::size_t>(
                      std::count(begin, begin + static_cast<std::ptrdiff_t>(p.slice.size), '\n'));
  const auto id = new_unit(std::move(u));
  stages_.parse(id, {std::move(texts)});
}

/// The mark of an NDJSON entry all of whose parts are durable or set aside.
bool archive_line::start_finish() {
  if (finishing_.empty()) return false;
  const auto key = finishing_.front();
  finishing_.pop_front();
  job& j = jobs_.at(key);
  unit u;
  u.keys = {key};
  u.final = true;
  auto work = std::make_shared<std::vector<store::entry_work>>(1);
  work->front().mark = j.sum;
  in_order(work->front().mark);
  const auto id = new_unit(std::move(u));
  stages_.commit(id, {std::move(work), false});
  return true;
}

bool archive_line::start_doomed() {
  if (doomed_.empty()) return false;
  const auto key = doomed_.front();
  doomed_.pop_front();
  quarantine(key);
  return true;
}

void archive_line::release_text(job& j) {
  if (!std::exchange(j.counted, false)) return;
  --texts_;
  text_bytes_ -= text_cost(j.entry);
}

void archive_line::hold(job& j) {
  if (std::exchange(j.held, true)) return;
  stages_.left(j.round, false);
}

/// Nothing is the entries' fault: all of them wait. Those on their way come back by themselves.
void archive_line::hold_all(const std::string& why) {
  trouble_ = why;
  blocked_ = true;
  std::vector<std::uint64_t> travelling;
  for (const auto& [id, u] : units_) travelling.insert(travelling.end(), u.keys.begin(), u.keys.end());
  std::sort(travelling.begin(), travelling.end());
  for (auto& [key, j] : jobs_)
    if (!std::binary_search(travelling.begin(), travelling.end(), key)) hold(j);
}

/// Puts what a unit was made of back to where it is taken from next time.
void archive_line::put_back(unit u, bool held) {
  if (u.of) {
    part_retries_.push_front(*u.of);
    return;
  }
  for (auto key = u.keys.rbegin(); key != u.keys.rend(); ++key) {
    job& j = jobs_.at(*key);
    if (u.quarantine) {
      doomed_.push_front(*key);
    } else if (u.final) {
      finishing_.push_front(*key);
    } else if (j.entry.ndjson) {
      ndjson_.push_front(*key);
      release_text(j);
    } else {
      (j.deaths > 0 ? suspects_ : singles_).push_front(*key);
    }
    if (held) hold(j);
  }
}

void archive_line::not_begun(std::uint64_t id) {
  const auto at = units_.find(id);
  if (at != units_.end()) put_back(take_unit(at), blocked_);
}

void archive_line::unavailable(std::uint64_t id, const std::string& why) {
  const auto at = units_.find(id);
  if (at == units_.end()) return;
  put_back(take_unit(at), true);
  hold_all(why);
}

std::size_t archive_line::resume(std::uint64_t round) {
  blocked_ = false;
  std::size_t resumed = 0;
  for (auto& [key, j] : jobs_) {
    if (!std::exchange(j.held, false)) continue;
    j.round = round;
    ++resumed;
  }
  return resumed;
}

std::vector<store::entry_id> archive_line::remaining() const {
  std::vector<store::entry_id> ids;
  for (const auto& [key, j] : jobs_) ids.push_back(j.entry.id);
  return ids;
}

}  // namespace cybexd::actors
