#pragma once
// What is wrong with a configuration whose keys are right each by itself, and with its surroundings.
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "app/config/config.hpp"

namespace cybexd::app {

/// Adds what no single key can be blamed for, and what only their users know (addresses and names of
/// databases). Of a key in `mistakes` already nothing is said.
void check_together(const configuration& config, std::vector<mistake>& mistakes);

/// What MongoDB does not take as the name of a database, or of a collection; empty: it does.
[[nodiscard]] std::string wrong_in_database(std::string_view name);
[[nodiscard]] std::string wrong_in_collection(std::string_view name);

/// One sentence for each variable that looks like a setting and is none. Those that cybexd's own scripts and
/// tests use, and those that Kubernetes makes for a service named cybexd, are passed over.
[[nodiscard]] std::vector<std::string> warnings_of(const std::map<std::string, std::string>& environment);

/// `CYBEXD_HTTP__MAX_JSON` -> `http.max_json`; empty for variables that are no setting.
[[nodiscard]] std::string key_of_variable(const std::string& variable);

}  // namespace cybexd::app
