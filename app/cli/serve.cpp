#include "app/cli/functions.hpp"
#include "app/cli/output.hpp"

namespace cybexd::app::cli {
int run_server(const invocation& call) {
  return tell(call, {failure::unavailable, "the server is not wired yet"});
}
}  // namespace cybexd::app::cli
