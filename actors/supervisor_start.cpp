// The supervisor's other half: how each of its children is made.
#include "actors/analyst.hpp"
#include "actors/archive_work.hpp"
#include "actors/decryptor.hpp"
#include "actors/lake_writer.hpp"
#include "actors/parser.hpp"
#include "actors/shell.hpp"
#include "actors/store_look.hpp"
#include "actors/supervisor_state.hpp"

namespace cybexd::actors {

/// The child ends with the supervisor; one of the same role that was before it is forgotten.
template <class Handle>
void supervisor_state::own(std::string_view role, const Handle& child) {
  (*endings_)[std::string(role)] = [child] { caf::anon_send_exit(child, caf::exit_reason::kill); };
}

/// ... and the supervisor is told when it ends.
template <class Handle>
void supervisor_state::watch(std::string_view role, const Handle& child) {
  act::watch(self_, child);
  own(role, child);
}

void supervisor_state::end(std::string_view role) {
  const auto found = endings_->find(role);
  if (found == endings_->end()) return;
  found->second();
  endings_->erase(found);
}

std::vector<std::string> sub_types_of(const line_options& options) {
  return tahoe::filters::sub_types_of(std::vector(options.filters.begin(), options.filters.end()));
}

void supervisor_state::start(pointer self, line_setup setup, line_source again,
                             std::shared_ptr<readiness> ready, std::shared_ptr<filtered_sub_types> filtered) {
  self_ = self;
  options_ = std::move(setup.options);
  partners_ = std::move(setup.partners);
  again_ = std::move(again);
  ready_ = std::move(ready);
  filtered_ = std::move(filtered);
  endings_ = std::make_shared<std::map<std::string, std::function<void()>, std::less<>>>();
  self->attach_functor([all = endings_] {
    for (const auto& [role, end] : *all) end();
    all->clear();
  });
  if (options_.archives) {
    start_lake_writer();
    start_line();
    start_intake();
  }
  if (options_.queries) start_queries();
  if (options_.archives && options_.queries)
    start_looks();  // a server: who else is asked whether it is ready?
  ready_->set(readiness::part::whole, {});
  if (options_.archives) look_after_it();
}

void supervisor_state::start_lake_writer() {
  lake_writer_ = spawn_lake_writer(self_->system(), partners_.stores.lake, *partners_.metrics);
  own("lake_writer", lake_writer_);
}

void supervisor_state::start_line() {
  start_pools();
  start_catch_up();
  start_poller();
}

void supervisor_state::start_pools() {
  auto& metrics = *partners_.metrics;
  auto& system = self_->system();
  // Room for all that the poller and the catch-up may have on their way at once.
  const pool_options pool{.name = {}, .workers = options_.workers, .queue = options_.poller.line.units + 16};
  decryptors_ = spawn_decryptors(
      system, pool,
      [lake = partners_.stores.lake, key = partners_.private_key, &metrics](const messages::open_files& job) {
        return open_envelopes(*lake, key, job, metrics);
      },
      metrics);
  own("decryptors", decryptors_);
  parsers_ = spawn_parsers(
      system, pool,
      [limits = options_.parse](const messages::parse_records& job) { return parse_texts(job, limits); },
      metrics);
  own("parsers", parsers_);
  analysts_ = spawn_analysts(
      system, pool,
      [filters = options_.filters, now = partners_.now, &metrics](const messages::filter_records& job) {
        return run_filters(job, filters, now(), metrics);
      },
      metrics);
  own("analysts", analysts_);
}

void supervisor_state::start_catch_up() {
  catch_up_options options;
  options.sub_types = sub_types_of(options_);
  filtered_->set(options.sub_types);
  options.backoff = options_.poller.backoff;
  options.seed = options_.poller.seed + 1;
  catch_up_ = spawn_filter_catch_up(self_->system(), std::move(options), partners_.stores.archive, analysts_,
                                    *partners_.metrics);
  watch("catch_up", catch_up_);
  catch_up_again();
}

void supervisor_state::start_poller() {
  poller_partners with;
  with.lake = partners_.stores.lake;
  with.archive = partners_.stores.archive;
  with.decryptors = decryptors_;
  with.parsers = parsers_;
  with.analysts = analysts_;
  with.make_writer = [&system = self_->system(), options = options_.writer, commit = partners_.stores.commit,
                      metrics = partners_.metrics] {
    return spawn_archive_writer(system, options, commit, *metrics);
  };
  with.key = partners_.private_key;
  with.catch_up = messages::supervisor_actor{self_};  // it knows the catch-up that lives
  poller_ = spawn_cache_poller(self_->system(), options_.poller, std::move(with), *partners_.metrics);
  watch("poller", poller_);
}

void supervisor_state::start_intake() {
  intake_partners with;
  with.who = partners_.who;
  with.key = partners_.public_key;
  with.lake_writer = lake_writer_;
  with.now = partners_.now;
  with.arrived = [supervisor = messages::supervisor_actor{self_}] {
    act::post(supervisor, messages::nudge{});
  };
  with.pending = [lake = partners_.stores.lake]() -> std::uint64_t {
    const auto books = lake->books();
    return books ? books->pending : 0;
  };
  with.told = [ready = ready_](const std::string& trouble) { ready->set(readiness::part::intake, trouble); };
  ready_->set(readiness::part::intake, {});
  intake_ = spawn_intake(self_->system(), options_.intake, std::move(with), *partners_.metrics);
  watch("intake", intake_);
}

void supervisor_state::start_queries() {
  queries_ = spawn_query_side(self_->system(), partners_.stores, *options_.queries, *partners_.metrics);
  watch("query_desk", queries_.desk);
  watch("query_poller", queries_.poller);
  ready_->set(readiness::part::queries, {});
}

/// A store that is back lets the line and the catch-up try at once: their own next try may be an hour away.
void supervisor_state::start_looks() {
  looks_.clear();
  const auto back = [supervisor = messages::supervisor_actor{self_}] {
    act::post(supervisor, messages::tick{store_is_back});
  };
  for (auto& options : looks_at(partners_.stores, ready_, back, *partners_.metrics)) {
    const auto role = options.store;
    end(role);
    const auto look = spawn_detached(self_->system(), store_look, std::move(options));
    watch(role, look);
    looks_.insert(look.address());
  }
}

}  // namespace cybexd::actors
