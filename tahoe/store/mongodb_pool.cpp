#include "tahoe/store/mongodb_pool.hpp"

#include <mongoc/mongoc.h>
#include <sys/socket.h>

#include <algorithm>

#include "tahoe/store/mongodb_url_internal.hpp"

namespace cybexd::store {
namespace {

/// The driver's own log would go to standard error; what matters comes back as errors.
void drop_log(mongoc_log_level_t, const char*, const char*, void*) {}

/// Once in a process and never undone: other threads may still hold connections when `main` ends.
void start_driver() {
  static const bool started = [] {
    mongoc_log_set_handler(drop_log, nullptr);
    mongoc_init();
    return true;
  }();
  (void)started;
}

/// A time that the URL names stays, unless it is longer and `at_most`. 0 is without end.
void set_time(mongoc_uri_t* uri, const char* option, std::chrono::milliseconds time, bool at_most) {
  const auto ours = static_cast<std::int32_t>(time.count());
  const auto named = mongoc_uri_get_option_as_int32(uri, option, 0);
  const bool too_long = at_most && (named <= 0 || named > ours);
  if (too_long || !mongoc_uri_has_option(uri, option)) mongoc_uri_set_option_as_int32(uri, option, ours);
}

/// No option of the URL may make a wait endless or a write less than durable.
void bound(mongoc_uri_t* uri, const mongodb_options& options) {
  set_time(uri, MONGOC_URI_SERVERSELECTIONTIMEOUTMS, options.select, options.at_most);
  set_time(uri, MONGOC_URI_WAITQUEUETIMEOUTMS, options.select, options.at_most);
  set_time(uri, MONGOC_URI_CONNECTTIMEOUTMS, options.connect, options.at_most);
  set_time(uri, MONGOC_URI_HEARTBEATFREQUENCYMS, options.look, options.at_most);
  set_time(uri, MONGOC_URI_SOCKETTIMEOUTMS, options.answer, options.at_most);
  if (options.patient)
    mongoc_uri_set_option_as_int32(uri, MONGOC_URI_SOCKETTIMEOUTMS,
                                   static_cast<std::int32_t>(options.answer.count()));
  for (const auto* endless : {MONGOC_URI_WAITQUEUETIMEOUTMS, MONGOC_URI_SOCKETTIMEOUTMS})
    if (mongoc_uri_get_option_as_int32(uri, endless, 0) <= 0)
      mongoc_uri_set_option_as_int32(uri, endless, static_cast<std::int32_t>(options.answer.count()));
  const auto most = static_cast<std::int32_t>(options.connections);
  const auto named = mongoc_uri_get_option_as_int32(uri, MONGOC_URI_MAXPOOLSIZE, most);
  mongoc_uri_set_option_as_int32(uri, MONGOC_URI_MAXPOOLSIZE, std::clamp(named, 1, most));
  if (mongoc_uri_get_appname(uri) == nullptr) mongoc_uri_set_appname(uri, "cybexd");
  auto* write = mongoc_write_concern_new();
  mongoc_write_concern_set_wmajority(write, static_cast<std::int32_t>(options.work.count()));
  mongoc_uri_set_write_concern(uri, write);
  mongoc_write_concern_destroy(write);
  auto* read = mongoc_read_concern_new();
  mongoc_read_concern_set_level(read, MONGOC_READ_CONCERN_LEVEL_MAJORITY);
  mongoc_uri_set_read_concern(uri, read);
  mongoc_read_concern_destroy(read);
  auto* primary = mongoc_read_prefs_new(MONGOC_READ_PRIMARY);
  mongoc_uri_set_read_prefs_t(uri, primary);
  mongoc_read_prefs_destroy(primary);
}

std::string hosts_of(const mongoc_uri_t* uri, const std::string& url) {
  std::string text;
  for (const auto* host = mongoc_uri_get_hosts(uri); host != nullptr; host = host->next)
    text += (text.empty() ? "" : ",") + std::string(host->host_and_port);
  return text.empty() ? host_part(url) : text;  // mongodb+srv has a name in place of hosts
}

mongodb_watcher& watcher_of(void* context) { return *static_cast<mongodb_watcher*>(context); }

bool takes_writes(const mongoc_topology_description_t* servers) {
  std::size_t count = 0;
  auto* all = mongoc_topology_description_get_servers(servers, &count);
  bool one = false;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string_view type = mongoc_server_description_type(all[i]);
    one = one || type == "RSPrimary" || type == "Standalone" || type == "Mongos" || type == "LoadBalancer";
  }
  mongoc_server_descriptions_destroy_all(all, count);
  return one;
}

void add_place(server_places& to, const mongoc_host_list_t& host) {
  to.insert(host.family == AF_UNIX ? std::string(host.host) : std::to_string(host.port));
}

server_places places_of(const mongoc_topology_description_t* servers) {
  server_places places;
  std::size_t count = 0;
  auto* all = mongoc_topology_description_get_servers(servers, &count);
  for (std::size_t i = 0; i < count; ++i) add_place(places, *mongoc_server_description_host(all[i]));
  mongoc_server_descriptions_destroy_all(all, count);
  return places;
}

void watch(mongoc_client_pool_t* pool, mongodb_watcher& by) {
  auto* calls = mongoc_apm_callbacks_new();
  mongoc_apm_set_command_started_cb(calls, [](const mongoc_apm_command_started_t* event) {
    watcher_of(mongoc_apm_command_started_get_context(event))
        .sent(mongoc_apm_command_started_get_command_name(event));
  });
  mongoc_apm_set_command_succeeded_cb(calls, [](const mongoc_apm_command_succeeded_t* event) {
    watcher_of(mongoc_apm_command_succeeded_get_context(event))
        .answered(mongoc_apm_command_succeeded_get_duration(event), true);
  });
  mongoc_apm_set_command_failed_cb(calls, [](const mongoc_apm_command_failed_t* event) {
    watcher_of(mongoc_apm_command_failed_get_context(event))
        .answered(mongoc_apm_command_failed_get_duration(event), false);
  });
  mongoc_apm_set_topology_changed_cb(calls, [](const mongoc_apm_topology_changed_t* event) {
    const auto* now = mongoc_apm_topology_changed_get_new_description(event);
    watcher_of(mongoc_apm_topology_changed_get_context(event)).seen(takes_writes(now), places_of(now));
  });
  mongoc_apm_set_server_heartbeat_succeeded_cb(
      calls, [](const mongoc_apm_server_heartbeat_succeeded_t* event) {
        watcher_of(mongoc_apm_server_heartbeat_succeeded_get_context(event)).heard_now();
      });
  mongoc_client_pool_set_apm_callbacks(pool, calls, &by);
  mongoc_apm_callbacks_destroy(calls);
}

}  // namespace

