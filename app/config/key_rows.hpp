#pragma once
// The rows of the table in keys.hpp, section by section.
#include <vector>

#include "app/config/keys.hpp"

namespace cybexd::app::rows {

[[nodiscard]] std::vector<setting_key> top();
[[nodiscard]] std::vector<setting_key> keys();
[[nodiscard]] std::vector<setting_key> store();
[[nodiscard]] std::vector<setting_key> archive();
[[nodiscard]] std::vector<setting_key> report();
[[nodiscard]] std::vector<setting_key> http();
[[nodiscard]] std::vector<setting_key> identity();
[[nodiscard]] std::vector<setting_key> log();

}  // namespace cybexd::app::rows
