#include "actors/query_side.hpp"

#include "actors/pool.hpp"
#include "actors/report_worker.hpp"
#include "actors/report_writer.hpp"
#include "actors/shell.hpp"
#include "crypto/digest.hpp"

namespace cybexd::actors {
namespace {

constexpr std::chrono::seconds claim_margin{60};   // beyond a report's deadline: storing it, and a slow clock
constexpr std::chrono::seconds worker_margin{30};  // a worker that is so late is gone
constexpr std::size_t waiting_replies = 10'000;
constexpr std::size_t writers = 4,
                      waiting_writes = 20'000;  // writers at work together share the disk's syncs

/// With every type turned off, one kind of worker remains: it makes the failed reports that say so.
std::vector<std::string> worker_types(const query_side_options& options) {
  return options.report.types.empty() ? std::vector<std::string>{"count"} : options.report.types;
}

messages::report_worker_actor spawn_workers(caf::actor_system& system, const std::string& type,
                                            const store::stores& stores, const query_side_options& options,
                                            telemetry& metrics) {
  const auto name = type + "_worker";
  const auto make = [&system, name, archive = stores.archive, report = options.report, &metrics] {
    return spawn_detached(system, report_worker, name, archive, report, &metrics);
  };
  // The desk gives out no more than there are workers, so the pool's own queue stays short.
  return system.spawn(
      pool<messages::report_worker_actor, messages::make_report, messages::report_made>,
      pool_options{name, options.workers, options.workers, 1, options.deadline + worker_margin}, make,
      &metrics);
}

messages::report_writer_actor spawn_writers(caf::actor_system& system,
                                            const std::shared_ptr<store::report_store>& reports,
                                            telemetry& metrics) {
  const auto make = [&system, reports, &metrics] {
    return spawn_detached(system, report_writer, reports, &metrics);
  };
  pool_options options;
  options.name = report_writer_state::name;
  options.workers = writers;
  options.queue = waiting_writes;
  options.tries = 2;
  return system.spawn(pool<messages::report_writer_actor, messages::store_report, messages::report_stored>,
                      std::move(options), make, &metrics);
}

messages::reply_socket_actor spawn_sockets(caf::actor_system& system, const query_side_options& options,
                                           telemetry& metrics) {
  const auto make = [&system, reply = options.reply, names = std::make_shared<name_lookup>(), &metrics] {
    return spawn_detached(system, reply_socket, reply, names, &metrics);
  };
  return system.spawn(pool<messages::reply_socket_actor, messages::tell_socket, messages::socket_told>,
                      pool_options{"reply_socket", options.reply_sockets, waiting_replies, 1,
                                   options.reply.timeout + worker_margin},
                      make, &metrics);
}

query_desk_options desk_options(const store::stores& stores, const query_side_options& options,
                                telemetry& metrics) {
  query_desk_options out;
  out.store = stores.reports;
  out.authenticate = options.authenticate;
  out.visible_to = options.visible_to;
  out.open_envelope = options.open_envelope;
  out.now = options.now;
  const std::chrono::duration<double> lasts =
      options.exclusive ? options.deadline + claim_margin : options.claim;
  out.claims = {options.owner, lasts.count(), options.foreign_age};
  out.renew_every = std::chrono::duration_cast<std::chrono::milliseconds>(lasts / 3);
  out.types = worker_types(options);
  out.workers = options.workers;
  out.queue = options.queue;
  out.deadline = options.deadline;
  out.stop_grace = options.stop_grace;
  out.metrics = &metrics;
  return out;
}

}  // namespace

query_side spawn_query_side(caf::actor_system& system, const store::stores& stores,
                            const query_side_options& options, telemetry& metrics) {
  query_desk_peers peers;
  for (const auto& type : worker_types(options))
    peers.workers.emplace(type, spawn_workers(system, type, stores, options, metrics));
  peers.writer = spawn_writers(system, stores.reports, metrics);
  peers.sockets = spawn_sockets(system, options, metrics);
  query_side out;
  out.desk = spawn_detached(system, query_desk, desk_options(stores, options, metrics), peers);
  query_poller_options poller;
  poller.store = stores.reports;
  poller.now = options.now;
  poller.foreign_age = options.foreign_age;
  poller.exclusive = options.exclusive;
  poller.wait.cap = options.poll_cap;
  poller.metrics = &metrics;
  out.poller = spawn_detached(system, query_poller, std::move(poller), out.desk);
  return out;
}

visibility_source visibility_from(std::shared_ptr<store::identity_store> identity) {
  return [identity](const std::string& userid) -> expected<std::optional<store::visibility>> {
    const auto hash = crypto::hash_from_hex(userid);
    if (!hash) return std::optional<store::visibility>();
    const auto user = identity->get(*hash);
    if (!user) return fail(user.error());
    const bool is_user =
        *user && ((*user)->sub_type == "cybexp_user" || (*user)->sub_type == "cybexp_superuser");
    if (!is_user) return std::optional<store::visibility>();
    auto orgids = identity->visible_orgs(*hash);
    if (!orgids) return fail(orgids.error());
    return std::optional(store::visibility{false, std::move(*orgids)});
  };
}

}  // namespace cybexd::actors
