#pragma once
// What the HTTP interface needs, made of the engine and its actors; and its options, made of the settings.
#include <memory>

#include "app/engine.hpp"
#include "app/http/http.hpp"
#include "app/wiring.hpp"

namespace cybexd::app {

[[nodiscard]] http::http_options http_options_of(const settings& from);

/// `over` outlives the HTTP service.
[[nodiscard]] http::http_backend make_http_backend(engine& over, std::shared_ptr<actor_host> actors);

}  // namespace cybexd::app
