#include "tahoe/store/mongodb_clock.hpp"

#include <chrono>
#include <cmath>
#include <utility>

namespace cybexd::store {
namespace {

template <class Clock>
double seconds_of() {
  return std::chrono::duration<double>(Clock::now().time_since_epoch()).count();
}

}  // namespace

mongodb_clock::machine mongodb_clock::this_machine() {
  return {seconds_of<std::chrono::system_clock>, seconds_of<std::chrono::steady_clock>};
}

mongodb_clock::mongodb_clock(std::function<double()> fixed, machine here)
    : fixed_(std::move(fixed)), here_(std::move(here)), apart_(wall_apart()), wall_apart_(wall_apart()) {}

double mongodb_clock::now() const { return fixed_ ? fixed_() : here_.steady() + apart_; }

/// The same from one comparison to the next: what two looks at our clocks differ by is not that one was set.
double mongodb_clock::ahead() const {
  constexpr double a_look = 0.1;
  const auto ours = wall_apart();
  return apart_ - (std::abs(ours - wall_apart_) < a_look ? wall_apart_.load() : ours);
}

expected<void> mongodb_clock::compare(mongodb_home& home) {
  const auto before = here_.steady();
  auto answer = home.command("admin", bson().add("hello", 1), false, "clock");
  if (!answer) return fail(answer.error());
  const auto after = here_.steady();
  if (const auto there = answer->find("localTime").date())
    apart_ = static_cast<double>(*there) / 1000 - (before + after) / 2;
  wall_apart_ = wall_apart();
  compared_ = after;
  return {};
}

void mongodb_clock::compare_now_and_then(mongodb_home& home) {
  constexpr double a_minute = 60, a_step = 1;
  const bool was_set = std::abs(wall_apart() - wall_apart_) > a_step;
  if (was_set || here_.steady() - compared_ > a_minute) (void)compare(home);
}

}  // namespace cybexd::store