void mongodb_pool::uri_freed::operator()(mongoc_uri_t* uri) const { mongoc_uri_destroy(uri); }

expected<std::unique_ptr<mongodb_pool>> mongodb_pool::make(const mongodb_options& options) {
  start_driver();
  std::unique_ptr<mongodb_pool> made(new mongodb_pool);
  made->options_ = options;
  made->secrets_ = secrets_of(options.url);
  const auto refused = [&](const std::string& text) {
    return fail(failure::bad_input,
                "the URL of the database cannot be used: " + without(made->secrets_, text));
  };
  if (has_bare_at(options.url)) return refused("an @ in a user name or password is written %40");
  bson_error_t problem;
  made->uri_.reset(mongoc_uri_new_with_error(options.url.c_str(), &problem));
  if (!made->uri_) return refused(problem.message);
  made->where_ = hosts_of(made->uri_.get(), options.url);
  bound(made->uri_.get(), options);
  // A name service that is away is a database that is away.
  if (mongoc_uri_get_hosts(made->uri_.get()) != nullptr)
    if (auto pool = made->make_pool(); !pool) return refused(pool.error().text);
  return made;
}

expected<std::shared_ptr<void>> mongodb_pool::make_pool() {
  bson_error_t problem;
  auto* pool = mongoc_client_pool_new_with_error(uri_.get(), &problem);
  if (pool == nullptr)
    return fail(failure::unavailable, where_ + " is away: " + without(secrets_, problem.message));
  mongoc_client_pool_set_error_api(pool, MONGOC_ERROR_API_VERSION_2);
  watch(pool, *watched_);
  // A connection that is given back late keeps the pool, and that what it tells of itself.
  pool_ = std::shared_ptr<void>(pool, [watched = watched_](void* last) {
    mongoc_client_pool_destroy(static_cast<mongoc_client_pool_t*>(last));
  });
  made_ = true;
  return pool_;
}

expected<std::shared_ptr<void>> mongodb_pool::use() {
  if (made_) return pool_;
  constexpr std::chrono::seconds pause{1};
  const std::unique_lock lock(making_, std::try_to_lock);
  if (!lock) return fail(failure::unavailable, where_ + " is being looked up");
  if (made_) return pool_;
  if (failed_ && std::chrono::steady_clock::now() - failed_at_ < pause) return fail(*failed_);
  auto pool = make_pool();
  failed_ = pool ? std::nullopt : std::optional(pool.error());
  failed_at_ = std::chrono::steady_clock::now();
  return pool;
}

std::chrono::milliseconds mongodb_pool::silence() const {
  const auto look = mongoc_uri_get_option_as_int32(uri_.get(), MONGOC_URI_HEARTBEATFREQUENCYMS,
                                                   static_cast<std::int32_t>(options_.look.count()));
  return 3 * std::chrono::milliseconds(look);
}

bool mongodb_pool::names_one_server_only() const {
  const auto* hosts = mongoc_uri_get_hosts(uri_.get());
  return hosts != nullptr && hosts->next == nullptr && mongoc_uri_get_replica_set(uri_.get()) == nullptr &&
         !mongoc_uri_has_option(uri_.get(), MONGOC_URI_DIRECTCONNECTION);
}

}  // namespace cybexd::store
