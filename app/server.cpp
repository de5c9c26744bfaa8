#include "app/server.hpp"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <mutex>
#include <thread>
#include <vector>

#include "app/config/keys.hpp"
#include "app/config/units.hpp"
#include "app/directory_lock.hpp"
#include "app/engine.hpp"
#include "app/files.hpp"
#include "app/http_backend.hpp"
#include "app/log.hpp"
#include "app/rate_window.hpp"
#include "app/secrets.hpp"
#include "app/wiring.hpp"
#include "tahoe/json.hpp"

namespace cybexd::app {
namespace {

/// Each connection is one: as many as the system lets this process have.
void allow_many_files() {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
}

void say(severity level, const std::string& text) { log_line(level, "server", text); }

/// What may be configured, but is hardly meant.
void warn_of(const configuration& config) {
  for (const auto& warning : config.warnings) say(severity::warning, warning);
  const auto& http = config.values.http;
  if (http.max_bytes.bytes < http.max_upload.bytes)
    say(severity::warning, "http.max_bytes (" + to_text(http.max_bytes) +
                               ") has no room for an upload of http.max_upload (" + to_text(http.max_upload) +
                               "): larger ones get 503 each time");
  struct stat about {};
  const auto& key = http.tls_key.path;
  if (!key.empty() && ::stat(key.c_str(), &about) == 0 && (about.st_mode & 077) != 0)
    say(severity::warning,
        "http.tls_key: " + key + " can be read by others: set its mode with `chmod 600 " + key + "`");
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

/// What a backup that was cut short has left: files that the store gave up long ago would take room for ever.
void remove_left_checkpoint(const std::string& data_dir) {
  const auto alone = directory_lock::take_for_backup(data_dir);
  std::error_code ignored;
  if (!alone) return;
  for (const auto* left : {"/checkpoint", "/checkpoint.tmp"})  // the second while RocksDB makes it
    std::filesystem::remove_all(data_dir + left, ignored);
}

/// Whether there are as many threads to be had as it takes to end a server in order and begin another one.
bool can_start_threads() {
  try {
    std::mutex gate;
    std::vector<std::jthread> threads;
    const std::lock_guard closed(gate);  // open again before they are waited for
    for (int i = 0; i < 8; ++i) threads.emplace_back([&gate] { const std::lock_guard passing(gate); });
    return true;
  } catch (const std::exception&) {  // allowed: std::jthread throws where no thread is to be had
    return false;
  }
}

}  // namespace

// What is declared first is destroyed last.
struct server::parts {
  explicit parts(directory_lock l) : lock(std::move(l)) {}

  directory_lock lock;
  configuration config;
  std::unique_ptr<engine> over;
  std::shared_ptr<actor_host> actors;
  http::http_service http;
  http::http_ports ports;
  rate_window records;
  bool stopped = false;

  [[nodiscard]] std::string path(const char* name) const { return config.values.data_dir.path + "/" + name; }

