#include "actors/telemetry.hpp"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <array>
#include <map>
#include <mutex>
#include <utility>

#include "actors/process_metrics.hpp"

namespace cybexd::actors {

namespace {

struct description {
  const char* name;
  const char* help;
  std::array<const char*, 2> labels{nullptr, nullptr};
};

// In the order of the enumerators.
constexpr std::array counters = {
    description{"cybexd_archive_entries_total",
                "Records that left the archive line, by what became of them.",
                {"outcome"}},
    description{"cybexd_archive_bytes_total", "Bytes of the records that were archived."},
    description{"cybexd_filter_records_total", "Raw records that a filter read.", {"filter", "outcome"}},
    description{"cybexd_actor_messages_total", "Messages handled.", {"actor", "message"}},
    description{"cybexd_actor_failures_total", "Messages whose handling failed.", {"actor"}},
    description{"cybexd_actor_restarts_total", "Actors that died and were replaced.", {"actor"}},
    description{"cybexd_reports_total", "Reports finished.", {"type", "status"}},
    description{"cybexd_reply_total", "Reply sockets told, by how that ended.", {"outcome"}},
    description{"cybexd_http_requests_total", "HTTP requests answered.", {"route", "status"}},
    description{"cybexd_envelope_failures_total", "Envelopes that did not open, by why.", {"reason"}},
};

constexpr std::array gauges = {
    description{"cybexd_lake_entries", "Records in the books of the cache data lake.", {"state"}},
    description{"cybexd_filter_pending", "Raw records that wait for a filter that runs here."},
    description{"cybexd_actor_mailbox_size", "Messages that wait for the actor.", {"actor"}},
    description{"cybexd_credit_in_use", "Entries taken from the lake and not yet durable."},
    description{"cybexd_credit_limit", "Entries that may be taken and not yet durable."},
    description{"cybexd_credit_bytes_in_use",
                "Bytes of the entries taken from the lake and not yet durable."},
    description{"cybexd_backoff_failures", "Rounds without success in a row.", {"of"}},
    description{
        "cybexd_backoff_next_seconds", "Seconds that the next round waits; 0 while one runs.", {"of"}},
    description{"cybexd_lake_oldest_eligible_seconds",
                "Age of the oldest entry that waits; 0 when none does."},
    description{"cybexd_store_up", "Whether the store answered when it was last used.", {"store"}},
    description{"cybexd_report_queue", "Reports that wait for a worker.", {"type"}},
    description{"cybexd_http_in_flight", "HTTP requests being answered."},
    description{"cybexd_quarantine_entries", "Entries set aside because they kill their workers."},
    description{"cybexd_build_info", "Always 1; the label says which version this is.", {"version"}},
};

constexpr std::array histograms = {
    description{"cybexd_actor_handling_seconds", "Seconds that one message took.", {"actor"}},
    description{"cybexd_store_commit_seconds", "Seconds that one durable write took.", {"store"}},
    description{"cybexd_store_batch_items", "Items in one durable write.", {"store"}},
    description{"cybexd_report_seconds", "Seconds that a report's work took.", {"type"}},
    description{"cybexd_report_wait_seconds", "Seconds that a report waited for a worker.", {"type"}},
    description{"cybexd_http_request_seconds", "Seconds from a request's header to its answer.", {"route"}},
};

const prometheus::Histogram::BucketBoundaries& buckets_of(histogram which) {
  static const prometheus::Histogram::BucketBoundaries seconds = {
      1e-5, 1e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 1e-2, 2.5e-2, 5e-2, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60};
  static const prometheus::Histogram::BucketBoundaries items = {1, 4, 16, 64, 256, 1024, 4096, 16384, 65536};
  return which == histogram::store_batch ? items : seconds;
}

prometheus::Labels labelled(const description& what, telemetry::labels values) {
  prometheus::Labels result;
  std::size_t i = 0;
  for (const auto value : values)
    if (i < what.labels.size() && what.labels[i] != nullptr)
      result.emplace(what.labels[i++], std::string(value));
  return result;
}

template <class Metric, std::size_t N, class Builder>
std::array<prometheus::Family<Metric>*, N> families(const std::array<description, N>& table,
                                                    prometheus::Registry& registry, Builder build) {
  std::array<prometheus::Family<Metric>*, N> result{};
  for (std::size_t i = 0; i < N; ++i)
    result[i] = &build().Name(table[i].name).Help(table[i].help).Register(registry);
  return result;
}

}  // namespace

struct telemetry::impl {
  prometheus::Registry registry;
  std::array<prometheus::Family<prometheus::Counter>*, counters.size()> counter_families =
      families<prometheus::Counter>(counters, registry, prometheus::BuildCounter);
  std::array<prometheus::Family<prometheus::Gauge>*, gauges.size()> gauge_families =
      families<prometheus::Gauge>(gauges, registry, prometheus::BuildGauge);
  std::array<prometheus::Family<prometheus::Histogram>*, histograms.size()> histogram_families =
      families<prometheus::Histogram>(histograms, registry, prometheus::BuildHistogram);

  std::mutex scraping;  // one scrape at a time, so that gauges of one look stay together
  std::vector<std::function<void(telemetry&)>> sources;
  std::function<statistics()> numbers;
  std::string remarks;  // of this scrape

