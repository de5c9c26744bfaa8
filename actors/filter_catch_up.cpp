#include "actors/filter_catch_up.hpp"

namespace cybexd::actors {

namespace {

constexpr auto answer_deadline = std::chrono::minutes(60);  // longer than the pool's for one job

/// What is kept of a record whose filter dies of it, so that it is not tried at every start.
store::filter_result deadly(const tahoe::document& raw, const std::string& reason) {
  store::filter_result result;
  if (const auto* const filter = tahoe::filters::for_sub_type(raw.sub_type)) result.filter_id = filter->id;
  result.product.usable = false;
  result.product.reason = reason;
  return result;
}

}  // namespace

void filter_catch_up_state::start(pointer self, catch_up_options options,
                                  std::shared_ptr<store::archive_store> archive,
                                  messages::analyst_actor analysts) {
  self_ = self;
  options_ = std::move(options);
  archive_ = std::move(archive);
  analysts_ = std::move(analysts);
  backoff_.emplace(options_.backoff, options_.seed);
  act::post(messages::filter_catch_up_actor{self}, messages::tick{generation_});
}

void filter_catch_up_state::run(caf::typed_response_promise<messages::caught_up> asker) {
  askers_.push_back(std::move(asker));
  if (working_) {
    again_ = true;  // what has come since the run began may lie before the place where it is
    return;
  }
  tick(generation_);
}

void filter_catch_up_state::tick(std::uint64_t generation) {
  if (generation != generation_ || working_ || draining_) return;
  ++generation_;
  working_ = true;
  waits_ = false;
  after_.reset();
  step();
}

void filter_catch_up_state::nudge() {
  if (waits_) tick(generation_);
}

void filter_catch_up_state::step() {
  if (draining_) {
    draining_->deliver(messages::drained{});
    answer_all({false, "the server stops", filtered_});
    return self_->quit();
  }
  if (chunks_.empty() && !read_page()) return;
  chunk next = std::move(chunks_.front());
  chunks_.pop_front();
  filter(std::move(next));
}

/// False: there is none, and that has been said. An archive is asked where no filter runs, too: its indexes
/// are made by the first question, and a server should make them at its start.
bool filter_catch_up_state::read_page() {
  auto page = archive_->unfiltered(options_.sub_types, after_, options_.page);
  if (!page) {
    failed(page.error().text);
    return false;
  }
  if (page->empty()) {
    if (std::exchange(again_, false) && after_) {
      after_.reset();
      return read_page();
    }
    finished();
    return false;
  }
  chunk fresh{std::make_shared<std::vector<tahoe::document>>(), 0};
  for (auto& record : *page) {
    after_ = record.raw.hash;
    record.raw.orgid = std::move(record.orgid);
    record.raw.timezone = std::move(record.timezone);
    fresh.documents->push_back(std::move(record.raw));
  }
  chunks_.push_back(std::move(fresh));
  return true;
}

void filter_catch_up_state::filter(chunk c) {
  act::ask(self_, analysts_, answer_deadline, messages::filter_records{c.documents})
      .then([this, c](const messages::records_filtered& answer) { filtered(c, answer); },
            [this, c](caf::error& e) {
              if (e == caf::sec::request_receiver_down)
                return failed("the analysts are busy or being replaced");
              lost(c, error_text(self_, e));
            });
}

void filter_catch_up_state::filtered(const chunk& c, const messages::records_filtered& answer) {
  std::vector<store::record_write> records;
  for (std::size_t i = 0; i < c.documents->size() && i < answer.results->size(); ++i)
    if (auto& result = (*answer.results)[i])
      records.push_back({std::move((*c.documents)[i]), std::move(result)});
  if (!records.empty()) {
    if (auto written = archive_->write(records); !written) {
      chunks_.clear();
      return failed(written.error().text);
    }
  }
  filtered_ += records.size();
  step();
}

/// A worker died of the chunk: its records are tried one by one, and one that goes on killing counts as
/// unusable.
void filter_catch_up_state::lost(const chunk& c, const std::string& reason) {
  if (c.documents->size() > 1) {
    // Copies: a worker that was given up for its deadline may read them still.
    for (const auto& document : *c.documents)
      chunks_.push_back({std::make_shared<std::vector<tahoe::document>>(1, document), 1});
    return step();
  }
  if (c.deaths + 1 < options_.deaths) {
    chunks_.push_back({c.documents, c.deaths + 1});
    return step();
  }
  const auto text = "the filter cost " + std::to_string(c.deaths + 1) + " workers, the last one: " + reason;
  auto results = std::make_shared<std::vector<std::optional<store::filter_result>>>();
  results->emplace_back(deadly(c.documents->front(), text));
  filtered(c, {std::move(results)});
}

void filter_catch_up_state::finished() {
  working_ = again_ = false;
  backoff_->succeeded();
  told_.clear();
  answer_all({true, {}, filtered_});
}

void filter_catch_up_state::failed(const std::string& why) {
  working_ = again_ = false;
  chunks_.clear();
  if (why != told_) log(log_level::warning, name, "waits: " + why);
  told_ = why;
  answer_all({false, why, filtered_});
  if (draining_) return step();
  waits_ = true;
  act::tell_after(self_, backoff_->next(), messages::filter_catch_up_actor{self_},
                  messages::tick{++generation_});
  backoff_->failed();
}

void filter_catch_up_state::answer_all(const messages::caught_up& answer) {
  if (!askers_.empty()) filtered_ = 0;
  for (auto promise : std::exchange(askers_, {})) promise.deliver(answer);
}

void filter_catch_up_state::drain(caf::typed_response_promise<messages::drained> promise) {
  draining_ = std::move(promise);
  if (!working_) step();
}

namespace {

messages::filter_catch_up_actor::behavior_type filter_catch_up(
    filter_catch_up_state::pointer self, const catch_up_options& options,
    const std::shared_ptr<store::archive_store>& archive, const messages::analyst_actor& analysts,
    telemetry* metrics) {
  const auto meter = metrics->actor(filter_catch_up_state::name);
  behave(self, meter);
  act::st(self).start(self, options, archive, analysts);
  return {metered(self, meter, "drain",
                  [self](messages::drain) -> caf::result<messages::drained> {
                    auto promise = self->make_response_promise<messages::drained>();
                    act::st(self).drain(promise);
                    return promise;
                  }),
          metered(self, meter, "catch_up",
                  [self](messages::catch_up) -> caf::result<messages::caught_up> {
                    auto promise = self->make_response_promise<messages::caught_up>();
                    act::st(self).run(promise);
                    return promise;
                  }),
          metered(self, meter, "nudge", [self](messages::nudge) { act::st(self).nudge(); }),
          metered(self, meter, "tick", [self](messages::tick tick) { act::st(self).tick(tick.generation); })};
}

}  // namespace

messages::filter_catch_up_actor spawn_filter_catch_up(caf::actor_system& system, catch_up_options options,
                                                      std::shared_ptr<store::archive_store> archive,
                                                      messages::analyst_actor analysts, telemetry& metrics) {
  return spawn_detached(system, filter_catch_up, std::move(options), std::move(archive), std::move(analysts),
                        &metrics);
}

}  // namespace cybexd::actors
