#pragma once
// The server's log: lines of text for people, or a JSON document a line, on standard error or into a file.
#include <string_view>

#include "app/config/settings.hpp"
#include "crypto/error.hpp"

namespace cybexd::app {

/// Opens the log, or opens it anew with other settings; also takes the lines of the actors. Errors:
/// unavailable.
[[nodiscard]] expected<void> open_log(const log_settings& how);

enum class severity { trace, debug, info, warning, error };

/// Writes one line. `who` speaks; `text` is a sentence without secrets; control characters in it are escaped.
/// Thread safe, never throws. Before `open_log`, lines from `warning` on go to standard error.
void log_line(severity level, std::string_view who, std::string_view text) noexcept;

/// Writes out what is buffered.
void flush_log() noexcept;

}  // namespace cybexd::app