  prometheus::Counter& of(counter which, labels values) {
    const auto i = static_cast<std::size_t>(which);
    return counter_families.at(i)->Add(labelled(counters.at(i), values));
  }
  prometheus::Gauge& of(gauge which, labels values) {
    const auto i = static_cast<std::size_t>(which);
    return gauge_families.at(i)->Add(labelled(gauges.at(i), values));
  }
  prometheus::Histogram& of(histogram which, labels values) {
    const auto i = static_cast<std::size_t>(which);
    return histogram_families.at(i)->Add(labelled(histograms.at(i), values), buckets_of(which));
  }
};

telemetry::telemetry(std::string_view version) : impl_(std::make_unique<impl>()) {
  set(gauge::build_info, {version}, 1);
  // What is known beforehand is there from the start, so that rates and alerts have a beginning.
  for (const auto outcome : {"archived", "known", "not_supported", "error", "bad_data"})
    add(counter::archive_entries, {outcome}, 0);
  add(counter::archive_bytes, {}, 0);
  for (const auto reason : {"too_short", "wrapped_key", "session_key", "tag", "not_utf8"})
    add(counter::envelope_failures, {reason}, 0);
  for (const auto outcome : {"told", "refused", "timed_out", "not_allowed"})
    add(counter::replies, {outcome}, 0);
  for (const auto which :
       {gauge::filter_pending, gauge::credit_in_use, gauge::credit_limit, gauge::credit_bytes,
        gauge::oldest_eligible, gauge::http_in_flight, gauge::quarantine})
    set(which, {}, 0);
}

telemetry::~telemetry() = default;

void telemetry::add(counter which, labels values, double by) { impl_->of(which, values).Increment(by); }
void telemetry::set(gauge which, labels values, double to) { impl_->of(which, values).Set(to); }
void telemetry::shift(gauge which, labels values, double by) { impl_->of(which, values).Increment(by); }
void telemetry::observe(histogram which, labels values, double what) {
  impl_->of(which, values).Observe(what);
}

void telemetry::offer(histogram which, labels values) { impl_->of(which, values); }

void telemetry::offer_reports(std::string_view type) {
  set(gauge::report_queue, {type}, 0);
  for (const auto status : {"ready", "failed"}) add(counter::reports, {type, status}, 0);
  for (const auto which : {histogram::report_seconds, histogram::report_wait}) offer(which, {type});
}

double telemetry::value(counter which, labels values) const { return impl_->of(which, values).Value(); }

actor_meter telemetry::actor(std::string_view name) {
  actor_meter meter;
  meter.name_ = name;
  meter.owner_ = this;
  meter.mailbox_ = &impl_->of(gauge::actor_mailbox, {name});
  meter.restarts_ = &impl_->of(counter::actor_restarts, {name});
  meter.failures_ = &impl_->of(counter::actor_failures, {name});
  impl_->of(histogram::actor_handling, {name});
  return meter;
}

void telemetry::on_scrape(std::function<void(telemetry&)> source) {
  const std::lock_guard lock(impl_->scraping);
  impl_->sources.push_back(std::move(source));
}

void telemetry::remark(const std::string& sentence) { impl_->remarks += "# " + sentence + "\n"; }

void telemetry::set_statistics(std::function<statistics()> source) {
  const std::lock_guard lock(impl_->scraping);
  impl_->numbers = std::move(source);
}

void telemetry::forget_sources() {
  const std::lock_guard lock(impl_->scraping);
  impl_->sources.clear();
  impl_->numbers = nullptr;
}

std::string telemetry::render() {
  const std::lock_guard lock(impl_->scraping);
  impl_->remarks.clear();
  for (const auto& source : impl_->sources) source(*this);
  auto all = impl_->registry.Collect();
  const auto append = [&all](const statistics& numbers, const char* help) {
    for (const auto& [name, number] : numbers) {
      prometheus::MetricFamily family;
      family.name = name;
      family.help = help;
      const bool grows = name.ends_with("_total");
      family.type = grows ? prometheus::MetricType::Counter : prometheus::MetricType::Gauge;
      auto& metric = family.metric.emplace_back();
      (grows ? metric.counter.value : metric.gauge.value) = number;
      all.push_back(std::move(family));
    }
  };
  append(process_metrics(), "About the process, read from the system.");
  if (impl_->numbers) append(impl_->numbers(), "As the store's library offers it.");
  return prometheus::TextSerializer().Serialize(all) + impl_->remarks;
}

message_meter actor_meter::message(std::string_view kind) const {
  message_meter meter;
  meter.handled_ = &owner_->impl_->of(counter::actor_messages, {name_, kind});
  meter.failures_ = failures_;
  meter.handling_ = &owner_->impl_->of(histogram::actor_handling, {name_});
  return meter;
}

void actor_meter::mailbox(std::size_t waiting) const { mailbox_->Set(static_cast<double>(waiting)); }
void actor_meter::restarted() const { restarts_->Increment(); }
void actor_meter::failed() const { failures_->Increment(); }

void message_meter::record(double seconds, bool failed) const {
  handled_->Increment();
  handling_->Observe(seconds);
  if (failed) failures_->Increment();
}

}  // namespace cybexd::actors
