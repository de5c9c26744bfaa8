#include "app/operations/tasks.hpp"

#include <algorithm>

#include "app/operations/all.hpp"
#include "app/operations/arguments.hpp"

namespace cybexd::app::operations {
namespace {

constexpr std::size_t most_tasks = 64;

}  // namespace

error cancelled_error() { return {failure::cancelled, "the server is stopping"}; }

bool task::at(std::string_view what, std::uint64_t done, std::uint64_t total) {
  const std::lock_guard guard(mutex_);
  if (what_ != what) what_ = what;
  done_ = done;
  total_ = total;
  return !*cancelled_ && !given_up_;
}

expected<void> task::goes_on() const {
  if (*cancelled_) return fail(cancelled_error());
  if (given_up_) return fail(failure::cancelled, "it was told to end before it was done");
  return {};
}

void task::add_error() {
  const std::lock_guard guard(mutex_);
  ++errors_;
}

tahoe::value task::to_value() const {
  const std::lock_guard guard(mutex_);
  return tahoe::object{
      {"what", what_}, {"done", whole(done_)}, {"total", whole(total_)}, {"errors", whole(errors_)}};
}

std::shared_ptr<task> named_tasks::begin(const std::string& name) {
  auto begun = std::make_shared<task>(cancelled_);
  if (name.empty()) return begun;
  const std::lock_guard guard(mutex_);
  newest_.emplace_front(name, begun);
  if (newest_.size() > most_tasks) newest_.pop_back();
  return begun;
}

std::shared_ptr<task> named_tasks::find(const std::string& name) const {
  const std::lock_guard guard(mutex_);
  const auto found =
      std::find_if(newest_.begin(), newest_.end(), [&](const auto& one) { return one.first == name; });
  return found == newest_.end() ? nullptr : found->second;
}

namespace {

expected<std::shared_ptr<task>> named(engine& on, const tahoe::value& input) {
  const auto name = text(input, "task");
  if (!name) return fail(name.error());
  auto found = on.tasks()->find(*name);
  if (!found) return fail(failure::not_found, "no such task");
  return found;
}

}  // namespace

expected<tahoe::value> progress(engine& on, const tahoe::value& input) {
  const auto found = named(on, input);
  if (!found) return fail(found.error());
  return (*found)->to_value();
}

expected<tahoe::value> cancel(engine& on, const tahoe::value& input) {
  const auto found = named(on, input);
  if (!found) return fail(found.error());
  (*found)->give_up();
  return tahoe::object{};
}

}  // namespace cybexd::app::operations
