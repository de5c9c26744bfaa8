#include "tahoe/store/mongodb_home.hpp"

#include <mongoc/mongoc.h>

#include <algorithm>

#include "tahoe/store/mongodb_url_internal.hpp"

namespace cybexd::store {
namespace {

struct uri_freed {
  void operator()(mongoc_uri_t* uri) const { mongoc_uri_destroy(uri); }
};
using uri_pointer = std::unique_ptr<mongoc_uri_t, uri_freed>;

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

void set_unless_named(mongoc_uri_t* uri, const char* option, std::chrono::milliseconds time) {
  if (!mongoc_uri_has_option(uri, option))
    mongoc_uri_set_option_as_int32(uri, option, static_cast<std::int32_t>(time.count()));
}

/// No option of the URL may make a wait endless or a write less than durable.
void bound(mongoc_uri_t* uri, const mongodb_options& options) {
  set_unless_named(uri, MONGOC_URI_SERVERSELECTIONTIMEOUTMS, options.select);
  set_unless_named(uri, MONGOC_URI_WAITQUEUETIMEOUTMS, options.select);
  set_unless_named(uri, MONGOC_URI_CONNECTTIMEOUTMS, options.connect);
  set_unless_named(uri, MONGOC_URI_HEARTBEATFREQUENCYMS, options.look);
  set_unless_named(uri, MONGOC_URI_SOCKETTIMEOUTMS, options.answer);
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

/// Homes that somebody holds, by URL and limits.
struct open_homes {
  std::mutex mutex;
  std::map<std::string, std::weak_ptr<mongodb_home>> all;
};

open_homes& homes() {
  static open_homes one;
  return one;
}

std::string name_of(const mongodb_options& o) {
  return std::to_string(o.connections) + " " + std::to_string(o.select.count()) + " " +
         std::to_string(o.connect.count()) + " " + std::to_string(o.answer.count()) + " " +
         std::to_string(o.work.count()) + " " + o.url;
}

/// What the driver tells of its commands and of the servers it sees.
struct watcher {
  mutable std::mutex mutex;
  mongodb_counts counts;
  bool writable = false;      ///< A server that takes writes is known.
  std::optional<error> away;  ///< Why none was found, while none is known.

  void sent(const char* name) {
    const std::scoped_lock lock(mutex);
    ++counts.commands;
    ++counts.by_name[name];
  }
  void answered(std::int64_t microseconds, bool well) {
    const std::scoped_lock lock(mutex);
    counts.seconds += static_cast<double>(microseconds) / 1e6;
    if (!well) ++counts.failed;
  }
  void seen(bool one_takes_writes) {
    const std::scoped_lock lock(mutex);
    writable = one_takes_writes;
    if (writable) away.reset();
  }
  void not_found(const error& why) {
    const std::scoped_lock lock(mutex);
    if (!writable) away = why;
  }
};

watcher& watcher_of(void* context) { return *static_cast<watcher*>(context); }

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

void watch(mongoc_client_pool_t* pool, watcher& by) {
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
    watcher_of(mongoc_apm_topology_changed_get_context(event))
        .seen(takes_writes(mongoc_apm_topology_changed_get_new_description(event)));
  });
  mongoc_client_pool_set_apm_callbacks(pool, calls, &by);
  mongoc_apm_callbacks_destroy(calls);
}

/// `findAndModify` as metrics are named: `find_and_modify`.
std::string snake_case(std::string_view name) {
  std::string out;
  for (const char letter : name) {
    const bool upper = letter >= 'A' && letter <= 'Z';
    if (upper) out += '_';
    out += upper ? static_cast<char>(letter - 'A' + 'a') : letter;
  }
  return out;
}

mongoc_client_pool_t* raw(const std::shared_ptr<void>& pool) {
  return static_cast<mongoc_client_pool_t*>(pool.get());
}

}  // namespace

struct mongodb_home::impl {
  mongodb_options options;
  std::string where;
  std::vector<std::string> secrets;
  std::shared_ptr<watcher> watched = std::make_shared<watcher>();
  std::shared_ptr<void> pool;
};

void mongodb_lease::given_back::operator()(mongoc_client_t* client) const {
  mongoc_client_pool_push(raw(pool), client);
}

mongodb_home::mongodb_home(std::unique_ptr<impl> inner) : impl_(std::move(inner)) {}
mongodb_home::~mongodb_home() = default;

