#pragma once
// The built-in filters, one function each (`spec/filters.md`). Each is pure and never throws.
#include "tahoe/filters/filter.hpp"

namespace cybexd::tahoe::filters {

[[nodiscard]] product run_cowrie(const value& data, const context& about);
[[nodiscard]] product run_email(const value& data, const context& about);
[[nodiscard]] product run_openphish(const value& data, const context& about);
[[nodiscard]] product run_phishtank(const value& data, const context& about);
[[nodiscard]] product run_sighting(const value& data, const context& about);

}  // namespace cybexd::tahoe::filters
