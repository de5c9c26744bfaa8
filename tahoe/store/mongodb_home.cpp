#include "tahoe/store/mongodb_home.hpp"

#include <mongoc/mongoc.h>

#include <algorithm>
#include <thread>

#include "tahoe/store/mongodb_pool.hpp"
#include "tahoe/store/mongodb_url_internal.hpp"

namespace cybexd::store {
namespace {

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
         std::to_string(o.work.count()) + (o.at_most ? " at most " : " ") + (o.patient ? "patient " : "") +
         o.url;
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

void mongodb_lease::given_back::operator()(mongoc_client_t* client) const {
  mongoc_client_pool_push(raw(pool), client);
}

struct mongodb_home::impl {
  std::jthread ending;  ///< Cuts what the pool waits for, until the pool is gone.
  std::unique_ptr<mongodb_pool> pool;
};

mongodb_home::mongodb_home(std::unique_ptr<impl> inner) : impl_(std::move(inner)) {}
mongodb_home::~mongodb_home() = default;

expected<std::shared_ptr<mongodb_home>> mongodb_home::open(const mongodb_options& options) {
  const auto name = name_of(options);
  const std::scoped_lock lock(homes().mutex);
  std::erase_if(homes().all, [](const auto& one) { return one.second.expired(); });
  if (const auto found = homes().all.find(name); found != homes().all.end())
    if (auto there = found->second.lock(); there && there->still_asks("")) return there;

  auto pool = mongodb_pool::make(options);
  if (!pool) return fail(pool.error());
  auto made = std::make_unique<impl>();
  made->pool = std::move(*pool);
  const std::shared_ptr<mongodb_home> home(new mongodb_home(std::move(made)));
  homes().all[name] = home;
  return home;
}

expected<void> mongodb_home::still_asks(std::string_view what) const {
  const std::scoped_lock lock(impl_->pool->watched().mutex);
  if (!impl_->pool->watched().ended) return {};
  return fail(failure::unavailable, std::string(what) + ": " + where() + " is asked nothing more: all ends");
}

void mongodb_home::end_by(std::chrono::steady_clock::time_point deadline) {
  impl_->ending = std::jthread([deadline, silence = impl_->pool->silence(),
                                watched = impl_->pool->shared_watched()](const std::stop_token& over) {
    constexpr std::chrono::milliseconds a_moment(50);
    for (; !over.stop_requested(); std::this_thread::sleep_for(a_moment)) {
      server_places places;
      {
        const std::scoped_lock lock(watched->mutex);
        watched->ended =
            watched->ended || watched->silent_for(silence) || std::chrono::steady_clock::now() >= deadline;
        if (watched->ended) places = watched->places;
      }
      if (!places.empty()) cut_connections(places);  // again and again: the driver makes new ones
    }
  });
}

std::string mongodb_home::trouble() const {
  constexpr std::chrono::seconds an_election_blinks(1), silent(5);
  const auto& watched = impl_->pool->watched();
  const std::scoped_lock lock(watched.mutex);
  const bool lost = watched.lost && std::chrono::steady_clock::now() - *watched.lost > an_election_blinks;
  if (lost) return watched.away ? watched.away->text : where() + " is away, or has no primary";
  if (watched.silent_for(std::max<std::chrono::milliseconds>(silent, impl_->pool->silence())))
    return where() + " does not answer";
  return {};
}

expected<mongodb_lease> mongodb_home::lease(std::string_view what) {
  if (auto asks = still_asks(what); !asks) return fail(asks.error());
  {
    const std::scoped_lock lock(impl_->pool->watched().mutex);
    if (const auto& away = impl_->pool->watched().away)
      return fail(away->kind, std::string(what) + ": " + away->text);
  }
  auto pool = impl_->pool->use();
  if (!pool) return fail(pool.error().kind, std::string(what) + ": " + pool.error().text);
  auto* client = mongoc_client_pool_pop(raw(*pool));
  if (client == nullptr)
    return fail(failure::unavailable, std::string(what) + ": all " +
                                          std::to_string(impl_->pool->options().connections) +
                                          " connections to " + where() + " are in use");
  return mongodb_lease({client, mongodb_lease::given_back{std::move(*pool)}});
}

error mongodb_home::as_error(const bson_error_t& problem, std::string_view what) const {
  const auto text = without(impl_->pool->secrets(), problem.message);
  if (problem.domain == MONGOC_ERROR_SERVER_SELECTION)
    impl_->pool->watched().not_found({to_error(problem, what).kind, where() + " is away: " + text});
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

bool mongodb_home::names_one_server_only() const { return impl_->pool->names_one_server_only(); }
const std::string& mongodb_home::where() const { return impl_->pool->where(); }
const mongodb_options& mongodb_home::options() const { return impl_->pool->options(); }

mongodb_counts mongodb_home::counts() const {
  const std::scoped_lock lock(impl_->pool->watched().mutex);
  return impl_->pool->watched().counts;
}

std::vector<std::pair<std::string, double>> mongodb_home::statistics() const {
  const auto now = counts();
  std::vector<std::pair<std::string, double>> numbers{
      {"mongoc_commands", static_cast<double>(now.commands)},
      {"mongoc_commands_failed", static_cast<double>(now.failed)},
      {"mongoc_command_seconds", now.seconds}};
  for (const auto& [name, count] : now.by_name)
    numbers.emplace_back("mongoc_" + snake_case(name) + "_commands", static_cast<double>(count));
  return numbers;
}

expected<void> once_ready::operator()() {
  if (done_) return {};
  constexpr std::chrono::seconds a_little{2};
  const std::unique_lock lock(mutex_, a_little);
  if (!lock)
    return fail(failure::unavailable, "the database is being prepared: its indexes are looked at or built");
  if (done_) return {};
  auto prepared = prepare_();
  done_ = prepared.has_value();
  return prepared;
}

}  // namespace cybexd::store
