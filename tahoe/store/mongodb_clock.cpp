#include "tahoe/store/mongodb_clock.hpp"

#include <chrono>
#include <cmath>

namespace cybexd::store {

double mongodb_clock::own() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

double mongodb_clock::now() const { return fixed_ ? fixed_() : own() + ahead_; }

expected<void> mongodb_clock::compare(mongodb_home& home) {
  const auto before = own();
  auto answer = home.command("admin", bson().add("hello", 1), false, "clock");
  if (!answer) return fail(answer.error());
  const auto after = own();
  if (const auto there = answer->find("localTime").date())
    ahead_ = static_cast<double>(*there) / 1000 - (before + after) / 2;
  compared_ = after;
  return {};
}

void mongodb_clock::compare_now_and_then(mongodb_home& home) {
  constexpr double ten_minutes = 600;
  if (std::abs(own() - compared_) > ten_minutes) (void)compare(home);
}

}  // namespace cybexd::store