expected<std::shared_ptr<mongodb_home>> mongodb_home::open(const mongodb_options& options) {
  start_driver();
  const auto name = name_of(options);
  const std::scoped_lock lock(homes().mutex);
  std::erase_if(homes().all, [](const auto& one) { return one.second.expired(); });
  if (const auto found = homes().all.find(name); found != homes().all.end())
    if (auto there = found->second.lock()) return there;

  auto made = std::make_unique<impl>();
  made->options = options;
  made->secrets = secrets_of(options.url);
  bson_error_t problem;
  const auto refused = [&](const char* text) {
    return fail(failure::bad_input,
                "the URL of the database cannot be used: " + without(made->secrets, text));
  };
  const uri_pointer uri(mongoc_uri_new_with_error(options.url.c_str(), &problem));
  if (!uri) return refused(problem.message);
  made->where = hosts_of(uri.get(), options.url);
  bound(uri.get(), options);
  auto* pool = mongoc_client_pool_new_with_error(uri.get(), &problem);
  if (pool == nullptr) return refused(problem.message);
  mongoc_client_pool_set_error_api(pool, MONGOC_ERROR_API_VERSION_2);
  watch(pool, *made->watched);
  // A connection that is given back late keeps the pool, and that what it tells of itself.
  made->pool = std::shared_ptr<void>(pool, [watched = made->watched](void* last) {
    mongoc_client_pool_destroy(static_cast<mongoc_client_pool_t*>(last));
  });
  const std::shared_ptr<mongodb_home> home(new mongodb_home(std::move(made)));
  homes().all[name] = home;
  return home;
}

expected<mongodb_lease> mongodb_home::lease(std::string_view what) {
  {
    const std::scoped_lock lock(impl_->watched->mutex);
    if (const auto& away = impl_->watched->away)
      return fail(away->kind, std::string(what) + ": " + away->text);
  }
  auto* client = mongoc_client_pool_pop(raw(impl_->pool));
  if (client == nullptr)
    return fail(failure::unavailable, std::string(what) + ": all " +
                                          std::to_string(impl_->options.connections) + " connections to " +
                                          where() + " are in use");
  return mongodb_lease({client, mongodb_lease::given_back{impl_->pool}});
}

error mongodb_home::as_error(const bson_error_t& problem, std::string_view what) const {
  const auto text = without(impl_->secrets, problem.message);
  if (problem.domain == MONGOC_ERROR_SERVER_SELECTION)
    impl_->watched->not_found({to_error(problem, what).kind, where() + " is away: " + text});
  return {to_error(problem, what).kind, std::string(what) + ": " + where() + ": " + text};
}

expected<bson> mongodb_home::command(const std::string& db, const bson& command, bool writes,
                                     std::string_view what) {
  auto lease = this->lease(what);
  if (!lease) return fail(lease.error());
  bson_error_t problem;
  bson_t answer;
  const bool done = writes ? mongoc_client_write_command_with_opts(lease->client(), db.c_str(), command.get(),
                                                                   nullptr, &answer, &problem)
                           : mongoc_client_command_simple(lease->client(), db.c_str(), command.get(), nullptr,
                                                          &answer, &problem);
  bson copied{bson_view(&answer)};
  bson_destroy(&answer);
  if (!done) return fail(as_error(problem, what));
  return copied;
}

const std::string& mongodb_home::where() const { return impl_->where; }
const mongodb_options& mongodb_home::options() const { return impl_->options; }

mongodb_counts mongodb_home::counts() const {
  const std::scoped_lock lock(impl_->watched->mutex);
  return impl_->watched->counts;
}

std::vector<std::pair<std::string, double>> mongodb_home::statistics() const {
  const auto now = counts();
  std::vector<std::pair<std::string, double>> numbers{
      {"mongoc_commands", static_cast<double>(now.commands)},
      {"mongoc_commands_failed", static_cast<double>(now.failed)},
      {"mongoc_command_seconds", now.seconds}};
  for (const auto& [name, count] : now.by_name)
    numbers.emplace_back("mongoc_commands_" + snake_case(name), static_cast<double>(count));
  return numbers;
}

expected<void> once_ready::operator()() {
  const std::scoped_lock lock(mutex_);
  if (done_) return {};
  auto prepared = prepare_();
  done_ = prepared.has_value();
  return prepared;
}

}  // namespace cybexd::store
