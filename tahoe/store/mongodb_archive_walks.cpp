// The archive on MongoDB: walks over all documents.
#include "tahoe/store/archive_rules.hpp"
#include "tahoe/store/mongodb_archive.hpp"
#include "tahoe/store/mongodb_archive_documents.hpp"

namespace cybexd::store {

using namespace mongodb_archive;

namespace {

constexpr std::uint32_t documents_at_once = 1'000;

}  // namespace

/// By leaps from one to the next, which the index makes cheap however many records there are of each.
expected<std::vector<std::string>> mongodb_archive_store::raw_sub_types() {
  if (auto ready = ready_(); !ready) return fail(ready.error());
  std::vector<std::string> found;
  find_options next;
  next.projection.add("sub_type", 1).add("_id", 0);
  next.sort.add("sub_type", 1);
  next.limit = 1;
  for (bool more = true; more;) {
    more = false;
    const auto asked = bson()
                           .add("itype", "raw")
                           .add("sub_type", bson().add("$gt", found.empty() ? std::string() : found.back()));
    auto done = ground_.documents.find(asked, next, "archive: raw sub_types", [&](const bson_view& stored) {
      if (const auto sub_type = stored.find("sub_type").text()) {
        found.emplace_back(*sub_type);
        more = true;
      }
      return false;
    });
    if (!done) return fail(done.error());
  }
  return found;
}

expected<void> mongodb_archive_store::each(const std::function<bool(const document&)>& visit) {
  if (auto ready = ready_(); !ready) return fail(ready.error());
  find_options how;
  how.sort.add("_hash", 1);
  how.batch = documents_at_once;
  how.without_limit_of_time = true;
  std::optional<document> waiting;  // its double may come next
  std::optional<error> first_unreadable;
  std::size_t unreadable = 0;
  bool going = true;
  auto done = ground_.documents.find({}, how, "archive: each", [&](const bson_view& stored) {
    auto d = from_stored(stored);
    if (!d) {
      if (++unreadable == 1) first_unreadable = d.error();
      return true;
    }
    if (waiting && waiting->hash == d->hash) {
      join_double(*waiting, *d);
      return true;
    }
    if (waiting) going = visit(*waiting);
    waiting = std::move(*d);
    return going;
  });
  if (!done) return done;
  if (going && waiting) going = visit(*waiting);
  if (going && first_unreadable)
    return fail(failure::corrupt,
                first_unreadable->text +
                    (unreadable > 1 ? " (the first of " + std::to_string(unreadable) + ")" : ""));
  return {};
}

expected<void> mongodb_archive_store::check_index(const check_listener& listener) {
  if (auto ready = ready_(); !ready) return fail(ready.error());
  return tell_doubles(ground_.documents, listener, "archive: check");
}

}  // namespace cybexd::store
