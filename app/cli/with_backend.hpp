#pragma once
#include <utility>

#include "app/cli/backend.hpp"
#include "app/cli/output.hpp"

namespace cybexd::app::cli {

/// Reads the configuration, opens the stores or finds the server, and goes on with `then`. Answers its exit
/// status. Where there is no store yet, none is made.
template <class Then>
int with_backend(const invocation& call, Then&& then) {
  const auto config = configuration_of(call);
  if (!config) return config.error();
  auto to = backend::open(*config);
  if (!to) return tell(call, to.error());
  return std::forward<Then>(then)(*to);
}

}  // namespace cybexd::app::cli
