#include <mongoc/mongoc.h>

#include "tahoe/store/mongodb_home.hpp"

namespace cybexd::store {

void mongodb_session::ended::operator()(mongoc_client_session_t* session) const {
  mongoc_client_session_destroy(session);  // which ends its transaction
}

expected<mongodb_session> mongodb_session::begin(mongodb_home& home, std::string_view what) {
  auto lease = home.lease(what);
  if (!lease) return fail(lease.error());
  bson_error_t problem;
  auto* session = mongoc_client_start_session(lease->client(), nullptr, &problem);
  if (session == nullptr) return fail(home.as_error(problem, what));
  mongodb_session made(std::move(*lease), session);
  auto* snapshot = mongoc_read_concern_new();
  mongoc_read_concern_set_level(snapshot, MONGOC_READ_CONCERN_LEVEL_SNAPSHOT);
  auto* options = mongoc_transaction_opts_new();
  mongoc_transaction_opts_set_read_concern(options, snapshot);
  const bool begun = mongoc_client_session_start_transaction(session, options, &problem);
  mongoc_transaction_opts_destroy(options);
  mongoc_read_concern_destroy(snapshot);
  if (!begun) return fail(home.as_error(problem, what));
  return made;
}

}  // namespace cybexd::store
