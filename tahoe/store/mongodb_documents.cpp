#include "tahoe/store/mongodb_documents.hpp"

#include <bson/bson.h>

#include <algorithm>

#include "tahoe/bson.hpp"

namespace cybexd::store {
namespace {

constexpr std::uint64_t page_size = 500;

std::string hash_text(const bson_view& stored) {
  return std::string(stored.find("_hash").text().value_or(""));
}

/// A list of hashes without what is none.
void keep_hashes(tahoe::value& json, std::string_view field) {
  auto* list = json.find(field);
  if (list == nullptr) return;
  auto* items = list->get_if<tahoe::array>();
  if (items == nullptr) {
    *list = tahoe::array{};
    return;
  }
  std::erase_if(*items, [](const tahoe::value& item) {
    return item.text() == nullptr || !crypto::hash_from_hex(*item.text());
  });
}

/// A query is an object, whatever it says itself.
void mend_query(tahoe::value& json) {
  const auto *sub_type = json.find("sub_type"), *kind = json.find("itype");
  if (sub_type == nullptr || *sub_type != tahoe::value("query")) return;
  const bool is_known = kind != nullptr && kind->text() != nullptr && tahoe::itype_from(*kind->text());
  if (!is_known) json.set("itype", to_string(tahoe::itype::object));
}

/// Mends what others may have written into an object.
void mend_object(tahoe::value& json) {
  for (const auto list : {"_cref", "_ref"}) keep_hashes(json, list);
  const auto* data = json.find("data");
  if (data == nullptr || data->get_if<tahoe::object>() == nullptr) json.set("data", tahoe::object{});
}

}  // namespace

bson by_hash(const hash256& hash) { return std::move(bson().add("_hash", crypto::to_hex(hash))); }

bson by_hashes(std::span<const hash256> hashes) {
  bson_list list;
  for (const auto& hash : hashes) list.push(crypto::to_hex(hash));
  return std::move(bson().add("_hash", bson().add("$in", list)));
}

std::optional<hash256> hash_of(const bson_view& stored) { return crypto::hash_from_hex(hash_text(stored)); }

bool is_object(const bson_element& field) { return field.type() == BSON_TYPE_DOCUMENT; }

expected<document> read_document(const bson_view& stored, std::span<const std::string_view> hidden) {
  const auto broken = [&](const std::string& why) {
    return fail(failure::corrupt, "store: document " + hash_text(stored) + " cannot be read: " + why);
  };
  auto value = stored.to_value();
  if (!value) return broken(value.error().text);
  value->erase("_id");
  for (const auto field : hidden) value->erase(field);
  mend_query(*value);
  const auto* kind = value->find("itype");
  if (kind != nullptr && *kind == tahoe::value(to_string(tahoe::itype::object))) mend_object(*value);
  auto d = tahoe::from_value(*value);
  if (!d) return broken(d.error().text);
  return d;
}

expected<std::vector<bson>> stored_with(const mongodb_collection& in, const bson& filter,
                                        const bson& projection, std::string_view what) {
  find_options how;
  how.projection = projection;
  auto all = in.find_all(filter, how, what);
  if (!all) return all;
  std::stable_sort(all->begin(), all->end(),
                   [](const bson& a, const bson& b) { return hash_text(a.view()) < hash_text(b.view()); });
  return all;
}

void keep_first_of_each(std::vector<bson>& by_hash) {
  const auto same = [](const bson& a, const bson& b) { return hash_text(a.view()) == hash_text(b.view()); };
  by_hash.erase(std::unique(by_hash.begin(), by_hash.end(), same), by_hash.end());
}

expected<bool> has_unique_index(const mongodb_collection& on, std::string_view field, std::string_view what) {
  auto answer = on.home().command(on.db(), bson().add("listIndexes", on.name()), false, what);
  if (!answer) return fail(answer.error());
  bool found = false;
  const auto all = answer->view().find_dotted("cursor.firstBatch").document();
  if (!all) return found;
  all->each([&](const bson_element& one) {
    const auto index = one.document();
    const auto keys = index ? index->find("key").document() : std::nullopt;
    if (!keys) return true;
    std::size_t fields = 0;
    keys->each([&](const bson_element&) { return ++fields < 2; });
    found = found ||
            (fields == 1 && keys->find(field).exists() && !index->find("partialFilterExpression").exists() &&
             index->find("unique").boolean().value_or(false));
    return true;
  });
  return found;
}

expected<void> tell_doubles(const mongodb_collection& in, const check_listener& listener,
                            std::string_view what) {
  const auto& complain = listener.complain;
  const auto unique = has_unique_index(in, "_hash", what);
  if (!unique) return fail(unique.error());
  if (!*unique) complain("the index over _hash of " + in.full_name() + " is not unique");
  find_options how;
  how.projection.add("_hash", 1).add("_id", 0);
  how.sort.add("_hash", 1);
  how.without_limit_of_time = true;
  std::string last;
  std::size_t times = 0;
  std::uint64_t walked = 0;
  expected<void> goes_on;
  const auto tell = [&] {
    if (times > 1)
      complain(std::to_string(times) + " documents of " + in.full_name() + " have the _hash " + last);
  };
  auto done = in.find({}, how, what, [&](const bson_view& stored) {
    auto hash = std::string(stored.find("_hash").text().value_or("(none)"));
    if (times == 0 || hash != last) {
      tell();
      last = std::move(hash);
      times = 0;
    }
    ++times;
    goes_on = listener.tell(in.full_name(), ++walked, 0);
    return goes_on.has_value();
  });
  if (!done) return done;
  if (!goes_on) return goes_on;
  tell();
  return {};
}

expected<void> ordered_writes::put(const document& d, const bson& own) {
  auto stored = bson::from(tahoe::to_value(d));
  if (!stored) return fail(stored.error());
  stored->add_all(own.view());
  all_.push_back({by_hash(d.hash), std::move(bson().add("$setOnInsert", *stored)), upsert::yes});
  if (all_.back().change.size() > tahoe::max_bson_size)
    return fail(failure::too_large,
                "the document " + crypto::to_hex(d.hash) + " is over MongoDB's limit of 16 MiB");
  return {};
}

void ordered_writes::update(bson filter, bson change) {
  all_.push_back({std::move(filter), std::move(change), upsert::no});
}

expected<ordered_writes::result> ordered_writes::write(const mongodb_collection& to,
                                                       std::string_view what) const {
  result all;
  for (std::size_t next = 0; next < all_.size();) {
    bulk_write bulk(writing::in_order);
    for (auto i = next; i < all_.size(); ++i) {
      const auto& one = all_[i];
      if (!bulk.update_one(one.filter, one.change, one.how))
        return fail(failure::too_large, std::string(what) + ": a document is over MongoDB's limit of 16 MiB");
    }
    auto some = to.write(std::move(bulk), what);
    if (!some) return fail(some.error());
    if (!some->faults.empty()) return fail(some->faults.front().problem);
    all.done += some->matched + some->upserted + some->duplicates.size();
    const auto& put = some->upserted_at;
    all.put_last = std::find(put.begin(), put.end(), all_.size() - 1 - next) != put.end();
    if (some->duplicates.empty()) return all;
    // Somebody else put the same document at the same time, and the server stopped there.
    next += some->duplicates.front() + 1;
  }
  return all;
}

void add_as_stored(bson& filter, std::string_view path, const bson_view& stored) {
  bson_iter_t at, found;
  const bson copied(stored);
  const std::string name(path);
  bson condition;
  if (bson_iter_init(&at, copied.get()) && bson_iter_find_descendant(&at, name.c_str(), &found)) {
    bson_append_iter(condition.get(), "$eq", -1, &found);
  } else {
    condition.add("$exists", false);
  }
  filter.add(path, condition);
}

expected<void> each_document(const mongodb_collection& in, std::span<const std::string_view> hidden,
                             const std::function<bool(const document&)>& visit, std::string_view what) {
  find_options how;
  how.sort.add("_hash", 1);
  how.limit = page_size;
  how.without_limit_of_time = true;
  std::string last;
  std::optional<error> trouble;
  for (bool going = true; going;) {
    std::uint64_t seen = 0;
    auto done =
        in.find(bson().add("_hash", bson().add("$gt", last)), how, what, [&](const bson_view& stored) {
          ++seen;
          auto hash = hash_text(stored);
          if (hash == last) return true;  // a double
          last = std::move(hash);
          auto d = read_document(stored, hidden);
          if (!d && !trouble) trouble = d.error();
          going = !d || visit(*d);
          return going;
        });
    if (!done) return done;
    going = going && seen == page_size;
  }
  if (trouble) return fail(*trouble);
  return {};
}

}  // namespace cybexd::store
