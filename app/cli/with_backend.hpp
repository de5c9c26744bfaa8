#pragma once
#include <utility>

#include "app/cli/backend.hpp"
#include "app/cli/output.hpp"

namespace cybexd::app::cli {

/// Reads the configuration, opens the stores or finds the server, and goes on with `then`. Answers its exit
/// status.
template <class Then>
int with_backend(const invocation& call, Then&& then, bool stores_must_be_there = false) {
  const auto config = configuration_of(call);
  if (!config) return config.error();
  if (stores_must_be_there) {
    if (auto there = must_hold_its_stores(config->values); !there) return tell(call, there.error());
  }
  auto to = backend::open(*config);
  if (!to) return tell(call, to.error());
  return std::forward<Then>(then)(*to);
}

/// The same for what only reads: where there is no store yet, none is made.
template <class Then>
int with_stores(const invocation& call, Then&& then) {
  return with_backend(call, std::forward<Then>(then), true);
}

}  // namespace cybexd::app::cli
