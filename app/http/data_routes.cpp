#include <algorithm>
#include <atomic>
#include <utility>

#include "app/http/fields.hpp"
#include "app/http/routes.hpp"
#include "crypto/digest.hpp"
#include "tahoe/document.hpp"

namespace cybexd::app::http {

namespace {

response not_up() { return try_later("The server is not ready yet, try again later."); }

void ping(request&&, const responder& respond) { respond(message(200, "pong")); }

/// The share of the byte budget goes along with the reply: the bytes are in memory until the upload is
/// durable.
void post_raw(const http_backend& backend, const upload_limits& limits, request&& r,
              const responder& respond) {
  if (!backend.submit) return respond(not_up());
  auto read = read_upload(r, limits);
  if (!read) {
    r.bytes.release();
    return respond(answer_to(read.error()));
  }
  const bool ndjson = read->ndjson;
  const auto bytes = std::make_shared<share>(std::move(r.bytes));
  auto reply = std::make_shared<messages::reply_once<messages::submitted>>(
      [respond, ndjson, bytes](const expected<messages::submitted>& done) {
        bytes->release();
        if (!done) return respond(answer_to(done.error()));
        tahoe::object answer{{"message", "File uploaded successfully!"}};
        if (ndjson) answer.emplace_back("records", static_cast<std::int64_t>(done->records));
        respond(json(201, std::move(answer)));
      });
  backend.submit({std::make_shared<const messages::submission>(std::move(*read)), std::move(reply)});
}

expected<messages::query_request> read_query(request& r) {
  auto body = read_object(r.body);
  if (!body) return fail(body.error());
  auto type = text_field(*body, "type");
  if (!type) return fail(type.error());
  const auto redo = flag_field(*body, "redo", false);
  if (!redo) return fail(redo.error());
  auto* data = body->find("data");
  if (data == nullptr) return fail(failure::bad_input, "data: is missing, it must be an object.");
  if (!data->get_if<tahoe::object>())
    return fail(failure::bad_input,
                "data: is " + std::string(tahoe::kind_of(*data)) + ", it must be an object.");
  messages::query_request asked;
  asked.token = std::move(r.token);
  asked.type = std::move(*type);
  asked.data = std::move(*data);
  asked.redo = *redo;
  return asked;
}

response answer_to_query(const expected<messages::query_answer>& done) {
  if (!done) return answer_to(done.error());
  if (done->status != messages::query_answer::outcome::processing)
    return json(201, tahoe::to_value(done->report));
  return json(202, tahoe::object{{"message", "check back later"}, {"status", "processing"}});
}

/// Of the byte budget, what a query takes as long as it is waited for and made: its text, and for each `1,`
/// of a list a value. Nothing: there is no room for it.
std::shared_ptr<const void> memory_of(request& r) {
  const auto values = static_cast<std::uint64_t>(std::count(r.body.begin(), r.body.end(), ','));
  if (!r.bytes.grow_to(r.body.size() + values * sizeof(tahoe::value))) return nullptr;
  return std::make_shared<const share>(std::move(r.bytes));
}

void post_query(const http_backend& backend, std::chrono::milliseconds patience, request&& r,
                const responder& respond) {
  if (!backend.ask) return respond(not_up());
  const auto memory = memory_of(r);
  if (!memory)
    return respond(answer_to({failure::overloaded, "too much of other requests is in memory already"}));
  auto read = read_query(r);
  if (!read) return respond(answer_to(read.error()));
  read->holds = memory;
  auto reply = std::make_shared<messages::reply_once<messages::query_answer>>(
      [respond](const expected<messages::query_answer>& done) { respond(answer_to_query(done)); });
  static std::atomic<std::uint64_t> askers{0};
  const auto asker = ++askers;
  backend.ask(
      {std::make_shared<const messages::query_request>(std::move(*read)), patience, std::move(reply), asker});
  // After it was asked, so that the desk learns of both in this order.
  if (r.client && backend.abandon) r.client->then([abandon = backend.abandon, asker] { abandon(asker); });
}

/// One answer for a report that is not there and one of somebody else.
void get_report(const http_backend& backend, request&& r, const responder& respond) {
  if (!backend.find_report) return respond(not_up());
  const auto hash = crypto::hash_from_hex(r.tail);
  const auto none = message(404, "There is no such report.");
  if (!hash) return respond(none);
  auto found = backend.find_report(r.user, *hash);
  if (!found) return respond(answer_to(found.error()));
  respond(*found ? json(200, tahoe::to_value(**found)) : none);
}

}  // namespace

std::vector<route> data_routes(const std::shared_ptr<const http_backend>& backend,
                               const settings_source& settings) {
  std::vector<route> routes;
  routes.push_back(
      {.method = "GET", .pattern = "/ping", .run = ping, .where = runs_on::connection, .needs_token = false});
  routes.push_back({.method = "POST",
                    .pattern = "/raw",
                    .run =
                        [backend, settings](request&& r, const responder& respond) {
                          post_raw(*backend, settings()->uploads, std::move(r), respond);
                        },
                    .body = body_size::upload});
  routes.push_back({.method = "POST",
                    .pattern = "/query",
                    .run =
                        [backend, settings](request&& r, const responder& respond) {
                          post_query(*backend, settings()->query_patience, std::move(r), respond);
                        },
                    .body = body_size::json,
                    .may_wait = true});
  routes.push_back(
      {.method = "GET", .pattern = "/report/{hash}", .run = [backend](request&& r, const responder& respond) {
         get_report(*backend, std::move(r), respond);
       }});
  return routes;
}

}  // namespace cybexd::app::http
