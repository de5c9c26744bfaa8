#pragma once
#include <functional>

#include "actors/telemetry.hpp"
#include "tahoe/store/stores.hpp"

namespace cybexd::actors {

/// Makes `metrics` read the books (in one look), the pending filters and the store's own numbers at every
/// scrape, and the stores tell it of their commits. `now` gives Unix seconds. Keeps the stores alive until
/// `forget_sources`.
void connect_metrics(telemetry& metrics, const store::stores& stores, std::function<double()> now);

}  // namespace cybexd::actors
