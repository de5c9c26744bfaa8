#pragma once
// ISO 8601 times as Python's `datetime.fromisoformat` (3.11) reads them.
#include <optional>
#include <string_view>

namespace cybexd::tahoe {

/// Unix seconds. A date (`YYYY-MM-DD`, `YYYYMMDD`, `YYYY-Www[-D]`, `YYYYWww[D]`), then, after any one
/// character, a time
/// (`HH[:MM[:SS[.f...]]]` or `HH[MM[SS[.f...]]]`), then `Z` or an offset. Digits past the microsecond are
/// dropped. No offset means UTC. Nothing if the text is no such time.
[[nodiscard]] std::optional<double> iso_timestamp(std::string_view text);

}  // namespace cybexd::tahoe
