#pragma once
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "actors/store_figures.hpp"
#include "actors/telemetry.hpp"
#include "tahoe/store/stores.hpp"

namespace cybexd::actors {

/// sub_types of the raw records that the line's filters read, which a renewal may change. Thread safe.
class filtered_sub_types {
 public:
  void set(std::vector<std::string> names);
  [[nodiscard]] std::vector<std::string> get() const;

 private:
  mutable std::mutex guard_;
  std::vector<std::string> names_;
};

/// Makes `metrics` read the books (in one look), how many records wait for those filters and the store's own
/// numbers at every scrape, and the stores tell it of their commits. `now` gives Unix seconds. Keeps the
/// stores alive until `forget_sources` and the end of the answer, which finds those figures for others.
std::shared_ptr<store_figures> connect_metrics(telemetry& metrics, const store::stores& stores,
                                               std::function<double()> now,
                                               std::shared_ptr<const filtered_sub_types> filtered,
                                               const figure_limits& limits = {});

}  // namespace cybexd::actors
