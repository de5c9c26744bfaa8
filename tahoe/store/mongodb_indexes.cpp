#include <algorithm>

#include "tahoe/store/mongodb_collection.hpp"
#include "tahoe/store/mongodb_index_builds.hpp"

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

/// What a server says that knows no quorum for an index: a single one, or one before MongoDB 4.4.
bool knows_no_quorum(std::int32_t code) {
  constexpr std::int32_t bad_value = 2, failed_to_parse = 9, invalid_options = 72, unknown_field = 40415;
  return code == bad_value || code == failed_to_parse || code == invalid_options || code == unknown_field;
}

tl::unexpected<error> not_there_yet(const std::string& index, error why, notices& say) {
  say.say_once(
      "the " + index +
      " is not there yet, so the server does not work yet: it is being built, or nothing is heard of it");
  return fail(std::move(why));
}

}  // namespace

std::string mongodb_collection::id_of(const bson& spec) const {
  const bool unique = spec.find("unique").boolean().value_or(false);
  return home_->where() + " " + full_name() + (unique ? " unique " : " ") +
         std::string(spec.find("name").text().value_or(""));
}

/// An index stands when the majority of a replica set's members has built it. By itself a server would wait
/// for every one, and a member that is down would hold it, and our start, for as long.
expected<bson> mongodb_collection::create_index(const bson& command, std::string_view what,
                                                std::int32_t& code) const {
  auto by_majority = command;
  by_majority.add("commitQuorum", "majority");
  std::int32_t said = 0;
  auto made = run(by_majority, true, what, &said);
  if (made || !knows_no_quorum(said)) {
    if (said != 0) code = said;
    return made;
  }
  return run(command, true, what, &code);
}

/// Waits for a little, while a thread waits on.
expected<bson> mongodb_collection::build_for_long(const bson& command, const std::string& id,
                                                  std::string_view what, std::int32_t& code) const {
  constexpr std::chrono::seconds a_little{2};
  auto options = home_->options();
  options.answer = std::chrono::hours(24);
  options.patient = true;
  const auto ask = [options, command, db = db_, name = name_, what = std::string(what)] {
    auto home = mongodb_home::open(options);
    if (!home) return index_answer{fail(home.error()), 0};
    index_answer got{bson(), 0};
    got.answer = mongodb_collection(*home, db, name).create_index(command, what, got.code);
    return got;
  };
  auto got = index_builds::all()->wait_for(id, ask, a_little);
  if (!got) return fail(failure::unavailable, "the database works on it");
  code = got->code;
  return std::move(got->answer);
}

/// True: it was not there. An index that is listed may be one that is being built, and is nothing until then,
/// so it is asked for as well: that does nothing where it stands, and is answered when it does where not.
expected<bool> mongodb_collection::make_index(const bson& spec, bool takes_long, std::string_view what,
                                              std::int32_t& code) const {
  bson_list list;
  list.push(spec);
  const auto command = bson().add("createIndexes", name_).add("indexes", list);
  const auto id = id_of(spec);
  auto& builds = *index_builds::all();
  takes_long = takes_long || builds.is_slow(id);
  auto made = takes_long ? build_for_long(command, id, what, code) : create_index(command, what, code);
  if (!made && code == 0) builds.note_slow(id);
  if (code == duplicate_key) builds.note_doubles(id);
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
  const auto asked = make_index(spec, false, what, code);
  if (asked || refused(code)) return true;  // who may make none believes the list
  if (code == duplicate_key) return false;
  return fail(asked.error());
}

/// Who asks for one of these, too, begins it anew where it fails.
std::set<std::string> mongodb_collection::being_built(std::string_view what) const {
  const auto statistics = home_->command(db_, bson().add("collStats", name_), false, what);
  return statistics ? built_now(statistics->view()) : std::set<std::string>();
}

/// Whether doubles are known to forbid it, or are found within the time that a question may take: to build it
/// for hours and then another one, everybody would wait twice.
bool mongodb_collection::is_forbidden(const index_wish& wish, std::string_view what) const {
  const auto id = id_of(spec_of(wish, true));
  if (index_builds::all()->has_doubles(id)) return true;
  bson key, once;
  std::size_t fields = 0;
  wish.keys.view().each([&](const bson_element& field) {
    key.add("k" + std::to_string(fields++), "$" + std::string(field.key()));
    return true;
  });
  once.add("_id", key).add("n", bson().add("$sum", 1));
  bson_list stages;
  if (!wish.partial.empty()) stages.push(bson().add("$match", wish.partial));
  stages.push(bson().add("$group", once));
  stages.push(bson().add("$match", bson().add("n", bson().add("$gt", 1))));
  stages.push(bson().add("$limit", 1));
  bool found = false;
  (void)aggregate(stages, what, [&](const bson_view&) { return found = true; });
  if (found) index_builds::all()->note_doubles(id);
  return found;
}

expected<void> mongodb_collection::make_wish(const index_wish& wish, notices& say,
                                             std::string_view what) const {
  constexpr std::uint64_t soon_done = 100'000;
  const auto named = "index " + wish.name + " of " + full_name();
  const auto size = about_how_many(what);
  if (!size) return fail(size.error());
  std::int32_t code = 0;
  const auto make = [&](bool unique) {
    return make_index(spec_of(wish, unique), *size > soon_done, what, code = 0);
  };
  const bool forbidden = wish.unique && *size > 0 && is_forbidden(wish, what);
  auto made = forbidden ? expected<bool>(false) : make(wish.unique);
  if (made && *made) say.say("made the " + named);
  const bool not_unique = code == duplicate_key || (refused(code) && code != no_right);
  if (forbidden || (!made && wish.unique && not_unique)) {
    const auto why = forbidden || code == duplicate_key ? "doubles are stored (`cybexd verify` lists them)"
                                                        : made.error().text;
    made = make(false);
    if (made) say.say("made the " + named + ", not unique: " + why);
  }
  if (made) return {};
  if (refused(code)) {
    say.say("there is no " + named + ", and what needs it is slow: " + made.error().text);
    return {};
  }
  return not_there_yet(named, made.error(), say);
}

expected<void> mongodb_collection::make_indexes(const std::vector<index_wish>& wishes, notices& say,
                                                std::string_view what) const {
  auto there = indexes(what);
  if (!there) return fail(there.error());
  const auto built = there->empty() ? std::set<std::string>() : being_built(what);
  for (const auto& wish : wishes) {
    const auto found = std::find_if(there->begin(), there->end(), [&](const bson& index) {
      const auto keys = index.find("key").document();
      return keys && same_keys(*keys, wish.keys.view()) &&
             index.find("partialFilterExpression").exists() == !wish.partial.empty();
    });
    const auto name = found == there->end() ? "" : std::string(found->find("name").text().value_or(""));
    if (built.contains(name))
      return not_there_yet("index " + name + " of " + full_name(),
                           {failure::unavailable, std::string(what) + ": the database works on it"}, say);
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
