#include "tahoe/store/mongodb_archive_look.hpp"

namespace cybexd::store::mongodb_archive {

void waiting_looks::begin() {
  const std::scoped_lock lock(mutex_);
  std::optional<error> trouble;
  for (auto* one : all_) {
    trouble = one->fix(trouble);
    one->waiting_ = false;
  }
  all_.clear();
}

look::look(const mongodb_collection& documents, bool transactions, std::shared_ptr<waiting_looks> others)
    : plain_(documents), transactions_(transactions), others_(std::move(others)) {
  const std::scoped_lock lock(others_->mutex_);
  others_->all_.insert(this);
}

/// One that has begun is known to nobody else. It must not wait for those who begin now: they may wait for
/// the connection that it gives back.
look::~look() {
  if (waiting_) leave();
}

/// Whoever writes next does not begin it.
void look::leave() {
  const std::scoped_lock lock(others_->mutex_);
  others_->all_.erase(this);
  waiting_ = false;
}

void look::end_by(std::chrono::steady_clock::time_point deadline) {
  leave();  // whoever asks with a deadline asks now
  plain_ = plain_.by(deadline);
  if (seen_) seen_ = seen_->by(deadline);
}

expected<const mongodb_collection*> look::documents() {
  if (waiting_) leave();
  if (broken_) return fail(*broken_);
  if (!begun_)
    if (auto begun = begin(); !begun) return fail(begun.error());
  return &*seen_;
}

expected<void> look::begin() {
  if (transactions_) {
    auto session = mongodb_session::begin(plain_.home(), "archive: look");
    if (!session) return fail(session.error());
    session_.emplace(std::move(*session));
    seen_.emplace(plain_.in(*session_));
  } else {
    seen_.emplace(plain_);
  }
  begun_ = true;
  return {};
}

/// Begins, and reads something, for that is what the instant is taken from. A look that cannot begin says so
/// to whoever asks it. `known`: why another could not begin just now, which is not waited for twice.
std::optional<error> look::fix(std::optional<error> known) {
  broken_ = std::move(known);
  if (!broken_)
    if (auto begun = begin(); !begun) broken_ = begun.error();
  if (broken_ || !transactions_) return broken_;
  find_options one;
  one.projection.add("_id", 1);
  one.limit = 1;
  auto read = seen_->find({}, one, "archive: look", [](const bson_view&) { return true; });
  if (!read) broken_ = read.error();
  return broken_;
}

}  // namespace cybexd::store::mongodb_archive
