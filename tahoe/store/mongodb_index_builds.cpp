#include "tahoe/store/mongodb_index_builds.hpp"

#include <system_error>
#include <thread>

namespace cybexd::store {

std::set<std::string> built_now(const bson_view& statistics) {
  std::set<std::string> names;
  const auto add = [&](const bson_view& of) {
    if (const auto builds = of.find("indexBuilds").document())
      builds->each([&](const bson_element& name) {
        if (const auto text = name.text()) names.emplace(*text);
        return true;
      });
  };
  add(statistics);
  if (const auto shards = statistics.find("shards").document())
    shards->each([&](const bson_element& shard) {
      if (const auto of = shard.document()) add(*of);
      return true;
    });
  return names;
}

const std::shared_ptr<index_builds>& index_builds::all() {
  static const auto builds = std::make_shared<index_builds>();
  return builds;
}

/// The thread may outlive `main`, and so keeps all that it needs.
bool index_builds::begin(const std::shared_ptr<pending>& of, const std::function<index_answer()>& ask) {
  try {
    std::thread([ours = shared_from_this(), of, ask] {
      auto got = ask();
      const std::scoped_lock lock(ours->mutex_);
      of->emplace(std::move(got));
      ours->answered_.notify_all();
    }).detach();
    return true;
  } catch (const std::system_error&) {  // no more threads
    return false;
  }
}

std::optional<index_answer> index_builds::wait_for(const std::string& index,
                                                   const std::function<index_answer()>& ask,
                                                   std::chrono::milliseconds wait) {
  std::unique_lock lock(mutex_);
  const auto [at, fresh] = asked_.try_emplace(index);
  if (fresh) at->second = std::make_shared<pending>();
  const auto ours = at->second;
  if (fresh && !begin(ours, ask)) {
    asked_.erase(at);
    return index_answer{fail(failure::unavailable, "no thread can be had to build the index " + index), 0};
  }
  if (!answered_.wait_for(lock, wait, [&] { return ours->has_value(); })) return std::nullopt;
  if (const auto left = asked_.find(index); left != asked_.end() && left->second == ours) asked_.erase(left);
  return *ours;
}

void index_builds::note_slow(const std::string& index) {
  const std::scoped_lock lock(mutex_);
  slow_.insert(index);
}

void index_builds::note_doubles(const std::string& index) {
  const std::scoped_lock lock(mutex_);
  doubles_.insert(index);
}

bool index_builds::is_slow(const std::string& index) const {
  const std::scoped_lock lock(mutex_);
  return slow_.contains(index);
}

bool index_builds::has_doubles(const std::string& index) const {
  const std::scoped_lock lock(mutex_);
  return doubles_.contains(index);
}

}  // namespace cybexd::store
