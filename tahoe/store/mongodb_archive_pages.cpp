// Pages of events, as a look sees them.
#include <algorithm>

#include "tahoe/store/mongodb_archive_documents.hpp"
#include "tahoe/store/mongodb_archive_questions.hpp"
#include "tahoe/store/mongodb_archive_view.hpp"

namespace cybexd::store::mongodb_archive {
namespace {

/// Events read beyond both edges of a page, to see how those of one instant stand in order: whole ones, or
/// hashes and times only.
constexpr std::uint64_t margin = 5, wide_margin = 2'000;
constexpr std::uint32_t most_in_an_answer = 10'000;

bool by_time_then_hash(const event_position& a, const event_position& b) {
  return a.timestamp != b.timestamp ? a.timestamp > b.timestamp : a.hash < b.hash;
}

/// Whether the events of the page [first, last) cannot be told from those around it: they come in the order
/// of time, those of one instant in any order, and one that stands at the page's edge goes on beyond what was
/// read.
bool edges_are_open(const std::vector<event_position>& rows, std::size_t first, std::size_t last,
                    bool more_before, bool more_after) {
  const auto same = [&](std::size_t a, std::size_t b) { return rows[a].timestamp == rows[b].timestamp; };
  if (first > 0 && same(first - 1, first) && same(0, first) && more_before) return true;
  return last < rows.size() && same(last - 1, last) && same(last, rows.size() - 1) && more_after;
}

/// `events`: those besides, which could not be read whole.
template <class Documents>
std::vector<event_position> positions_of(const Documents& documents, std::vector<event_position> events) {
  for (const auto& [hash, d] : documents) events.push_back({hash, d.timestamp});
  std::sort(events.begin(), events.end(), by_time_then_hash);
  return events;
}

std::vector<event_position> part_of(const std::vector<event_position>& events, std::size_t first,
                                    std::size_t last) {
  return {events.begin() + static_cast<std::ptrdiff_t>(first),
          events.begin() + static_cast<std::ptrdiff_t>(last)};
}

/// All in one document, since the data of one of them is enough.
bson together(const char* hash_field) {
  const auto position = bson().add("_id", hash_field).add("timestamp", "$timestamp");
  bson group;
  group.add_null("_id").add("events", bson().add("$push", position));
  return bson().add("$group", group.add("data", bson().add("$first", "$data")));
}

}  // namespace

expected<std::vector<event_position>> view::page(const hash256& attribute, const event_filter& filter,
                                                 std::uint64_t offset, std::size_t limit) {
  using rows = std::vector<event_position>;
  constexpr std::uint64_t farthest = std::uint64_t{1} << 62;
  if (holds_nothing(filter) || limit == 0 || offset > farthest) return rows();
  const auto asked = events_with(attribute, filter);
  if (!unique_) return page_of_doubles(attribute, asked, offset, limit);
  if (reads_ahead_) return page_of_positions(attribute, asked, offset, limit);
  const auto before = std::min(offset, margin);
  find_options how;
  how.sort = newest_first();
  how.skip = offset - before;
  how.limit = before + limit + margin;
  how.batch = static_cast<std::uint32_t>(std::min<std::uint64_t>(how.limit + 1, most_in_an_answer));
  auto found = read(asked, how, "archive: page");
  if (!found) return fail(found.error());
  auto events = positions_of(*found, unreadable_);
  const auto first = static_cast<std::size_t>(before);
  if (events.size() <= first) return rows();
  const auto last = std::min(events.size(), first + limit);
  const auto counts = is_attribute(attribute, found->empty() ? nullptr : &found->begin()->second.data);
  if (!counts) return fail(counts.error());
  if (!*counts) return rows();
  if (edges_are_open(events, first, last, how.skip > 0, events.size() == how.limit))
    return page_by_hash(asked, offset, limit);
  return part_of(events, first, last);
}

/// Where many events of one instant stand at the page's edge.
expected<std::vector<event_position>> view::page_by_hash(const bson& filter, std::uint64_t offset,
                                                         std::size_t limit) {
  find_options how;
  how.sort = newest_first_by_hash();
  how.skip = offset;
  how.limit = limit;
  auto found = read(filter, how, "archive: page");
  if (!found) return fail(found.error());
  return positions_of(*found, unreadable_);
}

/// Hashes and times, which cost little, so that all events of an instant are seen at once, mostly: where the
/// sessions' sessions are asked for, there is no question to spare.
expected<std::vector<event_position>> view::page_of_positions(const hash256& attribute, const bson& filter,
                                                              std::uint64_t offset, std::size_t limit) {
  const auto before = std::min(offset, wide_margin), most = before + limit + wide_margin;
  tahoe::value data;
  auto events = read_page(
      stages({bson().add("$match", filter), bson().add("$sort", newest_first()),
              bson().add("$skip", offset - before), bson().add("$limit", most), together("$_hash")}),
      data);
  if (!events) return events;
  std::sort(events->begin(), events->end(), by_time_then_hash);
  const auto first = static_cast<std::size_t>(before);
  if (events->size() <= first) return std::vector<event_position>();
  const auto last = std::min(events->size(), first + limit);
  if (!edges_are_open(*events, first, last, offset > before, events->size() == most))
    return unread_page(attribute, data, part_of(*events, first, last));
  const auto counts = is_attribute(attribute, &data);
  if (!counts) return fail(counts.error());
  return *counts ? page_by_hash(filter, offset, limit) : std::vector<event_position>();
}

/// Where a document may stand there twice.
expected<std::vector<event_position>> view::page_of_doubles(const hash256& attribute, const bson& filter,
                                                            std::uint64_t offset, std::size_t limit) {
  const auto first = [](const char* field) { return bson().add("$first", field); };
  const auto once =
      bson().add("_id", "$_hash").add("timestamp", first("$timestamp")).add("data", first("$data"));
  const auto order = bson().add("timestamp", -1).add("_id", 1);
  tahoe::value data;
  auto events = read_page(
      stages({bson().add("$match", filter), bson().add("$group", once), bson().add("$sort", order),
              bson().add("$skip", offset), bson().add("$limit", std::uint64_t{limit}), together("$_id")}),
      data);
  if (!events) return events;
  return unread_page(attribute, data, std::move(*events));
}

expected<std::vector<event_position>> view::read_page(const bson_list& stages, tahoe::value& data) {
  auto at = look_.documents();
  if (!at) return fail(at.error());
  std::vector<event_position> events;
  auto done = (*at)->aggregate(stages, "archive: page", [&](const bson_view& answer) {
    if (const auto one = answer.find("data").document()) data = one->to_value().value_or(tahoe::value());
    if (const auto all = answer.find("events").document())
      all->each([&](const bson_element& event) {
        ++rows_;
        const auto position = event.document();
        const auto hash = position ? hash_in(position->find("_id")) : std::nullopt;
        if (hash) events.push_back({*hash, position->find("timestamp").number().value_or(0)});
        return true;
      });
    return true;
  });
  if (!done) return fail(done.error());
  return events;
}

/// The events themselves are read with those of the next step.
expected<std::vector<event_position>> view::unread_page(const hash256& attribute, const tahoe::value& data,
                                                        std::vector<event_position> events) {
  if (events.empty()) return events;
  const auto counts = is_attribute(attribute, &data);
  if (!counts) return fail(counts.error());
  if (!*counts) events.clear();
  for (const auto& event : events) {
    events_.insert(event.hash);
    page_unread_.push_back(event.hash);
  }
  return events;
}

}  // namespace cybexd::store::mongodb_archive
