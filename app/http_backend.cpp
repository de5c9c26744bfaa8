#include "app/http_backend.hpp"

#include <algorithm>

#include "actors/query_records.hpp"
#include "actors/query_side.hpp"
#include "app/log.hpp"
#include "app/operations.hpp"

namespace cybexd::app {
namespace {

http::readiness readiness_of(engine& over, const actor_host& actors) {
  http::readiness out;
  if (auto waits = actors.waits_for(); !waits.empty()) out.waits_for.push_back(std::move(waits));
  if (!over.accounts().has_token_secret()) out.waits_for.emplace_back("a token secret");
  out.ready = out.waits_for.empty();
  return out;
}

expected<std::optional<tahoe::document>> find_report(engine& over, const std::string& user,
                                                     const tahoe::hash256& report) {
  const auto visible = actors::visibility_from(over.stores().identity)(user);
  if (!visible) return fail(visible.error());
  if (!*visible) return std::optional<tahoe::document>();
  return actors::find_report(*over.stores().reports, user, **visible, report);
}

}  // namespace

http::http_options http_options_of(const settings& from) {
  const auto& h = from.http;
  http::http_options out;
  out.host = h.listen.host;
  out.port = h.listen.port;
  out.operators_host = h.operators.host;
  out.operators_port = h.operators.port;
  out.unix_socket = from.data_dir.path + "/cybexd.sock";
  out.tls = {h.tls_certificate.path, h.tls_key.path};
  out.io_threads = h.threads;
  out.limits.upload_bytes = h.max_upload.bytes;
  out.limits.json_bytes = h.max_json.bytes;
  out.limits.header_bytes = h.max_header.bytes;
  out.limits.header_time = h.header_time;
  out.limits.body_time = h.body_time;
  out.limits.idle_time = h.idle_time;
  out.limits.write_time = h.write_time;
  out.limits.connections = h.max_connections;
  out.limits.requests = h.max_requests;
  out.limits.waiting_requests = h.max_waiting_queries;
  out.limits.body_bytes = h.max_bytes.bytes;
  out.limits.rate = h.rate;
  out.uploads.unpacked_bytes = h.max_upload.bytes;
  out.uploads.records = h.max_records;
  out.query_patience = h.query_patience;
  // Whoever asks a query is told to come again, not that the server failed.
  constexpr auto margin = std::chrono::seconds(10);
  out.limits.work_time = std::max<std::chrono::milliseconds>(out.limits.work_time, h.query_patience + margin);
  return out;
}

http::http_backend make_http_backend(engine& over, std::shared_ptr<actor_host> actors) {
  http::http_backend out;
  out.authenticate = [&over](const std::string& token) -> expected<std::string> {
    const auto who = over.accounts().authenticate(token, unix_now());
    if (!who) return fail(who.error());
    return crypto::to_hex(who->user.hash);
  };
  out.submit = [actors](messages::submit what) { actors->submit(std::move(what)); };
  out.ask = [actors](messages::ask_query query) { actors->ask(std::move(query)); };
  out.abandon = [actors](std::uint64_t asker) { actors->abandon(asker); };
  out.identity = [actors](messages::ask_identity what) { actors->ask(std::move(what)); };
  out.find_report = [&over](const std::string& user, const tahoe::hash256& report) {
    return find_report(over, user, report);
  };
  out.metrics = [actors] { return actors->metrics().render(); };
  out.ready = [&over, actors] { return readiness_of(over, *actors); };
  out.operate = [&over](const std::string& name, const tahoe::value& input) {
    return http::json(200, as_answer(call_operation(over, name, input)));
  };
  out.finished = [actors](std::string_view route, unsigned status, double seconds) {
    actors->metrics().add(actors::counter::http_requests, {route, std::to_string(status)});
    actors->metrics().observe(actors::histogram::http_request, {route}, seconds);
  };
  out.in_flight = [actors](std::int64_t change) {
    actors->metrics().shift(actors::gauge::http_in_flight, {}, static_cast<double>(change));
  };
  out.warn = [](const std::string& text) { log_line(severity::warning, "http", text); };
  return out;
}

}  // namespace cybexd::app
