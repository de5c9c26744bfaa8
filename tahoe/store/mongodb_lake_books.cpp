#include "tahoe/store/mongodb_lake_books.hpp"

#include <algorithm>
#include <utility>

#include "tahoe/store/mongodb_lake_entry.hpp"

namespace cybexd::store {
namespace {

using clock = std::chrono::steady_clock;

constexpr std::uint64_t slice = 100'000;         ///< Entries that one command of settling adds up.
constexpr std::uint64_t worth_settling = 2'000;  ///< Fewer are read at every look.
constexpr double settle_every = 60;              ///< Seconds.

bson expression(std::string_view name, const bson_list& arguments) { return bson().add(name, arguments); }

/// As `lake_document::yes` says it, in an aggregation.
bson yes(const char* field) {
  return expression("$and", bson_list().push(expression(
                                "$ifNull", bson_list().push(std::string("$") + field).push(false))));
}

bson either(const bson& condition, const bson& then, const bson& otherwise) {
  return expression("$cond", bson_list().push(condition).push(then).push(otherwise));
}

/// An expression that is a number.
bson constant(int n) { return bson().add("$literal", n); }

/// A count of ours, or what an entry without it counts as.
bson count(const char* field, const bson& otherwise) {
  return expression("$ifNull", bson_list().push(std::string("$") + field).push(otherwise));
}

bson sum(const bson& of) { return bson().add("$sum", of); }

bson processed() { return yes("processed"); }
bson waiting() {
  return expression(
      "$not", bson_list().push(
                  expression("$or", bson_list().push(processed()).push(yes("skip")).push(yes("bad_data")))));
}

/// Processed, without counts, and put after the time of `since`.
bson marked_by_others(const object_id& since) {
  const auto counted = expression("$ifNull", bson_list().push("$_cybexd_archived").push(-1));
  return expression("$and", bson_list()
                                .push(processed())
                                .push(expression("$eq", bson_list().push(counted).push(-1)))
                                .push(expression("$gt", bson_list().push("$_id").push(since))));
}

bson least_waiting(const char* field) {
  return bson().add("$min", expression("$cond", bson_list().push(waiting()).push(field).push_null()));
}

bson group(const object_id& since) {
  const auto none = constant(0), one = constant(1);
  const auto marked = [&](const char* field, const bson& if_processed, const bson& if_aside) {
    return sum(either(waiting(), none, count(field, either(processed(), if_processed, if_aside))));
  };
  const auto is = [](const char* field, const char* text) {
    return expression("$eq", bson_list().push(std::string("$") + field).push(text));
  };
  bson g;
  g.add_null("_id")
      .add("archived", marked("_cybexd_archived", one, none))
      .add("known", marked("_cybexd_known", none, none))
      .add("set_aside", marked("_cybexd_set_aside", none, one))
      .add("pending", sum(either(waiting(), count("_cybexd_records", one), none)))
      .add("waiting", sum(either(waiting(), one, none)))
      .add("quarantined", sum(either(is("_cybexd_state", "quarantined"), one, none)))
      .add("oldest", least_waiting("$timestamp"))
      .add("first", least_waiting("$_id"))
      .add("foreign", sum(either(marked_by_others(since), one, none)))
      .add("entries", sum(one))
      .add("last", bson().add("$max", "$_id"));
  return g;
}

std::uint64_t whole(const bson_view& row, std::string_view key) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(row.find(key).integer().value_or(0), 0));
}

void add(lake_books& to, const lake_books& more) {
  to.accepted += more.accepted;
  to.archived += more.archived;
  to.known += more.known;
  to.set_aside += more.set_aside;
  to.pending += more.pending;
  to.waiting_entries += more.waiting_entries;
  to.quarantined_entries += more.quarantined_entries;
  if (more.oldest_eligible) to.oldest_eligible = more.oldest_eligible;
}

}  // namespace

mongodb_lake_books::mongodb_lake_books(mongodb_collection entries, std::shared_ptr<mongodb_clock> clock,
                                       double settled_after, std::shared_ptr<notices> say)
    : entries_(std::move(entries)),
      clock_(std::move(clock)),
      settled_after_(settled_after),
      say_(std::move(say)) {}

