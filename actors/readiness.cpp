#include "actors/readiness.hpp"

#include <algorithm>
#include <initializer_list>
#include <utility>

#include "actors/log.hpp"

namespace cybexd::actors {

namespace {

using part = readiness::part;

bool may_be_an_outage(part of) { return of != part::whole && of != part::queries; }

/// Whether trouble of both may have one cause: the archive line works on two stores, and a database may hold
/// all of them.
bool may_be_one_outage(part one, part other) {
  const auto either = [&](part which) { return one == which || other == which; };
  const auto both_of = [&](std::initializer_list<part> these) {
    const auto has = [&](part which) { return std::find(these.begin(), these.end(), which) != these.end(); };
    return has(one) && has(other);
  };
  return one == other || either(part::databases) || both_of({part::intake, part::line, part::cache}) ||
         both_of({part::line, part::archive});
}

}  // namespace

std::string readiness::waits_for(clock::time_point now) const {
  const std::lock_guard lock(guard_);
  std::string all;
  for (const auto& one : parts_)
    if (one.from <= now && !one.what.empty() && all.find(one.what) == std::string::npos)
      all += (all.empty() ? "" : "; ") + one.what;
  return all;
}

std::string readiness::waits_for(part of, clock::time_point now) const {
  const std::lock_guard lock(guard_);
  const auto& known = parts_.at(static_cast<std::size_t>(of));
  return known.from <= now ? known.what : std::string();
}

void readiness::set(part of, std::string what, clock::time_point from) {
  std::string begins, ends;
  {
    const std::lock_guard lock(guard_);
    auto& known = parts_.at(static_cast<std::size_t>(of));
    known.what = std::move(what);
    known.from = from;
    if (known.what.empty())
      ends = over(of);
    else if (from <= clock::now() && !known.outage && may_be_an_outage(of))
      begins = begun(of);
  }
  if (!begins.empty())
    log(log_level::warning, "readiness", "waits, and may answer 503 until this is over: " + begins);
  if (!ends.empty()) log(log_level::info, "readiness", "is over: " + ends);
}

/// What to tell; empty where it is a part of an outage that was told.
std::string readiness::begun(part of) {
  auto& known = parts_.at(static_cast<std::size_t>(of));
  for (std::size_t i = 0; i < parts_.size(); ++i)
    if (parts_[i].outage && may_be_one_outage(of, static_cast<part>(i))) {
      known.outage = parts_[i].outage;
      return {};
    }
  known.outage = of;
  return outages_.at(static_cast<std::size_t>(of)) = known.what;
}

/// What to tell; empty where other parts still wait for the same.
std::string readiness::over(part of) {
  const auto outage = std::exchange(parts_.at(static_cast<std::size_t>(of)).outage, std::nullopt);
  const bool goes_on =
      std::any_of(parts_.begin(), parts_.end(), [&](const told& other) { return other.outage == outage; });
  if (!outage || goes_on) return {};
  return std::exchange(outages_.at(static_cast<std::size_t>(*outage)), {});
}

void readiness::end() {
  const std::lock_guard lock(guard_);
  ended_ = true;
  parts_.front().what = "the actors to be started anew";
  parts_.front().from = clock::time_point::min();
}

bool readiness::ended() const {
  const std::lock_guard lock(guard_);
  return ended_;
}

}  // namespace cybexd::actors
