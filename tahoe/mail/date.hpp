#pragma once
#include <optional>
#include <string_view>

namespace cybexd::tahoe::mail {

/// A Date header (RFC 5322 with the obsolete forms and mistakes that Python's `email.utils` reads) as Unix
/// seconds. No zone, or one that is not known, means UTC. Nothing if the text is no date.
[[nodiscard]] std::optional<double> parse_date(std::string_view text);

}  // namespace cybexd::tahoe::mail