expected<mongodb_lake_books::sums> mongodb_lake_books::add_up(const bson& match, std::uint64_t limit) const {
  bson_list stages;
  stages.push(bson().add("$match", match));
  if (limit != 0) stages.push(bson().add("$sort", bson().add("_id", 1))).push(bson().add("$limit", limit));
  stages.push(bson().add("$group", group(began_)));
  sums s;
  auto read = entries_.aggregate(stages, "lake: books", [&](const bson_view& row) {
    auto& b = s.books;
    b.archived = whole(row, "archived");
    b.known = whole(row, "known");
    b.set_aside = whole(row, "set_aside");
    b.pending = whole(row, "pending");
    b.accepted = b.archived + b.known + b.set_aside + b.pending;
    b.waiting_entries = whole(row, "waiting");
    b.quarantined_entries = whole(row, "quarantined");
    if (b.waiting_entries != 0)
      b.oldest_eligible =
          lake_document::arrival(row.find("oldest"), row.find("first").id().value_or(object_id()));
    s.entries = whole(row, "entries");
    s.foreign = whole(row, "foreign");
    s.last = row.find("last").id();
    return false;
  });
  if (!read) return fail(read.error());
  return s;
}

/// The first entry that is not processed and was never set aside: the sums must stop before it.
expected<std::optional<object_id>> mongodb_lake_books::first_open() const {
  find_options first;
  first.projection.add("_id", 1);
  first.sort.add("_id", 1);
  first.limit = 1;
  bson open;
  open.add("processed", lake_document::is_no()).add("_cybexd_aside", bson().add("$ne", true));
  auto found = entries_.find_all(open, first, "lake: books");
  if (!found) return fail(found.error());
  if (found->empty()) return std::optional<object_id>();
  if (const auto id = found->front().find("_id").id()) return std::optional(id);
  // Numbers and texts come before ObjectIds.
  say_->say_once("documents of " + entries_.full_name() +
                 " have an _id that is no ObjectId: they are no entries, and are neither taken nor counted");
  open.add("_id", bson().add("$type", "objectId"));
  found = entries_.find_all(open, first, "lake: books");
  if (!found) return fail(found.error());
  return found->empty() ? std::optional<object_id>() : found->front().find("_id").id();
}

/// Adds old entries to the settled sums, slice by slice.
expected<void> mongodb_lake_books::settle() {
  auto before = first_open();
  if (!before) return fail(before.error());
  auto end = object_id::at(clock_->now() - settled_after_);
  if (*before) end = std::min(end, **before);
  while (settled_to_ < end) {
    bson match;
    match.add("_id", bson().add("$gt", settled_to_).add("$lt", end))
        .add("_cybexd_aside", bson().add("$ne", true));
    auto more = add_up(match, slice);
    if (!more) return fail(more.error());
    if (!more->last) break;
    add(settled_, more->books);
    settled_to_ = *more->last;
    if (more->entries < slice) break;
  }
  return {};
}

expected<lake_books> mongodb_lake_books::look() {
  const std::scoped_lock lock(mutex_);
  const auto began = clock::now();
  // A database that needs long for a look is not asked again at once: what was seen is still one look.
  constexpr auto long_look = std::chrono::milliseconds(250);
  const auto changes = changes_.load();
  const bool old_one_does = last_took_ > long_look && began - last_at_ < 4 * last_took_;
  if (last_ && old_one_does && changes == changes_seen_) return *last_;
  const auto now = clock_->now();
  if (!looked_ || (open_entries_ > worth_settling && now - settled_at_ > settle_every)) {
    if (auto settled = settle(); !settled) return fail(settled.error());
    settled_at_ = now;
  }
  bson_list either;
  either.push(bson().add("_id", bson().add("$gt", settled_to_)))
      .push(bson().add("_id", bson().add("$type", "objectId")).add("_cybexd_aside", true));
  auto open = add_up(bson().add("$or", either), 0);
  if (!open) return fail(open.error());
  looked_ = true;
  open_entries_ = open->entries;
  say_who_else_works(*open);
  auto all = settled_;
  add(all, open->books);
  last_at_ = clock::now();
  last_took_ = last_at_ - began;
  last_ = all;
  changes_seen_ = changes;
  return all;
}

void mongodb_lake_books::say_who_else_works(const sums& s) {
  if (s.foreign == 0 || std::exchange(told_, true)) return;
  say_->say("another program archives entries of " + entries_.full_name() +
            ": if it is CYBEX-P's own archive module, stop it, for it must not run beside this server");
}

std::uint64_t mongodb_lake_books::looked_at() const {
  const std::scoped_lock lock(mutex_);
  return open_entries_;
}

}  // namespace cybexd::store
