#include "actors/line_metrics.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <string>

#include "tahoe/filters/filter.hpp"

namespace cybexd::actors {

namespace {

void show_books(telemetry& metrics, const store::lake_books& books, double now) {
  const auto set = [&metrics](const char* state, std::uint64_t records) {
    metrics.set(gauge::lake_entries, {state}, static_cast<double>(records));
  };
  set("accepted", books.accepted);
  set("archived", books.archived);
  set("known", books.known);
  set("set_aside", books.set_aside);
  set("pending", books.pending);
  metrics.set(gauge::quarantine, {}, static_cast<double>(books.quarantined_entries));
  metrics.set(gauge::oldest_eligible, {},
              books.oldest_eligible ? std::max(0.0, now - *books.oldest_eligible) : 0);
}

/// The stores by their names in the configuration, however a home calls them.
std::string_view store_label(std::string_view name) {
  return name == "lake" ? "cache" : name == "reports" ? "report" : name;
}

/// Whether the stores answer a question that costs next to nothing. Who writes to a store tells how that
/// went: one that can only be read is not up, so an answer ends only what a look has found.
class looks {
 public:
  void found(telemetry& metrics, std::string_view label, bool answered) {
    const auto known = answered_.find(label);
    if (!answered || known == answered_.end() || !known->second)
      metrics.set(gauge::store_up, {label}, answered ? 1 : 0);
    answered_.insert_or_assign(std::string(label), answered);
  }

 private:
  std::map<std::string, bool, std::less<>> answered_;
};

/// How many records wait. Where millions do, a database reads them all to tell.
class pending_records {
 public:
  void look(telemetry& metrics, store::archive_store& archive, const std::vector<std::string>& sub_types) {
    const auto began = std::chrono::steady_clock::now();
    if (sub_types == last_ && !space_.due(began)) return;
    const auto count = archive.unfiltered_count(sub_types);
    if (count) metrics.set(gauge::filter_pending, {}, static_cast<double>(*count));
    space_.looked(began, std::chrono::steady_clock::now());
    last_ = sub_types;
  }

 private:
  spaced_look space_;
  std::vector<std::string> last_;
};

}  // namespace

void filtered_sub_types::set(std::vector<std::string> names) {
  const std::scoped_lock lock(guard_);
  names_ = std::move(names);
}

std::vector<std::string> filtered_sub_types::get() const {
  const std::scoped_lock lock(guard_);
  return names_;
}

void connect_metrics(telemetry& metrics, const store::stores& stores, std::function<double()> now,
                     std::shared_ptr<const filtered_sub_types> filtered) {
  for (const auto store : {"cache", "archive", "report", "identity"})
    for (const auto which : {histogram::store_commit, histogram::store_batch}) metrics.offer(which, {store});
  for (const auto& filter : tahoe::filters::all())
    for (const auto outcome : {"used", "unusable"})
      metrics.add(counter::filter_records, {filter.name, outcome}, 0);
  // A store that is down leaves the figures of the last look: they still belong together.
  metrics.on_scrape([lake = stores.lake, archive = stores.archive, reports = stores.reports,
                     identity = stores.identity, now = std::move(now), filtered = std::move(filtered),
                     seen = std::make_shared<looks>(),
                     pending = std::make_shared<pending_records>()](telemetry& into) {
    seen->found(into, "report", reports->get(store::hash256{}).has_value());
    seen->found(into, "identity", identity->get(store::hash256{}).has_value());
    const auto books = lake->books();
    seen->found(into, "cache", books.has_value());
    if (books) show_books(into, *books, now());
    seen->found(into, "archive", archive->get(store::hash256{}).has_value());
    pending->look(into, *archive, filtered->get());
  });
  if (stores.statistics) metrics.set_statistics(stores.statistics);
  if (stores.on_commit)
    *stores.on_commit = [&metrics](std::string_view store, double seconds, std::size_t items) {
      const auto label = store_label(store);
      metrics.observe(histogram::store_commit, {label}, seconds);
      metrics.observe(histogram::store_batch, {label}, static_cast<double>(items));
    };
}

}  // namespace cybexd::actors
