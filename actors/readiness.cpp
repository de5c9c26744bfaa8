#include "actors/readiness.hpp"

#include <utility>

namespace cybexd::actors {

std::string readiness::waits_for(clock::time_point now) const {
  const std::lock_guard lock(guard_);
  std::string all;
  for (const auto& [what, from] : parts_)
    if (from <= now && !what.empty() && all.find(what) == std::string::npos)
      all += (all.empty() ? "" : "; ") + what;
  return all;
}

std::string readiness::waits_for(part of, clock::time_point now) const {
  const std::lock_guard lock(guard_);
  const auto& [what, from] = parts_.at(static_cast<std::size_t>(of));
  return from <= now ? what : std::string();
}

void readiness::set(part of, std::string what, clock::time_point from) {
  const std::lock_guard lock(guard_);
  parts_.at(static_cast<std::size_t>(of)) = {std::move(what), from};
}

void readiness::end() {
  const std::lock_guard lock(guard_);
  ended_ = true;
  parts_.front() = {"the actors to be started anew"};
}

bool readiness::ended() const {
  const std::lock_guard lock(guard_);
  return ended_;
}

}  // namespace cybexd::actors
