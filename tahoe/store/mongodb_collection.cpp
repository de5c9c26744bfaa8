#include "tahoe/store/mongodb_collection.hpp"

#include <mongoc/mongoc.h>

#include <algorithm>
#include <limits>

namespace cybexd::store {
namespace {

/// Documents in one answer: as many as there is room for, which the server bounds by 16 MB.
constexpr std::uint32_t large_batch = 10'000;

struct collection_freed {
  void operator()(mongoc_collection_t* c) const { mongoc_collection_destroy(c); }
};
struct cursor_freed {
  void operator()(mongoc_cursor_t* c) const { mongoc_cursor_destroy(c); }
};
using cursor_pointer = std::unique_ptr<mongoc_cursor_t, cursor_freed>;

void add_session(bson& options, mongodb_session* session) {
  if (session == nullptr) return;
  bson_error_t ignored;
  (void)mongoc_client_session_append(session->get(), options.get(), &ignored);
}

}  // namespace

/// A handle on a connection: the session's, or one from the pool.
struct mongodb_collection::opened {
  std::optional<mongodb_lease> lease;
  mongoc_client_t* client = nullptr;
  std::unique_ptr<mongoc_collection_t, collection_freed> handle;
};

/// Walks a cursor to its end.
expected<void> mongodb_collection::walk(mongoc_cursor_t* cursor, std::chrono::milliseconds allowed,
                                        std::string_view what, const visitor& visit) const {
  const auto asked = std::chrono::steady_clock::now();
  const bson_t* document = nullptr;
  while (mongoc_cursor_next(cursor, &document))
    if (!visit(bson_view(document))) return {};
  bson_error_t problem;
  const bson_t* reply = nullptr;
  if (!mongoc_cursor_error_document(cursor, &problem, &reply)) return {};
  auto failed = home_->as_error(problem, what);
  if (!waits_) return fail(std::move(failed));
  const auto now = std::chrono::steady_clock::now();
  const bool transient = reply != nullptr && mongoc_error_has_label(reply, "TransientTransactionError");
  const bool out_of_time =
      now >= waits_->until || (now - asked) * 10 >= allowed * 9;  // the server's clock is another
  failed.kind = failure_of_question(problem, transient, out_of_time,
                                    std::chrono::duration_cast<std::chrono::seconds>(now - waits_->since));
  if (failed.kind == failure::timed_out)  // for whoever asked, to whom the database is nothing
    failed.text = "the report took longer than it may: the database was not ready with what it needs";
  return fail(std::move(failed));
}

/// For the server's own work on a question.
std::chrono::milliseconds mongodb_collection::longest(bool all_that_is_left) const {
  using std::chrono::milliseconds;
  constexpr milliseconds most(std::numeric_limits<std::int32_t>::max());  // that a server takes
  const auto work = home_->options().work;
  if (!waits_) return work;
  const auto left =
      std::chrono::duration_cast<milliseconds>(waits_->until - std::chrono::steady_clock::now());
  return std::clamp(left, milliseconds(1), all_that_is_left ? most : work);
}

mongodb_collection mongodb_collection::by(std::chrono::steady_clock::time_point deadline) const {
  auto bound = *this;
  bound.waits_ = patience{std::chrono::steady_clock::now(), deadline};
  return bound;
}

mongodb_collection mongodb_collection::in(mongodb_session& session) const {
  auto bound = *this;
  bound.session_ = &session;
  return bound;
}

expected<mongodb_collection::opened> mongodb_collection::open(std::string_view what) const {
  opened o;
  if (session_ != nullptr) {
    if (auto asks = home_->still_asks(what); !asks) return fail(asks.error());
    o.client = session_->client();
  } else {
    auto lease = home_->lease(what);
    if (!lease) return fail(lease.error());
    o.lease = std::move(*lease);
    o.client = o.lease->client();
  }
  o.handle.reset(mongoc_client_get_collection(o.client, db_.c_str(), name_.c_str()));
  return o;
}

expected<void> mongodb_collection::find(const bson& filter, const find_options& how, std::string_view what,
                                        const visitor& visit) const {
  auto at = open(what);
  if (!at) return fail(at.error());
  bson options;
  if (!how.projection.empty()) options.add("projection", how.projection);
  // A sort over 100 MB is else refused before MongoDB 6.
  if (!how.sort.empty()) options.add("sort", how.sort).add("allowDiskUse", true);
  if (!how.hint.empty()) options.add("hint", how.hint);
  if (how.skip != 0) options.add_int64("skip", static_cast<std::int64_t>(how.skip));
  if (how.limit != 0) options.add_int64("limit", static_cast<std::int64_t>(how.limit));
  options.add("batchSize", static_cast<std::int64_t>(how.batch == 0 ? large_batch : how.batch));
  const auto allowed = longest(how.without_limit_of_time);
  if (!how.without_limit_of_time || waits_) options.add("maxTimeMS", allowed.count());
  add_session(options, session_);
  const cursor_pointer cursor(
      mongoc_collection_find_with_opts(at->handle.get(), filter.get(), options.get(), nullptr));
  return walk(cursor.get(), allowed, what, visit);
}

expected<std::vector<bson>> mongodb_collection::find_all(const bson& filter, const find_options& how,
                                                         std::string_view what) const {
  std::vector<bson> all;
  auto found = find(filter, how, what, [&](const bson_view& document) {
    all.emplace_back(document);
    return true;
  });
  if (!found) return fail(found.error());
  return all;
}

expected<std::optional<bson>> mongodb_collection::find_one(const bson& filter, const bson& projection,
                                                           std::string_view what) const {
  find_options one;
  one.projection = projection;
  one.limit = 1;
  auto found = find_all(filter, one, what);
  if (!found) return fail(found.error());
  if (found->empty()) return std::optional<bson>();
  return std::optional<bson>(std::move(found->front()));
}

expected<void> mongodb_collection::aggregate(const bson_list& stages, std::string_view what,
                                             const visitor& visit) const {
  auto at = open(what);
  if (!at) return fail(at.error());
  bson options;
  const auto allowed = longest(false);
  options.add("maxTimeMS", allowed.count());
  options.add("batchSize", static_cast<std::int64_t>(large_batch));
  options.add("allowDiskUse", true);  // a stage over 100 MB is else refused before MongoDB 6
  add_session(options, session_);
  const bson pipeline = bson().add("pipeline", stages);
  const cursor_pointer cursor(mongoc_collection_aggregate(at->handle.get(), MONGOC_QUERY_NONE, pipeline.get(),
                                                          options.get(), nullptr));
  return walk(cursor.get(), allowed, what, visit);
}

expected<bson> mongodb_collection::run(const bson& command, bool writes, std::string_view what,
                                       std::int32_t* code) const {
  auto at = open(what);
  if (!at) return fail(at.error());
  bson options;
  add_session(options, session_);
  bson_error_t problem;
  bson_t answer;
  const bool done = writes ? mongoc_collection_write_command_with_opts(at->handle.get(), command.get(),
                                                                       options.get(), &answer, &problem)
                           : mongoc_collection_read_command_with_opts(
                                 at->handle.get(), command.get(), nullptr, options.get(), &answer, &problem);
  bson copied{bson_view(&answer)};
  bson_destroy(&answer);
  if (done) return copied;
  if (code != nullptr && problem.domain == MONGOC_ERROR_SERVER)
    *code = static_cast<std::int32_t>(problem.code);
  return fail(home_->as_error(problem, what));
}

expected<std::optional<bson>> mongodb_collection::find_and_update(const bson& filter, const bson& change,
                                                                  const change_options& how,
                                                                  std::string_view what) const {
  bson command;
  command.add("findAndModify", name_).add("query", filter).add("update", change);
  if (!how.sort.empty()) command.add("sort", how.sort);
  if (!how.projection.empty()) command.add("fields", how.projection);
  command.add("new", true).add("upsert", how.how == upsert::yes);
  command.add("maxTimeMS", home_->options().work.count());
  auto answered = run(command, true, what);
  if (!answered) return fail(answered.error());
  const auto document = answered->find("value").document();
  if (!document) return std::optional<bson>();
  return std::optional<bson>(bson(*document));
}

}  // namespace cybexd::store
