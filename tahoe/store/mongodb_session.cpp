#include <mongoc/mongoc.h>

#include <thread>

#include "tahoe/store/mongodb_home.hpp"

namespace cybexd::store {
namespace {

constexpr int most_tries = 8;

/// 5, 10, 20 ... ms: long enough for the transaction that was in the way to end.
void wait_before(int attempt) { std::this_thread::sleep_for(std::chrono::milliseconds(5 << attempt)); }

}  // namespace

void mongodb_session::ended::operator()(mongoc_client_session_t* session) const {
  mongoc_client_session_destroy(session);
}

expected<mongodb_session> mongodb_session::start(mongodb_home& home, bool snapshot, std::string_view what) {
  auto lease = home.lease(what);
  if (!lease) return fail(lease.error());
  bson_error_t problem;
  auto* opts = mongoc_session_opts_new();
  mongoc_session_opts_set_causal_consistency(opts, !snapshot);
  mongoc_session_opts_set_snapshot(opts, snapshot);
  auto* session = mongoc_client_start_session(lease->client(), opts, &problem);
  mongoc_session_opts_destroy(opts);
  if (session == nullptr) return fail(home.as_error(problem, what));
  return mongodb_session(home, std::move(*lease), session);
}

expected<mongodb_session> mongodb_session::snapshot(mongodb_home& home, std::string_view what) {
  return start(home, true, what);
}
expected<mongodb_session> mongodb_session::make(mongodb_home& home, std::string_view what) {
  return start(home, false, what);
}

bool mongodb_session::in_transaction() const { return mongoc_client_session_in_transaction(session_.get()); }

expected<void> mongodb_session::begin_look(std::string_view what) {
  auto* snapshot = mongoc_read_concern_new();
  mongoc_read_concern_set_level(snapshot, MONGOC_READ_CONCERN_LEVEL_SNAPSHOT);
  auto* opts = mongoc_transaction_opts_new();
  mongoc_transaction_opts_set_read_concern(opts, snapshot);
  bson_error_t problem;
  const bool begun = mongoc_client_session_start_transaction(get(), opts, &problem);
  mongoc_transaction_opts_destroy(opts);
  mongoc_read_concern_destroy(snapshot);
  if (!begun) return fail(home_->as_error(problem, what));
  return {};
}

expected<void> mongodb_session::transaction(std::string_view what,
                                            const std::function<expected<void>()>& work) {
  bson_error_t problem;
  error last;
  for (int attempt = 0; attempt < most_tries; ++attempt) {
    if (attempt > 0) wait_before(attempt);
    if (!mongoc_client_session_start_transaction(get(), nullptr, &problem))
      return fail(home_->as_error(problem, what));
    auto worked = work();
    if (worked && mongoc_client_session_commit_transaction(get(), nullptr, &problem)) return {};
    if (!worked && in_transaction()) mongoc_client_session_abort_transaction(get(), nullptr);
    last = worked ? home_->as_error(problem, what) : worked.error();
    if (last.kind != failure::unavailable) break;
  }
  return fail(std::move(last));
}

}  // namespace cybexd::store
