#include "tahoe/store/mongodb_clock.hpp"

#include <chrono>
#include <cmath>
#include <utility>

namespace cybexd::store {
namespace {

/// More than clocks drift apart between two looks at the database's.
constexpr double a_step = 0.2;

template <class Clock>
double seconds_of() {
  return std::chrono::duration<double>(Clock::now().time_since_epoch()).count();
}

}  // namespace

mongodb_clock::machine mongodb_clock::this_machine() {
  return {seconds_of<std::chrono::system_clock>, seconds_of<std::chrono::steady_clock>};
}

mongodb_clock::mongodb_clock(std::function<double()> fixed, machine here)
    : fixed_(std::move(fixed)), here_(std::move(here)), apart_(wall_apart()), wall_apart_(apart_.load()) {}

double mongodb_clock::now() const { return fixed_ ? fixed_() : here_.steady() + apart_; }

/// The same from look to look, so that what was written with it compares with what is asked with it.
double mongodb_clock::ahead() const { return apart_ - (was_set() ? wall_apart() : wall_apart_.load()); }

bool mongodb_clock::was_set() const { return std::abs(wall_apart() - wall_apart_) > a_step; }

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
  constexpr double a_minute = 60;
  if (was_set() || here_.steady() - compared_ > a_minute) (void)compare(home);
}

}  // namespace cybexd::store
