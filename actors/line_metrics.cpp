#include "actors/line_metrics.hpp"

#include <memory>
#include <string>
#include <utility>

#include "tahoe/filters/filter.hpp"

namespace cybexd::actors {

namespace {

/// The stores by their names in the configuration, however a home calls them.
std::string_view store_label(std::string_view name) {
  return name == "lake" ? "cache" : name == "reports" ? "report" : name;
}

}  // namespace

void filtered_sub_types::set(std::vector<std::string> names) {
  const std::scoped_lock lock(guard_);
  names_ = std::move(names);
}

std::vector<std::string> filtered_sub_types::get() const {
  const std::scoped_lock lock(guard_);
  return names_;
}

std::shared_ptr<store_figures> connect_metrics(telemetry& metrics, const store::stores& stores,
                                               std::function<double()> now,
                                               std::shared_ptr<const filtered_sub_types> filtered,
                                               const figure_limits& limits) {
  for (const auto store : {"cache", "archive", "report", "identity"})
    for (const auto which : {histogram::store_commit, histogram::store_batch}) metrics.offer(which, {store});
  for (const auto& filter : tahoe::filters::all())
    for (const auto outcome : {"used", "unusable"})
      metrics.add(counter::filter_records, {filter.name, outcome}, 0);
  auto figures = std::make_shared<store_figures>(
      stores, [filtered = std::move(filtered)] { return filtered->get(); }, limits);
  metrics.on_scrape([figures, now = std::move(now)](telemetry& into) { figures->show(into, now()); });
  if (stores.statistics) metrics.set_statistics(stores.statistics);
  if (stores.on_commit)
    *stores.on_commit = [&metrics](std::string_view store, double seconds, std::size_t items) {
      const auto label = store_label(store);
      metrics.observe(histogram::store_commit, {label}, seconds);
      metrics.observe(histogram::store_batch, {label}, static_cast<double>(items));
    };
  return figures;
}

}  // namespace cybexd::actors
