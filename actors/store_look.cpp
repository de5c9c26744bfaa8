#include "actors/store_look.hpp"

#include <utility>

#include "actors/shell.hpp"

namespace cybexd::actors {
namespace {

constexpr std::chrono::seconds while_it_is_there{5}, while_it_is_away{2};
constexpr int looks_for_a_question = 6;       // of a store whose database is known to be there
constexpr std::chrono::seconds patience{10};  // with one that does not answer; a busy one may take its time

/// Only a lake that others have found wanting is asked whether it can be written: that writes.
expected<void> look_at_lake(store::cache_lake& lake, const readiness& ready) {
  const auto well = [&ready](readiness::part part) { return ready.waits_for(part).empty(); };
  if (!well(readiness::part::line) || !well(readiness::part::intake)) return lake.try_write();
  const auto found = lake.find(std::string(24, '0'));  // as MongoDB's ids are, or it would not be asked
  return found ? expected<void>() : fail(found.error());
}

template <class Store>
std::function<expected<void>()> looking_at(std::shared_ptr<Store> store) {
  return [store = std::move(store)]() -> expected<void> {
    const auto found = store->get(store::hash256{});
    return found ? expected<void>() : fail(found.error());
  };
}

}  // namespace

void store_look_state::start(pointer self, store_look_options options) {
  self_ = self;
  options_ = std::move(options);
  act::tell(self_, messages::store_look_actor{self_}, messages::tick{});
}

/// Each question is a command to a database, which tells by itself whether it is there.
bool store_look_state::may_wait() {
  if (!options_.known || away_ || was_away_ || until_asked_ == 0 || !options_.known().empty()) return false;
  --until_asked_;
  return true;
}

void store_look_state::look() {
  if (!may_wait()) {
    if (!away_)
      options_.ready->set(options_.part, options_.store + " does not answer",
                          readiness::clock::now() + patience);
    found(options_.look());
    until_asked_ = looks_for_a_question - 1;
  }
  act::tell_after(self_, away_ ? while_it_is_away : while_it_is_there, messages::store_look_actor{self_},
                  messages::tick{});
}

void store_look_state::found(const expected<void>& answer) {
  const bool before = std::exchange(was_away_, away_);
  away_ = !answer;
  options_.ready->set(options_.part, answer ? std::string() : options_.store + ": " + answer.error().text);
  // Once more, since whoever is told may just have tried in vain, and then tries not so soon again.
  if (!away_ && (was_away_ || before)) options_.back();
}

messages::store_look_actor::behavior_type store_look(store_look_state::pointer self,
                                                     store_look_options options) {
  const auto meter = options.metrics->actor(store_look_state::name);
  behave(self, meter);
  act::st(self).start(self, std::move(options));
  return {metered(self, meter, "tick", [self](messages::tick) { act::st(self).look(); })};
}

std::vector<store_look_options> looks_at(const store::stores& stores, const std::shared_ptr<readiness>& ready,
                                         const std::function<void()>& back, telemetry& metrics) {
  using part = readiness::part;
  const auto at_lake = [lake = stores.lake, ready] { return look_at_lake(*lake, *ready); };
  const auto& known = stores.trouble;
  return {{"the cache data lake", at_lake, ready, part::cache, back, &metrics, known},
          {"the archive", looking_at(stores.archive), ready, part::archive, back, &metrics, known},
          {"the report store", looking_at(stores.reports), ready, part::report, back, &metrics, known},
          {"the identity store", looking_at(stores.identity), ready, part::identity, back, &metrics, known}};
}

}  // namespace cybexd::actors
