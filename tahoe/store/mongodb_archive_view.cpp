#include "tahoe/store/mongodb_archive_view.hpp"

#include <algorithm>

#include "tahoe/store/archive_rules.hpp"
#include "tahoe/store/mongodb_archive_documents.hpp"
#include "tahoe/store/mongodb_archive_questions.hpp"

namespace cybexd::store::mongodb_archive {
namespace {

using tahoe::itype;

constexpr std::size_t hashes_at_once = 10'000, remembered_at_most = 32u << 20;

}  // namespace

void view::remember(const document& d, std::size_t bytes) {
  if (d.kind == itype::event) events_.insert(d.hash);
  if (remembered_bytes_ + bytes > remembered_at_most || !remembered_.emplace(d.hash, d).second) return;
  remembered_bytes_ += bytes;
}

expected<view::documents_by_hash> view::read(const bson& filter, const find_options& how,
                                             std::string_view what) {
  auto at = look_.documents();
  if (!at) return fail(at.error());
  documents_by_hash all;
  std::unordered_map<hash256, std::size_t> sizes;
  unreadable_.clear();
  auto found = (*at)->find(filter, how, what, [&](const bson_view& stored) {
    ++rows_;
    auto d = from_stored(stored);
    if (!d) {
      say_->say_once(d.error().text + "; it is left out of answers");
      const auto hash = hash_in(stored.find("_hash"));
      if (hash) unreadable_.push_back({*hash, stored.find("timestamp").number().value_or(0)});
      return true;
    }
    const auto hash = d->hash;
    sizes[hash] += stored.bytes().size();
    if (const auto [there, fresh] = all.try_emplace(hash, std::move(*d)); !fresh)
      join_double(there->second, *d);
    return true;
  });
  if (!found) return fail(found.error());
  for (const auto& [hash, d] : all) remember(d, sizes[hash]);
  return all;
}

expected<view::documents_by_hash> view::read_all(std::span<const hash256> hashes) {
  documents_by_hash all;
  std::vector<hash256> wanted;
  for (const auto& hash : hashes) {
    if (const auto found = remembered_.find(hash); found != remembered_.end())
      all.emplace(hash, found->second);
    else
      wanted.push_back(hash);
  }
  archive_rules::normalise(wanted);
  for (std::size_t at = 0; at < wanted.size(); at += hashes_at_once) {
    const auto some = std::span(wanted).subspan(at, std::min(hashes_at_once, wanted.size() - at));
    find_options how;
    how.batch = static_cast<std::uint32_t>(hashes_at_once + 1);
    auto found = read(by_hashes(some), how, "archive: get");
    if (!found) return found;
    all.merge(*found);
  }
  return all;
}

expected<std::optional<document>> view::get(const hash256& hash) {
  auto found = read_all({&hash, 1});
  if (!found) return fail(found.error());
  if (found->empty() && !unreadable_.empty())
    return fail(failure::corrupt, "archive: the document " + crypto::to_hex(hash) + " cannot be read");
  if (found->empty()) return std::optional<document>();
  return std::optional<document>(std::move(found->begin()->second));
}

expected<std::vector<document>> view::get_many(std::span<const hash256> hashes) {
  auto found = read_all(hashes);
  if (!found) return fail(found.error());
  std::vector<document> in_order;
  for (const auto& hash : hashes)
    if (const auto d = found->find(hash); d != found->end()) in_order.push_back(d->second);
  return in_order;
}

expected<std::unordered_map<hash256, itype>> view::kinds_of(std::span<const hash256> hashes) {
  std::unordered_map<hash256, itype> kinds;
  auto at = look_.documents();
  if (!at) return fail(at.error());
  find_options how;
  how.projection.add("_hash", 1).add("itype", 1).add("_id", 0);
  how.batch = static_cast<std::uint32_t>(hashes_at_once + 1);
  for (std::size_t from = 0; from < hashes.size(); from += hashes_at_once) {
    const auto some = hashes.subspan(from, std::min(hashes_at_once, hashes.size() - from));
    auto found = (*at)->find(by_hashes(some), how, "archive: kinds", [&](const bson_view& stored) {
      ++rows_;
      const auto hash = hash_in(stored.find("_hash"));
      const auto kind = tahoe::itype_from(stored.find("itype").text().value_or(""));
      if (hash && kind) kinds.emplace(*hash, *kind);
      return true;
    });
    if (!found) return fail(found.error());
  }
  return kinds;
}

/// Whether a part that events hold is an attribute. The data of any of them tells, mostly: a hash that it
/// leads to by way of an attribute is an attribute's.
expected<bool> view::is_attribute(const hash256& part, const tahoe::value* data) {
  if (data != nullptr) {
    const auto made = archive_rules::parts_of(*data);
    if (made.attributes.contains(part)) return true;
    if (made.objects.contains(part)) return false;
  }
  const auto kinds = kinds_of({&part, 1});
  if (!kinds) return fail(kinds.error());
  return kinds->empty() || kinds->begin()->second == itype::attribute;
}

expected<std::uint64_t> view::count(const hash256& attribute, const event_filter& filter) {
  if (holds_nothing(filter)) return 0;
  const auto sum = bson().add("$sum", 1), one = bson().add("$first", "$data");
  bson by_all;
  by_all.add_null("_id").add("n", sum).add("data", one);
  const auto match = bson().add("$match", events_with(attribute, filter));
  const auto all = bson().add("$group", by_all);
  const auto once = bson().add("$group", bson().add("_id", "$_hash").add("data", one));
  auto at = look_.documents();
  if (!at) return fail(at.error());
  std::int64_t n = 0;
  tahoe::value data;
  auto done = (*at)->aggregate(unique_ ? stages({match, all}) : stages({match, once, all}), "archive: count",
                               [&](const bson_view& answer) {
                                 ++rows_;
                                 n = answer.find("n").integer().value_or(0);
                                 if (const auto first = answer.find("data").document())
                                   data = first->to_value().value_or(tahoe::value());
                                 return true;
                               });
  if (!done) return fail(done.error());
  if (n == 0) return 0;
  const auto counts = is_attribute(attribute, &data);
  if (!counts) return fail(counts.error());
  return *counts ? static_cast<std::uint64_t>(n) : 0;
}

}  // namespace cybexd::store::mongodb_archive
