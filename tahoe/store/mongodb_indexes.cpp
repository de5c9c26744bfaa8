#include <algorithm>

#include "tahoe/store/mongodb_collection.hpp"

namespace cybexd::store {
namespace {

bool same_keys(const bson_view& a, const bson_view& b) {
  const auto text = [](const bson_view& keys) {
    std::string all;
    keys.each([&](const bson_element& key) {
      all += std::string(key.key()) + " " + std::to_string(key.integer().value_or(0)) + "\n";
      return true;
    });
    return all;
  };
  return text(a) == text(b);
}

}  // namespace

expected<std::vector<bson>> mongodb_collection::indexes(std::string_view what) const {
  std::vector<bson> all;
  auto answer = home_->command(db_, bson().add("listIndexes", name_), false, what);
  if (!answer) {
    // A database or collection that is not there yet has no indexes.
    if (answer.error().kind == failure::not_found) return all;
    return fail(answer.error());
  }
  if (const auto batch = answer->view().find_dotted("cursor.firstBatch").document())
    batch->each([&](const bson_element& one) {
      if (const auto index = one.document()) all.emplace_back(*index);
      return true;
    });
  return all;
}

expected<void> mongodb_collection::make_index(const index_wish& wish, bool unique,
                                              std::string_view what) const {
  bson index;
  index.add("key", wish.keys).add("name", wish.name);
  if (unique) index.add("unique", true);
  if (wish.sparse) index.add("sparse", true);
  if (!wish.partial.empty()) index.add("partialFilterExpression", wish.partial);
  bson_list list;
  list.push(index);
  auto made = run(bson().add("createIndexes", name_).add("indexes", list), true, what);
  if (!made) return fail(made.error());
  return {};
}

expected<void> mongodb_collection::make_indexes(const std::vector<index_wish>& wishes, notices& say,
                                                std::string_view what) const {
  auto there = indexes(what);
  if (!there) return fail(there.error());
  for (const auto& wish : wishes) {
    const auto found = std::find_if(there->begin(), there->end(), [&](const bson& index) {
      const auto keys = index.find("key").document();
      return keys && same_keys(*keys, wish.keys.view()) &&
             index.find("partialFilterExpression").exists() == !wish.partial.empty();
    });
    const auto named = "index " + wish.name + " of " + full_name();
    if (found != there->end()) {
      if (wish.unique && !found->find("unique").boolean().value_or(false))
        say.say("the " + named + " is there but not unique, and is used as it is; doubles may be in it");
      continue;
    }
    auto made = make_index(wish, wish.unique, what);
    if (!made && wish.unique && made.error().kind == failure::conflict) {
      made = make_index(wish, false, what);
      if (made)
        say.say("made the " + named + ", not unique: doubles are stored (`cybexd verify` lists them)");
    } else if (made) {
      say.say("made the " + named);
    }
    if (!made) return fail(made.error());
  }
  return {};
}

expected<void> mongodb_collection::tell_missing_index(std::string_view field, notices& say,
                                                      std::string_view what) const {
  auto there = indexes(what);
  if (!there) return fail(there.error());
  const bool found = there->empty() || std::any_of(there->begin(), there->end(), [&](const bson& index) {
                       std::string first;
                       if (const auto keys = index.find("key").document())
                         keys->each([&](const bson_element& key) {
                           first = key.key();
                           return false;
                         });
                       return first == field;
                     });
  if (!found)
    say.say(full_name() + " has no index on " + std::string(field) +
            ", so to read all of it takes long; make one: db." + name_ + ".createIndex({" +
            std::string(field) + ": 1})");
  return {};
}

expected<std::uint64_t> mongodb_collection::about_how_many(std::string_view what) const {
  auto answer = run(bson().add("count", name_), false, what);
  if (!answer) return fail(answer.error());
  return static_cast<std::uint64_t>(std::max<std::int64_t>(answer->find("n").integer().value_or(0), 0));
}

}  // namespace cybexd::store
