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

namespace {

bson spec_of(const index_wish& wish, bool unique) {
  bson index;
  index.add("key", wish.keys).add("name", wish.name);
  if (unique) index.add("unique", true);
  if (wish.sparse) index.add("sparse", true);
  if (!wish.partial.empty()) index.add("partialFilterExpression", wish.partial);
  return index;
}

constexpr std::int32_t no_right = 13, duplicate_key = 11000, cannot_create = 67, other_options = 85,
                       other_keys = 86;

/// What the server will say again, whoever asks how often.
bool refused(std::int32_t code) {
  return code == no_right || code == cannot_create || code == other_options || code == other_keys;
}

}  // namespace

/// True: it was not there. An index that is listed may be one that is being built, and is nothing until then,
/// so it is asked for as well: that does nothing where it stands, and is answered when it does where not.
expected<bool> mongodb_collection::make_index(const bson& spec, std::string_view what,
                                              std::int32_t& code) const {
  bson_list list;
  list.push(spec);
  auto made = run(bson().add("createIndexes", name_).add("indexes", list), true, what, &code);
  if (!made) return fail(made.error());
  const auto count = [&](const char* field) { return made->find(field).integer().value_or(0); };
  return count("numIndexesAfter") > count("numIndexesBefore");
}

/// Whether it stands, which is waited for. False: it will not, for there are doubles.
expected<bool> mongodb_collection::stands(const bson& listed, std::string_view what) const {
  bson spec;
  listed.view().each([&](const bson_element& field) {
    if (field.key() != "ns") spec.add_field(field.key(), listed.view());
    return true;
  });
  std::int32_t code = 0;
  const auto asked = make_index(spec, what, code);
  if (asked || refused(code)) return true;  // who may make none believes the list
  if (code == duplicate_key) return false;
  return fail(asked.error());
}

expected<void> mongodb_collection::make_wish(const index_wish& wish, notices& say,
                                             std::string_view what) const {
  const auto named = "index " + wish.name + " of " + full_name();
  std::int32_t code = 0;
  auto made = make_index(spec_of(wish, wish.unique), what, code);
  if (made && *made) say.say("made the " + named);
  if (!made && wish.unique && (code == duplicate_key || (refused(code) && code != no_right))) {
    const auto why =
        code == duplicate_key ? "doubles are stored (`cybexd verify` lists them)" : made.error().text;
    made = make_index(spec_of(wish, false), what, code);
    if (made) say.say("made the " + named + ", not unique: " + why);
  }
  if (made) return {};
  if (refused(code)) {
    say.say("there is no " + named + ", and what needs it is slow: " + made.error().text);
    return {};
  }
  say.say_once("the " + named + " is not there yet, so the server does not work yet: it is being built, or " +
               made.error().text);
  return fail(made.error());
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
    const auto good = found == there->end() ? expected<bool>(false) : stands(*found, what);
    if (!good) return fail(good.error());
    if (!*good) {
      if (auto made = make_wish(wish, say, what); !made) return made;
    } else if (wish.unique && !found->find("unique").boolean().value_or(false)) {
      say.say("the index " + wish.name + " of " + full_name() +
              " is there but not unique, and is used as it is; doubles may be in it");
    }
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