  expected<void> write_run_json() const {
    const auto at = [](const endpoint& where, std::uint16_t port) {
      return to_text(endpoint{where.host, port});
    };
    const auto& settings = config.values.http;
    const tahoe::value about = tahoe::object{{"pid", std::int64_t{::getpid()}},
                                             {"http", at(settings.listen, ports.http)},
                                             {"operators", at(settings.operators, ports.operators)},
                                             {"version", CYBEXD_VERSION}};
    return replace_file(path("run.json"), tahoe::to_json(about) + "\n", 0600);
  }
};

server::server() = default;

server::~server() {
  if (parts_) stop();
}

http::http_ports server::ports() const { return parts_->ports; }

const configuration& server::configured() const { return parts_->config; }

std::string server::must_begin_again() const {
  const auto& asks = parts_->over->stores().needs_new_open;
  if (asks && asks())
    return parts_->over->stores().opened_without_room
               ? "there is room on the disk again: the store is opened anew"
               : "the disk works again after an error: the store is opened anew";
  if (parts_->actors->ended() && can_start_threads())
    return "the actors have ended, as told above: all is started anew";
  return {};
}

expected<std::unique_ptr<server>> server::start(const configuration& config,
                                                const std::map<std::string, std::string>& environment,
                                                const http::http_ports& same,
                                                const std::function<void()>& actors_begin) {
  forbid_core_dumps();
  allow_many_files();
  if (auto there = must_hold_its_stores(config.values); !there) return fail(there.error());
  auto lock = directory_lock::take_for_server(config.values.data_dir.path);
  if (!lock) return fail(lock.error());
  std::unique_ptr<server> made(new server());
  made->parts_ = std::make_unique<parts>(std::move(*lock));
  auto& p = *made->parts_;
  p.config = config;
  ::unlink(p.path("run.json").c_str());  // left behind by a kill
  remove_left_checkpoint(config.values.data_dir.path);
  if (const auto secret = read_token_secret(config.values); !secret) return fail(secret.error());
  auto stores = open_stores(config.values);
  if (!stores) return fail(stores.error());
  p.over = std::make_unique<engine>(
      config.values, environment, std::move(*stores),
      [&p](engine&) -> expected<std::shared_ptr<running_actors>> { return p.actors; });
  p.over->serving = true;
  p.over->stores().say->listen(
      [](const std::string& sentence) { log_line(severity::info, "store", sentence); });
  if (actors_begin) actors_begin();
  p.actors = std::make_shared<actor_host>(*p.over);
  if (auto started = p.actors->start_all(); !started) return fail(started.error());
  if (auto line = p.over->actors(); !line) return fail(line.error());
  auto http = http_options_of(config.values);
  if (http.port == 0) http.port = same.http;
  if (http.operators_port == 0) http.operators_port = same.operators;
  auto ports = p.http.start(http, make_http_backend(*p.over, p.actors));
  if (!ports) return fail(ports.error());
  p.ports = *ports;
  if (auto written = p.write_run_json(); !written) {
    if (!p.over->stores().opened_without_room) return fail(written.error());
    say(severity::warning, written.error().text);  // it is written at the new open, when there is room
  }
  warn_of(config);
  say(severity::info, "ready: http " + to_text(endpoint{config.values.http.listen.host, p.ports.http}) +
                          ", operators " +
                          to_text(endpoint{config.values.http.operators.host, p.ports.operators}));
  return made;
}

void server::reload(const configuration& fresh, std::function<void()> done) {
  auto& p = *parts_;
  const auto changes = differences(p.config.values, fresh.values);
  if (!changes.on_restart.empty())
    say(severity::warning, "changed, but only a restart makes it hold: " + joined(changes.on_restart));
  const auto before = p.config;
  auto values = fresh.values;
  for (const auto& name : changes.on_restart) {  // what needs a restart stays as it is
    const auto* key = find_key(name);
    auto old = before.values;
    std::visit([&](auto where) { where(values) = where(old); }, key->where);
  }
  if (auto opened = open_log(values.log); !opened) say(severity::error, opened.error().text);
  p.config.values = values;
  warn_of(fresh);
  p.over->replace(values);
  if (const auto secret = read_token_secret(values); !secret)
    say(severity::error, "the token secret stays as it was: " + secret.error().text);
  if (auto limits = p.http.reload(http_options_of(values)); !limits)
    say(severity::error, limits.error().text);
  p.actors->renew_line(values.stop_within, [changed = joined(changes.on_reload),
                                            done = std::move(done)](const expected<messages::drained>& line) {
    if (!line)
      say(severity::error, "the archive line goes on as it was: " + line.error().text);
    else if (!line->clean)
      say(severity::warning, "given up by the archive line: " + line->left);
    say(severity::info, "read the configuration again" + (changed.empty() ? "" : "; changed: " + changed));
    if (done) done();
  });
}

void server::sample() {
  using which = actors::counter;
  auto& p = *parts_;
  // By the server's own counters: a store may be silent for minutes, and the caller waits for signals.
  const auto& metrics = p.actors->metrics();
  p.records.add(std::chrono::steady_clock::now(), metrics.value(which::archive_entries, {"archived"}) +
                                                      metrics.value(which::archive_entries, {"known"}));
  p.over->rate = p.records.per_second();
  // The files of a backup that was killed cannot be given up by the store; a running one holds its lock.
  std::error_code ignored;
  if (std::filesystem::exists(p.path("checkpoint"), ignored))
    remove_left_checkpoint(p.config.values.data_dir.path);
}

bool server::gave_up_a_database() const {
  const auto& gave_up = parts_->over->stores().gave_up;
  return gave_up && gave_up();
}

void server::stop() {
  auto& p = *parts_;
  if (std::exchange(p.stopped, true)) return;
  say(severity::info, "stopping");
  if (p.over) p.over->cancel_operations();
  const auto whole = p.config.values.stop_within;
  // A database that is silent, or slower than this, leaves time enough to answer who waited for it.
  if (p.over && p.over->stores().end_by)
    p.over->stores().end_by(std::chrono::steady_clock::now() + whole * 3 / 10);
  // Side by side: the public port closes, intake answers 503, what is in flight becomes durable, queries that
  // wait are answered by the query side's own end.
  std::thread public_port([&] { p.http.stop_public(whole * 6 / 10); });
  std::string left = p.actors ? p.actors->stop(whole * 6 / 10) : "";
  public_port.join();
  if (p.actors) left += p.actors->stop_identities(whole / 10);
  ::unlink(p.path("run.json").c_str());
  p.http.stop(std::chrono::milliseconds(100));
  ::unlink(p.path("cybexd.sock").c_str());
  if (p.actors) p.actors->metrics().forget_sources();
  if (!left.empty()) say(severity::warning, "left for the next start: " + left);
  say(severity::info, "stopped");
  flush_log();
}

}  // namespace cybexd::app
