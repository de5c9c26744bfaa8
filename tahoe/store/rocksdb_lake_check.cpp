// Compares the rows of the embedded lake with each other.
#include <rocksdb/db.h>

#include <algorithm>
#include <limits>

#include "tahoe/store/lake_rules.hpp"
#include "tahoe/store/rocksdb_lake.hpp"
#include "tahoe/store/rocksdb_snapshot.hpp"
#include "tahoe/store/row.hpp"

namespace cybexd::store {
namespace {

/// All rows of the lake, number by number, from one consistent look.
class lake_check {
 public:
  lake_check(rocksdb_home& home, const rocksdb::Snapshot* at, const check_listener& listener)
      : entries_(rows(home, family::lake_entries, at)),
        waiting_(rows(home, family::lake_waiting, at)),
        aside_(rows(home, family::lake_aside, at)),
        files_(rows(home, family::lake_files, at)),
        listener_(listener) {}

  expected<void> run() {
    std::uint64_t looked_at = 0;
    for (auto number = next(); number; number = next()) {
      judge(*number);
      if (auto goes_on = listener_.tell("cache rows", ++looked_at, 0); !goes_on) return goes_on;
    }
    for (const auto* one : {&entries_, &waiting_, &aside_, &files_})
      if (!(*one)->status().ok()) return fail(to_error((*one)->status(), "lake: check"));
    return {};
  }

  /// What the books are compared with: entries that were dropped are in the books only.
  void compare(const lake_sums& books) const {
    if (unreadable_) return;  // nobody knows what they count
    const auto pending = [](const lake_sums& s) { return s.accepted - s.archived - s.known - s.set_aside; };
    const bool same = books.waiting_entries == sums_.waiting_entries &&
                      books.quarantined_entries == sums_.quarantined_entries &&
                      pending(books) == pending(sums_);
    const bool enough = books.accepted >= sums_.accepted && books.archived >= sums_.archived &&
                        books.known >= sums_.known && books.set_aside >= sums_.set_aside;
    if (!same || !enough) listener_.complain("the books are not those of the entries that are there");
  }

 private:
  using iterator = std::unique_ptr<rocksdb::Iterator>;

  static iterator rows(rocksdb_home& home, family f, const rocksdb::Snapshot* at) {
    rocksdb::ReadOptions options;
    options.snapshot = at;
    options.fill_cache = false;
    iterator made(home.db().NewIterator(options, home.handle(f)));
    made->SeekToFirst();
    return made;
  }
  static std::string_view key(const iterator& at) { return {at->key().data(), at->key().size()}; }
  static std::string_view value(const iterator& at) { return {at->value().data(), at->value().size()}; }

  /// The lowest number that any row still has.
  std::optional<std::uint64_t> next() const {
    std::optional<std::uint64_t> lowest;
    for (const auto* one : {&entries_, &waiting_, &aside_, &files_}) {
      if (!(*one)->Valid()) continue;
      const auto number = number_at(key(*one));
      lowest = std::min(lowest.value_or(number), number);
    }
    return lowest;
  }

  static bool is_at(const iterator& from, std::uint64_t number, std::string_view letter) {
    return from->Valid() && number_at(key(from)) == number && key(from).substr(8) == letter;
  }

  /// The row of that number under that letter, if it is the next; goes past it.
  static std::optional<std::string> take(const iterator& from, std::uint64_t number,
                                         std::string_view letter) {
    if (!is_at(from, number, letter)) return std::nullopt;
    std::string row(value(from));
    from->Next();
    return row;
  }
  /// Whether there is one, whose value may be an envelope of many megabytes; goes past it.
  static bool pass(const iterator& from, std::uint64_t number) {
    const bool there = is_at(from, number, "");
    if (there) from->Next();
    return there;
  }

  void judge(std::uint64_t number) {
    const auto entry_row = take(entries_, number, "e"), mark_row = take(entries_, number, "m");
    const bool waits = pass(waiting_, number), has_file = pass(files_, number);
    const auto aside = take(aside_, number, "");
    const auto say = [&](const std::string& what) {
      listener_.complain("entry " + to_entry_id(number) + " " + what);
    };
    if (!entry_row) return say("is not there, and other rows name it");
    auto entry = entry_from_row(number, *entry_row);
    auto mark = mark_row ? mark_from_row(number, *mark_row) : expected<stored_mark>(stored_mark{});
    if (!entry || !mark) {
      unreadable_ = true;
      return say("cannot be read");
    }
    const auto now = mark_row ? std::optional(mark->mark) : std::nullopt;
    sums_.add(entry->records, now, 1);
    const bool is_aside = now && is_set_aside(*now);
    if (!now != waits) say(waits ? "is listed as waiting and does not wait" : "waits and is not listed");
    if (is_aside != aside.has_value())
      say(aside ? "is listed as set aside and is not" : "is set aside and not listed");
    if (is_aside && aside && *aside != aside_row(*now)) say("is listed as set aside for another reason");
    if ((!now || is_aside) && !has_file) say("has no envelope");
  }

  iterator entries_, waiting_, aside_, files_;
  const check_listener& listener_;
  lake_sums sums_;
  bool unreadable_ = false;
};

}  // namespace

expected<void> rocksdb_lake::check(const check_listener& listener) {
  const rocksdb_snapshot now(*home_);
  lake_check all(*home_, now.get(), listener);
  if (auto done = all.run(); !done) return done;
  auto row = home_->get(family::lake_meta, "books", "lake: check", now.get());
  if (!row) return fail(row.error());
  auto books = *row ? sums_from_row(**row) : expected<lake_sums>(lake_sums{});
  if (books)
    all.compare(*books);
  else
    listener.complain(books.error().text);
  return {};
}

}  // namespace cybexd::store
