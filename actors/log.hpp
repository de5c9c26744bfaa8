#pragma once
// The log as the actors see it: a level, who speaks, and a sentence. Where it goes is the application's
// business.
#include <functional>
#include <string_view>

namespace cybexd::actors {

enum class log_level { debug, info, warning, error };

using log_sink = std::function<void(log_level level, std::string_view actor, std::string_view text)>;

/// Sets where log lines go; an empty sink drops them. Thread safe; lines being written may still use the old
/// sink. Until it is called, lines of level warning and above go to standard error.
void set_log_sink(log_sink sink);

/// Writes one line: `actor` is its name as in the metrics, `text` a sentence without secrets. Thread safe,
/// never throws.
void log(log_level level, std::string_view actor, std::string_view text) noexcept;

}  // namespace cybexd::actors
