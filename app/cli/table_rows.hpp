#pragma once
// Rows of the table of commands that stand in a file of their own.
#include <vector>

#include "app/cli/command.hpp"

namespace cybexd::app::cli {

/// Copies of stores.
void add_moves(std::vector<command>& all);
/// Quarantine, configuration, and the command's own papers.
void add_upkeep(std::vector<command>& all);

}  // namespace cybexd::app::cli
